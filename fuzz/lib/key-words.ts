import { createPrivateKey, type JsonWebKeyInput, type KeyObject } from "node:crypto";
import { createRepeatableCrypto } from "./repeatable-crypto.js";
import { hex } from "./target.js";

/** A P-256 point. */
export const SAMPLE_PUBLIC_KEY: Uint8Array = createRepeatableCrypto(5).generateKeyPair().publicKey;

/** The key of RFC 7517 appendix A.2, whose coordinates and scalar are published. */
const PUBLISHED_KEY: JsonWebKeyInput = {
  format: "jwk",
  key: {
    kty: "EC",
    crv: "P-256",
    x: "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
    y: "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
    d: "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE",
  },
};

/** Object identifiers, DER headers and PEM lines. */
export function keyWords(): Uint8Array[] {
  const words = [
    // id-ecPublicKey; P-256, P-384, secp256k1; rsaEncryption; Ed25519
    "06072a8648ce3d0201",
    "06082a8648ce3d030107",
    "06052b81040022",
    "06052b8104000a",
    "06092a864886f70d010101",
    "06032b6570",
    // headers: SEQUENCE, OCTET STRING, BIT STRING, INTEGER; a point's first byte
    "3059301306072a8648ce3d020106082a8648ce3d030107034200",
    "308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420",
    "0420",
    "034200",
    "a144034200",
    "020100",
    // the scalars 0, n - 1 and n of P-256
    "00".repeat(32),
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550",
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
  ].map(hex);
  const lines = ["PUBLIC KEY", "PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "EC PRIVATE KEY"].flatMap((label) => [
    `-----BEGIN ${label}-----\n`,
    `-----END ${label}-----`,
  ]);
  return [...words, ...lines.map((line) => Uint8Array.from(Buffer.from(line)))];
}

/** One private key in the forms in which users may have it. */
export function privateKeySamples(): { pem: string; der: Uint8Array }[] {
  const key: KeyObject = createPrivateKey(PUBLISHED_KEY);
  return (["pkcs8", "sec1"] as const).map((type) => ({
    pem: key.export({ type, format: "pem" }).toString(),
    der: Uint8Array.from(key.export({ type, format: "der" })),
  }));
}

export function wrapInPem(label: string, der: Uint8Array): string {
  const base64 = Buffer.from(der.buffer, der.byteOffset, der.length).toString("base64");
  return `-----BEGIN ${label}-----\n${base64}\n-----END ${label}-----\n`;
}
