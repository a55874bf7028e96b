// Writes docs/vectors from the code: node scripts/make-vectors.mjs
// tests/conformance/conformance.test.ts makes the same vectors and fails where the files differ.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const vitest = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url));
const { status } = spawnSync(process.execPath, [vitest, "run", "tests/conformance"], {
  cwd: root,
  stdio: "inherit",
  env: { ...process.env, SORTIE_WRITE_VECTORS: "1" },
});
process.exitCode = status ?? 1;
