import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "tsup";

/** A program of these sources in one file, for a process of its own. */
export interface BuiltProcess {
  /** Its path. */
  readonly path: string;
  /** Removes it. */
  remove(): Promise<void>;
}

/** Builds it from a module of the tests, with all that it imports but native code. */
export async function buildProcess(module: URL): Promise<BuiltProcess> {
  const entry = fileURLToPath(module);
  const name = basename(entry, ".ts");
  const folder = await mkdtemp(join(tmpdir(), `sortie-${name}-`));
  await build({
    config: false,
    entry: [entry],
    outDir: folder,
    format: "esm",
    target: "node20",
    platform: "node",
    noExternal: [/./],
    external: ["koffi", "sodium-native"],
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    esbuildOptions: (options) => {
      options.conditions = ["@sortie/source"];
    },
    outExtension: () => ({ js: ".mjs" }),
    silent: true,
  });
  return { path: join(folder, `${name}.mjs`), remove: () => rm(folder, { recursive: true }) };
}
