import { containRejection, type CryptoProvider, describeKind, type KeyLogEntry } from "@sortie/handshake";
import type { SocketAddress } from "@sortie/transport";
import { CipherSuite, isBytes } from "@sortie/wire";

/** What a decoder calls. */
const CRYPTO_METHODS = [
  "sha256",
  "hmacSha256",
  "hkdfSha256",
  "createAead",
] as const satisfies readonly (keyof CryptoProvider)[];

/** bytes of a client's random, and of each secret of a key log. */
const KEY_BYTES = 32;
const KEY_NAMES = ["clientRandom", "clientSecret", "serverSecret"] as const satisfies readonly (keyof KeyLogEntry)[];
const ID_NAMES = ["clientConnectionId", "serverConnectionId"] as const satisfies readonly (keyof KeyLogEntry)[];

/** Throws TypeError for what is no Uint8Array; a Buffer is one. */
export function expectBytes(label: string, value: unknown): void {
  if (!isBytes(value)) throw wrong(label, "a Uint8Array", value);
}

/** Throws TypeError for what is no text: bytes of a file are none yet. */
export function expectText(label: string, value: unknown): void {
  if (typeof value !== "string") throw wrong(label, "a string", value);
}

/** Throws TypeError for what has no fields in it. Every object with methods or fields of its own does. */
export function expectObject(label: string, value: unknown, expected: string = "an object"): void {
  if (typeof value !== "object" || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) {
    throw wrong(label, expected, value);
  }
}

/** Throws TypeError for what is no SocketAddress. By its parts: that of another copy of the package does as well. */
export function expectAddress(label: string, value: unknown): void {
  const { bytes, port } = (value ?? {}) as { readonly [Part in keyof SocketAddress]?: unknown };
  if (!isBytes(bytes) || typeof port !== "number") throw wrong(label, "a SocketAddress", value);
}

/** Throws TypeError for what is no bigint: times in ns are beyond what a number holds. */
export function expectBigint(label: string, value: unknown): void {
  if (typeof value !== "bigint") throw wrong(label, "a bigint", value);
}

/** Throws TypeError for what cannot do what a decoder needs. */
export function expectCrypto(crypto: unknown): void {
  const parts = crypto as Readonly<Record<string, unknown>> | null | undefined;
  const missing = CRYPTO_METHODS.filter((name) => typeof parts?.[name] !== "function");
  if (missing.length > 0) throw wrong("crypto", "a crypto provider", crypto, missing);
}

/**
 * Throws TypeError for what are no entries of a key log: their secrets would else be found wanting with the first
 * packet, if at all. The message holds no secret.
 */
export function expectKeys(keys: unknown): void {
  if (!Array.isArray(keys)) throw wrong("keys", "an array of entries", keys);
  keys.forEach((entry: Readonly<Record<string, unknown>>, index) => {
    const label = `keys[${index}]`;
    expectObject(label, entry);
    for (const name of KEY_NAMES) {
      const key = entry[name];
      if (!isBytes(key) || key.length !== KEY_BYTES) throw wrong(`${label}.${name}`, `${KEY_BYTES} bytes`, key);
    }
    for (const name of ID_NAMES) {
      const id = entry[name];
      if (typeof id !== "number" || id >>> 0 !== id) {
        throw new TypeError(`"${label}.${name}" expected an unsigned 32-bit number, got ${numberOrKind(id)}`);
      }
    }
    const suites: readonly unknown[] = Object.values(CipherSuite);
    if (suites.includes(entry["suite"])) return;
    throw new TypeError(`"${label}.suite" expected one of CipherSuite, got ${numberOrKind(entry["suite"])}`);
  });
}

function numberOrKind(value: unknown): string {
  return typeof value === "number" ? String(value) : describeKind(value);
}

/** A promise, where an await was forgotten, is told of by this already: it need not end the process by rejecting. */
function wrong(label: string, expected: string, value: unknown, missing: readonly string[] = []): TypeError {
  containRejection(value);
  const kind = describeKind(value);
  const without = kind === "an object" && missing.length > 0 ? ` without ${missing.join(", ")}` : "";
  return new TypeError(`"${label}" expected ${expected}, got ${kind}${without}`);
}
