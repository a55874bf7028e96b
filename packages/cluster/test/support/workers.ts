import { mkdtemp, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "tsup";

/** A file of `processes/`, bundled so that Node runs it as it is. */
export interface Entry {
  readonly path: string;
  readonly remove: () => Promise<void>;
}

/** Bundles a worker; in a folder of this package, so that it finds koffi. */
export async function bundle(name: string): Promise<Entry> {
  const folder = await mkdtemp(fileURLToPath(new URL("../.tmp-", import.meta.url)));
  await build({
    config: false,
    entry: [fileURLToPath(new URL(`../processes/${name}.ts`, import.meta.url))],
    outDir: folder,
    format: "esm",
    target: "node20",
    noExternal: [/^@sortie\//, "sortie"],
    external: ["koffi", "libsodium", "sodium-native"],
    esbuildOptions: (options) => void (options.conditions = ["@sortie/source"]),
    outExtension: () => ({ js: ".mjs" }),
    silent: true,
  });
  return { path: `${folder}/${name}.mjs`, remove: () => rm(folder, { recursive: true }) };
}
