// The public packages of the workspace, as their package.json files tell.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { readJson, ROOT } from "./run.mjs";

/** Each public package: folder, manifest, and entry points as import specifier and declaration file. */
export function publicPackages() {
  return readdirSync(join(ROOT, "packages"))
    .sort()
    .map((name) => join(ROOT, "packages", name))
    .map((folder) => ({ folder, manifest: readJson(join(folder, "package.json")) }))
    .filter(({ manifest }) => !manifest.private)
    .map(({ folder, manifest }) => ({ name: manifest.name, folder, manifest, entries: entryPoints(folder, manifest) }));
}

function entryPoints(folder, manifest) {
  return Object.entries(manifest.exports)
    .filter(([, target]) => typeof target === "object")
    .map(([subpath, target]) => ({
      specifier: manifest.name + subpath.slice(1),
      declarations: join(folder, target.types),
    }));
}
