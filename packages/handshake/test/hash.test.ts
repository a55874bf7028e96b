import { createHash, createHmac, hkdfSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { ascii, concat, hex, providers, seededBytes, toHex } from "./support.js";

describe.each(providers)("hashes of the %s provider", (_, crypto) => {
  it("SHA-256 of FIPS 180-4's examples, in one part and in several", () => {
    const expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    expect(toHex(crypto.sha256(ascii("abc")))).toBe(expected);
    expect(toHex(crypto.sha256(ascii("a"), ascii(""), ascii("bc")))).toBe(expected);
    expect(toHex(crypto.sha256())).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  });

  it("HMAC-SHA256 of RFC 4231 sections 4.2, 4.3 and 4.7", () => {
    expect(toHex(crypto.hmacSha256(new Uint8Array(20).fill(0x0b), ascii("Hi There")))).toBe(
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    );
    expect(toHex(crypto.hmacSha256(ascii("Jefe"), ascii("what do ya want "), ascii("for nothing?")))).toBe(
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    );
    const longKey = new Uint8Array(131).fill(0xaa);
    expect(toHex(crypto.hmacSha256(longKey, ascii("Test Using Larger Than Block-Size Key - Hash Key First")))).toBe(
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    );
  });

  it("HKDF-SHA256 of RFC 5869 A.1 to A.3", () => {
    const range = (from: number, to: number): Uint8Array => Uint8Array.from({ length: to - from }, (_, i) => from + i);
    const short = new Uint8Array(22).fill(0x0b);
    expect(toHex(crypto.hkdfSha256(short, range(0, 13), range(0xf0, 0xfa), 42))).toBe(
      "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    );
    expect(toHex(crypto.hkdfSha256(range(0, 80), range(0x60, 0xb0), range(0xb0, 0x100), 82))).toBe(
      "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c" +
        "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
    );
    expect(toHex(crypto.hkdfSha256(short, hex(""), hex(""), 42))).toBe(
      "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
    );
  });

  it("HKDF refuses lengths that one expansion cannot give", () => {
    const key = new Uint8Array(32);
    for (const length of [0, -1, 1.5, Number.NaN, 8161]) {
      expect(() => crypto.hkdfSha256(key, key, key, length)).toThrow(RangeError);
    }
    expect(crypto.hkdfSha256(key, key, key, 8160)).toHaveLength(8160);
  });

  it("agrees with node:crypto called directly on seeded inputs", () => {
    const bytes = seededBytes(7);
    for (let i = 0; i < 40; i++) {
      const [key, first, second] = [bytes(i * 3), bytes(i), bytes(97 - i)];
      const whole = concat(first, second);
      expect(toHex(crypto.sha256(first, second))).toBe(createHash("sha256").update(whole).digest("hex"));
      expect(toHex(crypto.hmacSha256(key, first, second))).toBe(createHmac("sha256", key).update(whole).digest("hex"));
      expect(toHex(crypto.hkdfSha256(key, first, second, 1 + i * 5))).toBe(
        toHex(new Uint8Array(hkdfSync("sha256", key, first, second, 1 + i * 5))),
      );
    }
  });

  it("SHA-256 agrees at the edges of sizes, and a digest stays as it was", () => {
    const bytes = seededBytes(9);
    const earlier = crypto.sha256(bytes(40));
    const before = toHex(earlier);
    for (const length of [0, 1, 63, 64, 65, 1200, 3071, 3072, 3073, 5000]) {
      const input = bytes(length);
      const expected = createHash("sha256").update(input).digest("hex");
      expect(toHex(crypto.sha256(input)), `${length}`).toBe(expected);
      expect(toHex(crypto.sha256(input.subarray(0, 1), input.subarray(1)))).toBe(expected);
    }
    expect(toHex(earlier)).toBe(before);
  });

  it("HMAC agrees at the edges of key and message sizes, in any order", () => {
    const bytes = seededBytes(8);
    for (const keyBytes of [0, 32, 63, 64, 65, 100]) {
      for (const messageBytes of [0, 1, 255, 256, 257, 1000, 3]) {
        const [key, message] = [bytes(keyBytes), bytes(messageBytes)];
        const expected = createHmac("sha256", key).update(message).digest("hex");
        expect(toHex(crypto.hmacSha256(key, message)), `${keyBytes}, ${messageBytes}`).toBe(expected);
        expect(toHex(crypto.hmacSha256(key, message.subarray(0, 1), message.subarray(1)))).toBe(expected);
      }
    }
  });
});
