// `npm test [-- vitest arguments]`: makes the checkout ready and runs the tests once.
// The last line is always `N passed, N failed`.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bootstrap } from "./bootstrap.mjs";
import { main, readJson, run, toolPath } from "./lib/run.mjs";

async function runTests(args) {
  await bootstrap();
  const folder = mkdtempSync(join(tmpdir(), "sortie-test-"));
  const countsFile = join(folder, "counts.json");
  const reporters = ["--reporter=./scripts/count-reporter.mjs"];
  if (!args.some((arg) => arg.startsWith("--reporter"))) {
    reporters.unshift(`--reporter=${process.stdout.isTTY && !process.env.CI ? "dot" : "default"}`);
  }
  try {
    const code = await run(process.execPath, [toolPath("vitest"), "run", ...args, ...reporters], {
      env: { SORTIE_TEST_COUNTS: countsFile },
    });
    const counts = existsSync(countsFile) ? readJson(countsFile) : { passed: 0, failed: 0 };
    return { ...counts, code };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// Ctrl-C reaches vitest as well, which then ends by itself; the totals come after that.
process.on("SIGINT", () => undefined);

let totals = { passed: 0, failed: 0, code: 1 };
await main(async () => {
  totals = await runTests(process.argv.slice(2));
});
const succeeded = totals.code === 0 && totals.failed === 0;
// A run can fail without a failed test: no test file found, a broken configuration, an interruption.
const failed = succeeded ? 0 : Math.max(totals.failed, 1);
process.exitCode = succeeded ? 0 : totals.code || 1;
console.log(`${totals.passed} passed, ${failed} failed`);
