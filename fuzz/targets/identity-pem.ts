import { IdentityError, parsePublicKey } from "@sortie/handshake";
import { identityFromPem, identityToPem } from "@sortie/handshake/node";
import { keyWords, privateKeySamples, wrapInPem } from "../lib/key-words.js";
import { check, equalBytes, type FuzzTarget } from "../lib/target.js";

const LABELS = ["PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "EC PRIVATE KEY", "PUBLIC KEY"];

/**
 * A server's key file: any text, or DER in a PEM block. Only IdentityError is thrown, its message tells nothing of the
 * key, and an identity that is taken comes back from its own PEM text.
 */
export const identityPem: FuzzTarget = {
  name: "identity-pem",
  maxBytes: 700,
  dictionary: keyWords(),
  seeds: () => privateKeySamples().flatMap(({ pem, der }) => [Uint8Array.from([0, ...Buffer.from(pem)]), derSeed(der)]),
  run(input) {
    const mode = (input[0] ?? 0) % (1 + LABELS.length);
    const rest = input.subarray(1);
    const text = Buffer.from(rest.buffer, rest.byteOffset, rest.length).toString("latin1");
    const pem = mode === 0 ? text : wrapInPem(LABELS[mode - 1] as string, rest);
    let identity: ReturnType<typeof identityFromPem>;
    try {
      identity = identityFromPem(pem);
    } catch (error) {
      if (!(error instanceof IdentityError)) throw error;
      check(error.message.length < 300, "a message of more than 300 characters");
      return;
    }
    const { privateKeyPem, publicKeyPem } = identityToPem(identity);
    check(equalBytes(identityFromPem(privateKeyPem).publicKey, identity.publicKey), "the identity does not come back");
    check(equalBytes(parsePublicKey(publicKeyPem), identity.publicKey), "the public key does not come back");
  },
};

function derSeed(der: Uint8Array): Uint8Array {
  return Uint8Array.from([1, ...der]);
}
