import nodeModule from "node:module";
import { resolve } from "node:path";

/** The file that runs: of CommonJS alone. */
declare const __filename: string;

/**
 * A package with native code, looked for from where this code is. By require: it loads at once, and bundlers leave it
 * alone, since they cannot carry native code. Throws what `require` does; Error whose `code` is "MODULE_NOT_FOUND" when
 * the package is not installed.
 */
export function requireNative(name: string): unknown {
  // Webpack replaces a `createRequire` imported by name by nothing, and its call fails then. One got at run time it
  // leaves alone. Node 21 and 22.0 to 22.2 have no getBuiltinModule.
  const { createRequire } = builtinModules().getBuiltinModule?.("node:module") ?? nodeModule;
  return createRequire(here())(name);
}

/** Types of Node 20.19, that has it always. */
function builtinModules(): Partial<Pick<NodeJS.Process, "getBuiltinModule">> {
  return process;
}

/**
 * The file of this code. A bundle of CommonJS has no import.meta.url, or webpack's: where it was on the machine that
 * made the bundle. It may have been moved: its own place counts, as it does for ESM.
 */
function here(): string {
  try {
    // Not asked for by typeof: webpack takes that for "string" in bundles of ESM too.
    return resolve(__filename);
  } catch {
    return (import.meta.url as string | undefined) ?? resolve("-");
  }
}
