// `npm run build`: JavaScript by tsup through turbo's cache, declarations by tsc.
import { bootstrap } from "./bootstrap.mjs";
import { acquireLock, withLock } from "./lib/lock.mjs";
import { isMain, main, ROOT, runQuietly, toolPath } from "./lib/run.mjs";

async function buildJavaScript() {
  await runQuietly("build", process.execPath, [toolPath("turbo"), "run", "build", "--output-logs=errors-only"]);
}

async function buildDeclarations() {
  await runQuietly("tsc -b", process.execPath, [toolPath("typescript", "tsc"), "-b", ROOT]);
}

/** Builds everything, then runs the action before another run may write to the dist folders. */
export function buildAnd(action) {
  return withLock("build", async () => {
    await buildJavaScript();
    await buildDeclarations();
    return action();
  });
}

/** Builds what runs; the caller releases the lock when its processes have loaded their files. */
export async function buildToRun() {
  const release = await acquireLock("build");
  try {
    await buildJavaScript();
    return release;
  } catch (error) {
    release();
    throw error;
  }
}

if (isMain(import.meta.url)) {
  await main(async () => {
    await bootstrap();
    await buildAnd(() => undefined);
  });
}
