import { CipherSuite } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { rawSignature } from "../src/node/ecdsa-signature.js";
import { noble, node, providers, seededBytes, suites, toHex } from "./support.js";

describe("signatures of the node provider", () => {
  it("are r and s at full length, whatever OpenSSL leaves out: 600 of them, so that some have a short number", () => {
    const { publicKey, privateKey } = node.generateKeyPair();
    for (let i = 0; i < 600; i++) {
      const message = Uint8Array.of(i, i >> 8);
      const signature = node.sign(privateKey, message);
      expect(signature).toHaveLength(64);
      expect(node.verify(publicKey, message, signature), `signature ${i}`).toBe(true);
      if (i < 20) expect(noble.verify(publicKey, message, signature)).toBe(true);
    }
  });

  it.each([
    ["a number with a zero in front, and one with its first byte missing", "3008020200ff0202" + "0102", "ff", "0102"],
    ["numbers of one byte", "3006020101020102", "01", "02"],
  ])("come out of DER with %s", (_, der, r, s) => {
    const raw = rawSignature(Buffer.from(der, "hex"));
    expect(toHex(raw)).toBe(r.padStart(64, "0") + s.padStart(64, "0"));
  });

  it.each([
    ["nothing", ""],
    ["no sequence", "3106020101020102"],
    ["a wrong length", "3007020101020102"],
    ["no integer", "3006030101020102"],
    ["an empty integer", "30050200020102"],
    ["a number past the end", "3006020101020202"],
    ["a number of 33 bytes", `3026022101${"00".repeat(32)}020102`],
    ["something behind", "300702010102010200"],
    ["one number alone", "3003020101"],
  ])("throw for DER with %s: nobody gets half a signature", (_, der) => {
    expect(() => rawSignature(Buffer.from(der, "hex"))).toThrow(/no signature on P-256/);
  });
});

describe("forged packets", () => {
  it.each(providers)("leave stack traces as they were: %s", (_, crypto) => {
    const bytes = seededBytes(31);
    const limit = Error.stackTraceLimit;
    for (const suite of suites) {
      const aead = crypto.createAead(suite, bytes(suite === CipherSuite.Aes128Gcm ? 16 : 32));
      expect(aead.open(bytes(12), bytes(400), 0, 9, 400, new Uint8Array(400))).toBe(-1);
      expect(Error.stackTraceLimit).toBe(limit);
      // One that throws: no room for the plaintext.
      const packet = bytes(300);
      const nonce = bytes(12);
      aead.seal(nonce, packet, 0, 9, 284);
      expect(() => aead.open(nonce, packet, 0, 9, 300, new Uint8Array(1))).toThrow(RangeError);
      expect(Error.stackTraceLimit).toBe(limit);
    }
    expect(new Error("after").stack).toContain("node-provider.test.ts");
  });
});
