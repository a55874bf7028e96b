// `npm run scenarios -- [S4 ...] [options]`: the network scenarios, from the sources as they stand.
import { rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { bootstrap } from "./bootstrap.mjs";
import { buildToRun } from "./build.mjs";
import { main, ROOT, run } from "./lib/run.mjs";

/**
 * Where the bundle goes: below node_modules, so that no tool takes it for a source; one for each run, since its threads
 * load it until the end.
 */
const BUNDLE_FOLDER = join(ROOT, "node_modules", ".cache", `scenarios-${process.pid}`);

/** Where the native packages are: they cannot go into a bundle, which finds them by this. */
const NATIVE_PACKAGES = ["transport-mmsg", "handshake"].map((name) => join(ROOT, "packages", name, "node_modules"));

async function bundle() {
  const { build } = await import("tsup"); // not before it is installed
  await build({
    config: false,
    silent: true,
    entry: { main: join(ROOT, "tests", "scenarios", "main.ts") },
    outDir: BUNDLE_FOLDER,
    format: "esm",
    platform: "node",
    target: "node20",
    sourcemap: true,
    noExternal: [/./],
    esbuildOptions: (options) => {
      options.conditions = ["@sortie/source", "node", "import", "module", "default"];
    },
  });
}

await main(async () => {
  await bootstrap();
  // sortie proxy is what was built; the lock is kept while others could build over it.
  const release = process.argv.includes("--real") ? await buildToRun() : () => undefined;
  await bundle();
  const removeBundle = () => rmSync(BUNDLE_FOLDER, { recursive: true, force: true });
  const args = ["--enable-source-maps", join(BUNDLE_FOLDER, "main.js"), ...process.argv.slice(2)];
  return run(process.execPath, args, { env: { NODE_PATH: NATIVE_PACKAGES.join(delimiter) } }).finally(() => {
    release();
    removeBundle();
  });
});
