import { containRejection } from "@sortie/handshake";

/**
 * What came, for messages: `typeof`, but "null" for null, "bytes" for a file that was read as such, and "a promise" for
 * one that nobody awaited.
 */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (value instanceof Uint8Array) return "bytes";
  if (Array.isArray(value)) return "an array";
  const isPromise = typeof value === "object" && typeof (value as { readonly then?: unknown }).then === "function";
  return isPromise ? "a promise" : typeof value;
}

/**
 * Throws TypeError for options that are no object (of a promise or an array all would have their defaults), for one
 * that is none of `known` (a misspelt one would be passed over, and its default be taken for what was asked for), and
 * for a `now` that is no function.
 */
export function checkOptions(options: object, known: Readonly<Record<string, true>>): void {
  const kind = kindOf(options);
  containRejection(options);
  if (kind !== "object") throw new TypeError(`"options" expected an object, got ${kind}`);
  // No option is a promise: none that is refused shall end the process by rejecting after that.
  for (const value of Object.values(options)) containRejection(value);
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
  containRejection(identity);
  const kind = kindOf(identity);
  const got = kind === "object" ? `an object without ${missing.join(", ")}` : kind;
  throw new TypeError(`"${label}" expected an identity, got ${got}`);
}

/** Throws TypeError, which names the argument, for what is no list of certificates as DER. */
export function checkCertificates(certificates: unknown): void {
  if (!Array.isArray(certificates)) {
    containRejection(certificates);
    throw new TypeError(`"certificates" expected an array of bytes, got ${kindOf(certificates)}`);
  }
  for (const each of certificates as readonly unknown[]) {
    if (each instanceof Uint8Array) continue;
    containRejection(each);
    throw new TypeError(`"certificates" expected an array of bytes, got one with ${kindOf(each)}`);
  }
}
