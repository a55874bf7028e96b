/** Runtimes with Node's modules, but without the libuv and the OpenSSL that koffi looks for in the process. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ["bun", "Bun"],
  ["deno", "Deno"],
]);

/** "Bun" or "Deno" where one of them runs this, by `process.versions`; undefined in Node. */
export function otherRuntime(versions: Readonly<Record<string, string | undefined>>): string | undefined {
  for (const [key, name] of NAMES) if (versions[key] !== undefined) return name;
  return undefined;
}
