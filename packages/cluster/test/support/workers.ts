import { mkdtemp, rm } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "tsup";

/** A worker or main process, bundled so that Node runs it as it is. */
export interface Entry {
  readonly path: string;
  readonly remove: () => Promise<void>;
}

/** Bundles one; in a folder of this package, so that it finds koffi. */
export async function bundle(source: URL): Promise<Entry> {
  const folder = await mkdtemp(fileURLToPath(new URL("../.tmp-", import.meta.url)));
  await build({
    config: false,
    entry: [fileURLToPath(source)],
    outDir: folder,
    format: "esm",
    target: "node20",
    noExternal: [/^@sortie\//, "sortie"],
    external: ["koffi", "libsodium", "sodium-native"],
    esbuildOptions: (options) => void (options.conditions = ["@sortie/source"]),
    outExtension: () => ({ js: ".mjs" }),
    silent: true,
  });
  const name = basename(source.pathname, ".ts");
  return { path: `${folder}/${name}.mjs`, remove: () => rm(folder, { recursive: true }) };
}
