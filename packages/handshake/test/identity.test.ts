import { createHash, createPublicKey, generateKeyPairSync } from "node:crypto";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import {
  fingerprint,
  IdentityError,
  type IdentityErrorCode,
  identityOf,
  parsePublicKey,
  protocolId,
  publicKeyToPem,
} from "../src/index.js";
import { generateIdentity, identityFromPem, identityToPem } from "../src/node/index.js";
import { ascii, concat, flipped, hex, noble, node, providers, toHex } from "./support.js";

/** Wycheproof ecdsa_secp256r1_sha256_p1363_test: one key in three forms. */
const KEY = hex(
  "042927b10512bae3eddcfe467828128bad2903269919f7086069c8c4df6c732838" +
    "c7787964eaac00e5921fb1498a60f4606766b3d9685001558d1a974e7341513e",
);
const PEM =
  "-----BEGIN PUBLIC KEY-----\n" +
  "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEKSexBRK64+3c/kZ4KBKLrSkDJpkZ\n" +
  "9whgacjE32xzKDjHeHlk6qwA5ZIfsUmKYPRgZ2az2WhQAVWNGpdOc0FRPg==\n" +
  "-----END PUBLIC KEY-----\n";

function codeOf(action: () => unknown): IdentityErrorCode | "none" {
  try {
    action();
  } catch (error) {
    if (error instanceof IdentityError) return error.code;
    throw error;
  }
  return "none";
}

function generate(type: "ec" | "ed25519" | "rsa", curve: string = "P-256"): { pub: string; pkcs8: string } {
  const publicKeyEncoding = { type: "spki", format: "pem" } as const;
  const privateKeyEncoding = { type: "pkcs8", format: "pem" } as const;
  const options = { publicKeyEncoding, privateKeyEncoding, namedCurve: curve, modulusLength: 2048 };
  const pair = generateKeyPairSync(type as "ec", options);
  return { pub: pair.publicKey, pkcs8: pair.privateKey };
}

