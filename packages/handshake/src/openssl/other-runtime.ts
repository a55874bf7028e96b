/** Runtimes with Node's modules whose program does not export OpenSSL. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ["bun", "Bun"],
  ["deno", "Deno"],
]);

/** `versions` are those of `process`. Throws Error with `code` "UNSUPPORTED_RUNTIME" where Bun or Deno runs this. */
export function expectNode(versions: Readonly<Record<string, string | undefined>>): void {
  for (const [key, name] of NAMES) {
    if (versions[key] === undefined) continue;
    const message = `"runtime" expected Node, whose program exports OpenSSL, got ${name}`;
    throw Object.assign(new Error(message), { code: "UNSUPPORTED_RUNTIME" });
  }
}
