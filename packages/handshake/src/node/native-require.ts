import { createRequire } from "node:module";
import { resolve } from "node:path";

/** The file that runs: of CommonJS alone. */
declare const __filename: string | undefined;

/**
 * A package with native code, looked for from where this code is. By require: it loads at once, and bundlers leave it
 * alone, since they cannot carry native code. Throws what `require` does; Error whose `code` is "MODULE_NOT_FOUND" when
 * the package is not installed.
 */
export function requireNative(name: string): unknown {
  // A bundle of CommonJS has no import.meta.url. It may have been moved: its own place counts, as it does for ESM.
  const here = (import.meta.url as string | undefined) ?? resolve(typeof __filename === "string" ? __filename : "-");
  return createRequire(here)(name);
}
