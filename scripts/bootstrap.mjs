// Makes a fresh checkout ready on a machine with nothing but Node and npm. Silent when there is nothing to do.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { withLock } from "./lib/lock.mjs";
import { capture, isMain, lastLines, main, readJson, ROOT } from "./lib/run.mjs";

const { engines, packageManager } = readJson(join(ROOT, "package.json"));

function checkNodeVersion() {
  const [major, minor] = engines.node.replace(">=", "").split(".").map(Number);
  const [ownMajor, ownMinor] = process.versions.node.split(".").map(Number);
  if (ownMajor < major || (ownMajor === major && ownMinor < minor)) {
    throw new Error(
      `Sortie needs Node ${engines.node}; this is Node ${process.versions.node} (${process.execPath}).\n` +
        "Install a current LTS release from https://nodejs.org or with your version manager, then run this again.",
    );
  }
}

/** pnpm keeps a copy of the lockfile that it installed from. */
function isInstalled() {
  const copy = join(ROOT, "node_modules", ".pnpm", "lock.yaml");
  return existsSync(copy) && readFileSync(copy, "utf8") === readFileSync(join(ROOT, "pnpm-lock.yaml"), "utf8");
}

async function install() {
  if (isInstalled()) return; // another run was quicker
  const args = ["-y", packageManager, "install", "--frozen-lockfile"];
  console.log("installing dependencies (once; about a minute) ...");
  const { code, output } = await capture("npx", args, { shell: process.platform === "win32" });
  if (code === 0) return;
  throw new Error(
    `${lastLines(output, 25)}\n\nInstalling the dependencies failed (exit code ${code}).\n` +
      "Check that the npm registry can be reached (proxy, firewall), then run this again, or by hand:\n" +
      `  npx ${args.join(" ")}`,
  );
}

export async function bootstrap() {
  checkNodeVersion();
  if (!isInstalled()) await withLock("install", install);
}

if (isMain(import.meta.url)) await main(bootstrap);
