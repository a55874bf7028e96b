import { CertificateError, createCertificateVerifier, describeCertificates } from "@sortie/certificates";
import { decodeCertificateChain, encodeCertificateChain } from "@sortie/wire";
import { SAMPLE_AUTHORITY, SAMPLE_LEAF, SAMPLE_LEAF_KEY, SAMPLES_VALID_AT_MS } from "../lib/certificate-samples.js";
import { wrapInPem } from "../lib/key-words.js";
import { check, equalBytes, type FuzzTarget, hex } from "../lib/target.js";

const HOSTNAME = "game.example.com";
/** bytes at the end of the leaf that the authority's signature does not cover: its algorithm, and itself. */
const UNSIGNED_BYTES = SAMPLE_LEAF.length - 4 - signedBytes(SAMPLE_LEAF);

const verifier = createCertificateVerifier({
  ca: wrapInPem("CERTIFICATE", SAMPLE_AUTHORITY),
  hostname: HOSTNAME,
  now: () => SAMPLES_VALID_AT_MS,
});

/**
 * An identity field of a SERVER_HELLO, and what a user gives as a certificate file. Nothing throws but
 * CertificateError, for the file; and no chain is believed whose leaf is not the one that the authority issued, in all
 * that is signed.
 */
export const certificateChain: FuzzTarget = {
  name: "certificate-chain",
  maxBytes: 1000,
  // X.509 takes a third of a millisecond.
  freshRuns: 500,
  dictionary: [
    // headers: version 3, UTCTime, GeneralizedTime, BOOLEAN true, OCTET STRING, extensions
    ...["a003020102", "170d", "180f", "0101ff", "0402", "a3"],
    // basicConstraints, keyUsage, extKeyUsage, subjectAltName, nameConstraints; ECDSA with SHA-1, SHA-256, SHA-384
    ...["0603551d13", "0603551d0f", "0603551d25", "0603551d11", "0603551d1e"],
    ...["06072a8648ce3d0401", "06082a8648ce3d040302", "06082a8648ce3d040303"],
    "820c67616d652e6578616d706c652e636f6d",
  ].map(hex),
  seeds: () => [
    encodeCertificateChain([SAMPLE_LEAF]),
    encodeCertificateChain([SAMPLE_LEAF, SAMPLE_AUTHORITY]),
    encodeCertificateChain([SAMPLE_AUTHORITY]),
  ],
  run(input) {
    const chain = decodeCertificateChain(input);
    if (typeof chain === "string") return;
    const before = input.slice();
    const key = verifier.leafKey(chain);
    check(key === undefined || (key.length === 65 && key[0] === 4), "a leaf key that is none");
    const failure = verifier.verify(chain);
    if (failure === undefined) {
      const leaf = chain[0] as Uint8Array;
      const signed = SAMPLE_LEAF.subarray(4, SAMPLE_LEAF.length - UNSIGNED_BYTES);
      check(equalBytes(leaf.subarray(4, 4 + signed.length), signed), "a leaf is believed that nobody issued");
      check(key !== undefined && equalBytes(key, SAMPLE_LEAF_KEY), "a leaf is believed with another key");
    } else check(failure.text.length > 0, "a failure without a text");
    try {
      for (const der of chain) describeCertificates(wrapInPem("CERTIFICATE", der));
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error;
    }
    check(equalBytes(input, before), "the input was changed");
  },
};

/** bytes of the first element of a certificate, header included: what its signature covers. */
function signedBytes(der: Uint8Array): number {
  return 4 + ((der[6] as number) << 8) + (der[7] as number);
}
