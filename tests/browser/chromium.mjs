// Finds a Chromium for playwright-core, or installs Debian's where that can be done.
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { run } from "../../scripts/lib/run.mjs";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

function onPath(names) {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    for (const name of names) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // not here
      }
    }
  }
  return undefined;
}

/** Path of a Chromium; undefined where there is none and none can be installed. */
export async function findChromium() {
  const found = process.env.CHROMIUM ?? onPath(NAMES);
  if (found !== undefined) return found;
  if (process.getuid?.() !== 0 || onPath(["apt-get"]) === undefined) return undefined;
  console.log("installing chromium ...");
  const options = { env: { DEBIAN_FRONTEND: "noninteractive" }, stdio: ["ignore", "ignore", "inherit"] };
  const isInstalled =
    (await run("apt-get", ["update", "-qq"], options)) === 0 &&
    (await run(
      "apt-get",
      ["install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-dejavu-core"],
      options,
    )) === 0;
  return isInstalled ? onPath(NAMES) : undefined;
}
