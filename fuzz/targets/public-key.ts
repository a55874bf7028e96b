import { createNobleProvider, fingerprint, IdentityError, parsePublicKey, publicKeyToPem } from "@sortie/handshake";
import { keyWords, SAMPLE_PUBLIC_KEY, wrapInPem } from "../lib/key-words.js";
import { check, equalBytes, type FuzzTarget } from "../lib/target.js";

const crypto = createNobleProvider();
const LABELS = ["PUBLIC KEY", "PRIVATE KEY", "EC PRIVATE KEY", "CERTIFICATE"];

/**
 * What a user gives as a server's key: any text, DER in a PEM block, or raw bytes. Only IdentityError is thrown, and a
 * key that is taken comes back from its PEM text.
 */
export const publicKey: FuzzTarget = {
  name: "public-key",
  maxBytes: 400,
  dictionary: keyWords(),
  seeds: () => {
    const der = Buffer.from(publicKeyToPem(SAMPLE_PUBLIC_KEY).replaceAll(/-----.*|\n/g, ""), "base64");
    const text = Buffer.from(publicKeyToPem(SAMPLE_PUBLIC_KEY));
    return [
      [0, ...text],
      [1, ...SAMPLE_PUBLIC_KEY],
      [2, ...der],
    ].map((bytes) => Uint8Array.from(bytes));
  },
  run(input) {
    const mode = (input[0] ?? 0) % (2 + LABELS.length);
    const rest = input.subarray(1);
    const key = mode === 1 ? rest : mode === 0 ? textOf(rest) : wrapInPem(LABELS[mode - 2] as string, rest);
    let parsed: Uint8Array;
    try {
      parsed = parsePublicKey(key);
    } catch (error) {
      if (!(error instanceof IdentityError)) throw error;
      check(error.message.length < 300, "a message of more than 300 characters");
      return;
    }
    check(parsed.length === 65 && parsed[0] === 4, `a key of ${parsed.length} bytes`);
    check(equalBytes(parsePublicKey(publicKeyToPem(parsed)), parsed), "the key does not come back from its PEM text");
    check(fingerprint(crypto, parsed).startsWith("SHA256:"), "the key has no fingerprint");
  },
};

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}
