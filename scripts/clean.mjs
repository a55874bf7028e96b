// Removes what builds have made, so that a release contains nothing of an older state.
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { withLock } from "./lib/lock.mjs";
import { main, ROOT } from "./lib/run.mjs";

await main(() =>
  withLock("build", () => {
    for (const group of ["packages", "apps"]) {
      for (const name of readdirSync(join(ROOT, group))) {
        rmSync(join(ROOT, group, name, "dist"), { recursive: true, force: true });
      }
    }
  }),
);
