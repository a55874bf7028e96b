// Writes tools/wireshark/sortie.lua from the tables of docs/PROTOCOL.md: node scripts/make-dissector.mjs
// tests/dissector/dissector.test.ts makes the same text and fails where the file differs.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const vitest = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url));
const { status } = spawnSync(process.execPath, [vitest, "run", "tests/dissector/dissector.test.ts"], {
  cwd: root,
  stdio: "inherit",
  env: { ...process.env, SORTIE_WRITE_DISSECTOR: "1" },
});
process.exitCode = status ?? 1;
