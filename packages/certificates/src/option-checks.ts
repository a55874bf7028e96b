/** What came, for messages: `typeof`, but "null" for null, and "bytes" for a file that was read as such. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  return value instanceof Uint8Array ? "bytes" : typeof value;
}

/**
 * Throws TypeError for options that are no object, for one that is none of `known` (a misspelt one would be passed
 * over, and its default be taken for what was asked for), and for a `now` that is no function.
 */
export function checkOptions(options: object, known: Readonly<Record<string, true>>): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`"options" expected an object, got ${kindOf(options)}`);
  }
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || Object.hasOwn(known, name)) continue;
    throw new TypeError(`"options" expected only ${Object.keys(known).join(", ")}, got "${name}"`);
  }
  const { now } = options as { readonly now?: unknown };
  if (now !== undefined && typeof now !== "function") {
    throw new TypeError(`"now" expected a function, got ${kindOf(now)}`);
  }
}

/** Throws TypeError, which names the option, for what is no identity. Never shows it: it may be a key. */
export function checkIdentity(label: string, identity: unknown): void {
  const { publicKey, keyPair } = (identity ?? {}) as { readonly publicKey?: unknown; readonly keyPair?: unknown };
  const { privateKey } = (keyPair ?? {}) as { readonly privateKey?: unknown };
  const missing: string[] = [];
  if (!(publicKey instanceof Uint8Array)) missing.push("publicKey");
  if (typeof privateKey !== "object" || privateKey === null) missing.push("keyPair.privateKey");
  if (missing.length === 0) return;
  const kind = kindOf(identity);
  const got = kind === "object" ? `an object without ${missing.join(", ")}` : kind;
  throw new TypeError(`"${label}" expected an identity, got ${got}`);
}

/** Throws TypeError, which names the argument, for what is no list of certificates as DER. */
export function checkCertificates(certificates: unknown): void {
  if (!Array.isArray(certificates)) {
    throw new TypeError(`"certificates" expected an array of bytes, got ${kindOf(certificates)}`);
  }
  for (const each of certificates as readonly unknown[]) {
    if (each instanceof Uint8Array) continue;
    throw new TypeError(`"certificates" expected an array of bytes, got one with ${kindOf(each)}`);
  }
}
