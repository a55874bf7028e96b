import { mkdtemp, rm } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "tsup";

/** A worker or main process, bundled so that Node runs it as it is. */
export interface Entry {
  readonly path: string;
  readonly remove: () => Promise<void>;
}

/** What bundles get in the place of sources. */
export type Replacements = Readonly<Record<string, string>>;

/**
 * Bundles one; in a folder of this package, so that it finds koffi.
 * @param replacements text by name of a file of src
 */
export async function bundle(source: URL, replacements: Replacements = {}): Promise<Entry> {
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
    esbuildPlugins: Object.entries(replacements).map(([name, contents]) => ({
      name,
      setup: (build) =>
        build.onLoad({ filter: new RegExp(`cluster/src/${name}$`) }, () => ({ contents, loader: "ts" })),
    })),
    silent: true,
  });
  const name = basename(source.pathname, ".ts");
  return { path: `${folder}/${name}.mjs`, remove: () => rm(folder, { recursive: true }) };
}
