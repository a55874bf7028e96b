import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeCertificateChain, encodeCertificateChain } from "../src/index.js";
import { hex, toHex } from "./helpers.js";

const of = (length: number): Uint8Array => new Uint8Array(length).fill(7);

describe("a certificate chain", () => {
  it("is each certificate after its length, leaf first", () => {
    const chain = [hex("aabbcc"), hex("01")];
    expect(toHex(encodeCertificateChain(chain))).toBe("0003aabbcc000101");
    expect(decodeCertificateChain(hex("0003aabbcc000101"))).toEqual(chain);
  });

  it("comes back as it was, and from its bytes to the same bytes", () => {
    const chains = fc.array(fc.uint8Array({ minLength: 1, maxLength: 220 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(chains, (chain) => {
        expect(decodeCertificateChain(encodeCertificateChain(chain))).toEqual(chain);
      }),
      { seed: 20_261_125 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const chain = decodeCertificateChain(bytes);
        if (typeof chain !== "string") expect(encodeCertificateChain(chain)).toEqual(bytes);
      }),
      { seed: 20_261_125, numRuns: 2000 },
    );
  });

  it.each([
    ["nothing", "", "truncated"],
    ["a length cut short", "00", "truncated"],
    ["a certificate cut short", "0003aabb", "truncated"],
    ["an empty certificate", "0000", "out-of-range"],
    ["an empty one behind another", "0001aa0000", "out-of-range"],
    ["half a length at the end", "0001aa00", "truncated"],
    ["five certificates", "0001aa".repeat(5), "out-of-range"],
  ])("is refused with %s", (_, text, error) => {
    expect(decodeCertificateChain(hex(text))).toBe(error);
  });

  it("is written within its limits only", () => {
    expect(() => encodeCertificateChain([])).toThrow('"certificates" expected 1..4 certificates, got 0');
    expect(() => encodeCertificateChain(Array(5).fill(of(1)) as Uint8Array[])).toThrow("1..4 certificates, got 5");
    expect(() => encodeCertificateChain([of(0)])).toThrow("expected DER of at least 1 byte each, got an empty one");
    expect(encodeCertificateChain([of(898)]).length).toBe(900);
    expect(() => encodeCertificateChain([of(449), of(448)])).toThrow(
      "at most 900 bytes with 2 for each length, got 901",
    );
  });
});