describe("public keys", () => {
  it("are read from PEM and from raw bytes, and written as PEM", () => {
    expect(toHex(parsePublicKey(PEM))).toBe(toHex(KEY));
    expect(publicKeyToPem(KEY)).toBe(PEM);
    const raw = parsePublicKey(KEY);
    expect(toHex(raw)).toBe(toHex(KEY));
    expect(raw).not.toBe(KEY);
  });

  it("that are given as a Buffer are copied like others", () => {
    const given = Buffer.from(KEY);
    const key = parsePublicKey(given);
    given.fill(0);
    expect(toHex(key)).toBe(toHex(KEY));
  });

  it.each([
    [null, "null"],
    [undefined, "undefined"],
    [{}, "an object"],
    [65, "a number"],
    [[4, 1], "an array"],
    [KEY.buffer, "an ArrayBuffer"],
    [Promise.resolve(KEY), "a promise"],
    [() => KEY, "a function"],
  ])("that are %s are refused for what they are", (key, got) => {
    const expected = new TypeError(`"key" expected PEM text or 65 bytes, got ${got}`);
    expect(() => parsePublicKey(key as never)).toThrow(expected);
  });

  it("that come from another realm are taken, as copies of this one", () => {
    const given = runInNewContext("Uint8Array.from(bytes)", { bytes: [...KEY] }) as Uint8Array;
    const key = parsePublicKey(given);
    given.fill(0);
    expect([key instanceof Uint8Array, toHex(key)]).toEqual([true, toHex(KEY)]);
  });

  it("whose memory has gone are refused as such, and not by the engine", () => {
    const given = KEY.slice();
    structuredClone(given, { transfer: [given.buffer] });
    const expected = new IdentityError("malformed-key", "expected 65 bytes that start with 04, got 0 bytes");
    expect(() => parsePublicKey(given)).toThrow(expected);
  });

  it("are read from PEM with CRLF, indentation and text around it", () => {
    const text = `# key of the arena\n${PEM.replaceAll("\n", "\r\n")}\ntrailing words`;
    expect(toHex(parsePublicKey(text))).toBe(toHex(KEY));
    expect(toHex(parsePublicKey(PEM.replaceAll(/\n(?=M|9)/g, "\n   ")))).toBe(toHex(KEY));
  });

  it("are exchanged with OpenSSL both ways", () => {
    for (let i = 0; i < 5; i++) {
      const { pub } = generate("ec");
      expect(publicKeyToPem(parsePublicKey(pub))).toBe(pub);
    }
  });

  it("are refused with the reason", () => {
    const { pub, pkcs8 } = generate("ec");
    const cases: readonly (readonly [IdentityErrorCode, string | Uint8Array])[] = [
      ["not-pem", ""],
      ["not-pem", "hello"],
      ["not-pem", toHex(KEY)],
      ["not-pem", pub.slice(0, 100)],
      ["private-key-given", pkcs8],
      ["private-key-given", pkcs8.replaceAll("PRIVATE KEY", "ENCRYPTED PRIVATE KEY")],
      ["private-key-given", pkcs8.replaceAll("PRIVATE KEY", "EC PRIVATE KEY")],
      ["wrong-format", pub.replaceAll("PUBLIC KEY", "CERTIFICATE")],
      ["wrong-format", pub.replaceAll("PUBLIC KEY", "RSA PUBLIC KEY")],
      ["wrong-curve", generate("ec", "P-384").pub],
      ["wrong-curve", generate("ec", "secp256k1").pub],
      ["wrong-key-type", generate("ed25519").pub],
      ["wrong-key-type", generate("rsa").pub],
      ["malformed-key", PEM.replace("MFkw", "M*kw")],
      ["malformed-key", PEM.replace("Pg==", "Pg=")],
      ["malformed-key", PEM.replace("FRPg==", "FRPh==")],
      ["malformed-key", PEM.replace("MFkw", "AFkw")],
      ["malformed-key", PEM.replace("FRPg==", "FRPw==")],
      ["malformed-key", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n"],
      ["malformed-key", compressedPem()],
      ["malformed-key", KEY.subarray(0, 64)],
      ["malformed-key", new Uint8Array(0)],
      ["malformed-key", concat(Uint8Array.of(4), new Uint8Array(64))],
      ["malformed-key", flipped(KEY, 64)],
      ["malformed-key", concat(Uint8Array.of(2), KEY.subarray(1, 33))],
      ["malformed-key", hex("3059301306072a8648ce3d020106082a8648ce3d030107034200").slice()],
    ];
    for (const [code, key] of cases)
      expect(
        codeOf(() => parsePublicKey(key)),
        String(key),
      ).toBe(code);
    expect(codeOf(() => publicKeyToPem(flipped(KEY, 64)))).toBe("malformed-key");
    expect(codeOf(() => fingerprint(node, KEY.subarray(1)))).toBe("malformed-key");
  });

  it.each(providers)("have the fingerprint that OpenSSL gives (%s)", (_, crypto) => {
    const der = createPublicKey(PEM).export({ type: "spki", format: "der" });
    expect(fingerprint(crypto, KEY)).toBe(`SHA256:${createHash("sha256").update(der).digest("base64")}`);
  });
});

describe("identities on Node", () => {
  it("come back from their PEM with a key that signs", () => {
    for (let i = 0; i < 5; i++) {
      const identity = generateIdentity();
      const { privateKeyPem, publicKeyPem } = identityToPem(identity);
      expect(privateKeyPem).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
      expect(toHex(parsePublicKey(publicKeyPem))).toBe(toHex(identity.publicKey));
      const loaded = identityFromPem(privateKeyPem);
      expect(toHex(loaded.publicKey)).toBe(toHex(identity.publicKey));
      const signature = node.sign(loaded.keyPair.privateKey, ascii("hello"));
      expect(noble.verify(identity.publicKey, ascii("hello"), signature)).toBe(true);
      expect(identityToPem(loaded).privateKeyPem).toBe(privateKeyPem);
    }
  });

  it("are read from what OpenSSL writes", () => {
    const { pub, pkcs8 } = generate("ec");
    expect(publicKeyToPem(identityFromPem(pkcs8).publicKey)).toBe(pub);
    expect(publicKeyToPem(identityFromPem(`notes\n${pkcs8.replaceAll("\n", "\r\n")}`).publicKey)).toBe(pub);
  });

  it("are refused with the reason, and with no key material in the message", () => {
    const { pub, pkcs8 } = generate("ec");
    const options = { namedCurve: "P-256", publicKeyEncoding: { type: "spki", format: "pem" } } as const;
    const sec1 = generateKeyPairSync("ec", { ...options, privateKeyEncoding: { type: "sec1", format: "pem" } });
    const encryption = { cipher: "aes-256-cbc", passphrase: "x" };
    const locked = generateKeyPairSync("ec", {
      ...options,
      privateKeyEncoding: { type: "pkcs8", format: "pem", ...encryption },
    });
    const cases: readonly (readonly [IdentityErrorCode, string])[] = [
      ["not-pem", ""],
      ["not-pem", "-----BEGIN PRIVATE KEY-----"],
      ["encrypted", locked.privateKey],
      ["public-key-given", pub],
      ["wrong-format", sec1.privateKey],
      ["wrong-format", pub.replaceAll("PUBLIC KEY", "CERTIFICATE")],
      ["wrong-curve", generate("ec", "P-384").pkcs8],
      ["wrong-curve", generate("ec", "secp256k1").pkcs8],
      ["wrong-key-type", generate("ed25519").pkcs8],
      ["wrong-key-type", generate("rsa").pkcs8],
      ["malformed-key", pkcs8.replace("MIG", "MIH")],
      ["malformed-key", pkcs8.replace("MIG", "M*G")],
      ["malformed-key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"],
    ];
    for (const [code, pem] of cases)
      expect(
        codeOf(() => identityFromPem(pem)),
        pem,
      ).toBe(code);
    expect(() => identityFromPem(sec1.privateKey)).toThrow("convert it with openssl pkcs8 -topk8 -nocrypt");
  });

  it("of another provider, or cloned from another thread, have no PEM here", () => {
    const cloned = structuredClone(identityOf(node.generateKeyPair()));
    const message =
      /got another: of another provider or another copy of @sortie\/handshake, or cloned from another thread$/;
    for (const identity of [cloned, identityOf(noble.generateKeyPair())]) {
      expect(() => identityToPem(identity)).toThrow(message);
    }
  });
});

describe.each(providers)("protocolId with the %s provider", (_, crypto) => {
  it("is the start of SHA-256 of the UTF-8 text", () => {
    for (const text of ["arena/1", "a", "ß🎮", "x".repeat(255)]) {
      expect(toHex(protocolId(crypto, text))).toBe(createHash("sha256").update(text).digest("hex").slice(0, 16));
    }
  });

  it("refuses what is empty, too long or no string", () => {
    expect(() => protocolId(crypto, "")).toThrow('"protocol" expected 1..255 bytes of UTF-8, got 0');
    expect(() => protocolId(crypto, "x".repeat(256))).toThrow(RangeError);
    expect(() => protocolId(crypto, "ß".repeat(128))).toThrow("got 256");
    expect(() => protocolId(crypto, 7 as unknown as string)).toThrow(TypeError);
  });
});

function compressedPem(): string {
  const der = concat(
    hex("3039301306072a8648ce3d020106082a8648ce3d030107032200"),
    Uint8Array.of(2),
    KEY.subarray(1, 33),
  );
  return `-----BEGIN PUBLIC KEY-----\n${Buffer.from(der).toString("base64")}\n-----END PUBLIC KEY-----\n`;
}
