// Vitest reporter that writes the totals of a run to the file named by SORTIE_TEST_COUNTS, for scripts/test.mjs.
import { writeFileSync } from "node:fs";

const COUNTS_FILE = process.env.SORTIE_TEST_COUNTS;

// vitest loads a custom reporter by its default export
export default class CountReporter {
  onTestRunEnd(modules, unhandledErrors) {
    let passed = 0;
    // an error outside any test fails the run, so it is counted: a file that does not load, a hook, a stray rejection
    let failed = unhandledErrors.length;
    for (const module of modules) {
      failed += module.errors().length;
      for (const suite of module.children.allSuites()) failed += suite.errors().length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === "passed") passed += 1;
        if (state === "failed") failed += 1;
      }
    }
    if (COUNTS_FILE) writeFileSync(COUNTS_FILE, JSON.stringify({ passed, failed }));
  }
}
