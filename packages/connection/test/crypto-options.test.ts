import { createNobleProvider, type Identity, identityOf } from "@sortie/handshake";
import { createNodeProvider, generateIdentity, identityToPem } from "@sortie/handshake/node";
import { encodeCertificateChain } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { checkCrypto, checkIdentity } from "../src/crypto-options.js";
import { checkMethods } from "../src/method-checks.js";

const identity = generateIdentity();

describe("checkIdentity", () => {
  it("takes what providers make", () => {
    for (const good of [identity, identityOf(createNobleProvider().generateKeyPair())]) {
      expect(() => checkIdentity(good)).not.toThrow();
    }
  });

  it.each([
    [undefined, "undefined"],
    [null, "null"],
    [5, "a number"],
    ["root.key", "a string: load the file with loadIdentity()"],
    [new Uint8Array(241), "bytes: load the file with loadIdentity()"],
    [Promise.resolve(identity), "a promise: is there an await?"],
    [{}, "an object without publicKey, keyPair.publicKey, keyPair.privateKey"],
    [{ publicKey: identity.publicKey }, "an object without keyPair.publicKey, keyPair.privateKey"],
    [{ ...identity, keyPair: { publicKey: identity.publicKey } }, "an object without keyPair.privateKey"],
  ])("refuses %s", (value, got) => {
    expect(() => checkIdentity(value)).toThrow(new TypeError(`"identity" expected an identity, got ${got}`));
  });

  it("takes a time at which its certificates run out, and no other thing for it", () => {
    for (const certificateNotAfterMs of [undefined, 0, 1.8e12]) {
      expect(() => checkIdentity({ ...identity, certificateNotAfterMs })).not.toThrow();
    }
    for (const [certificateNotAfterMs, got] of [
      [NaN, "NaN"],
      [Infinity, "Infinity"],
      [null, "null"],
      ["2030-01-01", '"2030-01-01"'],
      [new Date(0), "an object"],
    ]) {
      const expected = '"identity.certificateNotAfterMs" expected a finite number or undefined';
      const message = thrown(() => checkIdentity({ ...identity, certificateNotAfterMs }));
      expect(message).toBe(`${expected}, got ${String(got)}`);
    }
  });

  it("takes certificates as withCertificates() makes them, and nothing else for them", () => {
    for (const certificateChain of [undefined, encodeCertificateChain([Uint8Array.of(0x30, 1, 2)])]) {
      expect(() => checkIdentity({ ...identity, certificateChain })).not.toThrow();
    }
    for (const [certificateChain, got] of [
      [null, "null"],
      ["-----BEGIN CERTIFICATE-----", "a string"],
      [[Uint8Array.of(0x30)], "an array"],
      [new Uint8Array(0), "0 bytes"],
      [new Uint8Array(901), "901 bytes"],
      // DER without its length before it.
      [Uint8Array.of(0x30, 0x82, 1, 0), "other bytes"],
    ]) {
      const expected = '"identity.certificateChain" expected 1..900 bytes as withCertificates() makes them';
      const message = thrown(() => checkIdentity({ ...identity, certificateChain }));
      expect(message).toBe(`${expected}, got ${String(got)}`);
    }
  });

  it("refuses to show another key than the one that signs", () => {
    const { publicKey } = generateIdentity();
    const other = new TypeError('"identity.publicKey" expected the key of "identity.keyPair", got another');
    expect(() => checkIdentity({ ...identity, publicKey })).toThrow(other);
    const keyPair = { ...identity.keyPair, publicKey: identity.publicKey.subarray(1) };
    expect(() => checkIdentity({ ...identity, keyPair })).toThrow(other);
    const short = new TypeError('"identity.publicKey" expected 65 bytes, got 33 bytes');
    expect(() => checkIdentity({ ...identity, publicKey: identity.publicKey.subarray(0, 33) })).toThrow(short);
    expect(() => checkIdentity({ ...identity, publicKey: Buffer.from(identity.publicKey) })).not.toThrow();
  });

  it("shows nothing of a private key in its place", () => {
    const { privateKeyPem } = identityToPem(identity);
    const bytes = Buffer.from(privateKeyPem);
    for (const value of [privateKeyPem, bytes, [privateKeyPem], { pem: privateKeyPem } as unknown as Identity]) {
      const message = thrown(() => checkIdentity(value));
      expect(message).toMatch(/^"identity" expected an identity, got /);
      expect(message).not.toContain("PRIVATE");
      expect(message).not.toContain(privateKeyPem.slice(40, 60));
    }
  });
});

describe("checkCrypto", () => {
  it("takes the providers that there are", () => {
    for (const crypto of [createNodeProvider(), createNobleProvider()]) expect(() => checkCrypto(crypto)).not.toThrow();
  });

  it("names what is missing", () => {
    expect(thrown(() => checkCrypto({}))).toMatch(/^"crypto" expected a crypto provider, got an object without random/);
    const crypto = createNodeProvider();
    const parts = Object.create(crypto, { sign: { value: 1 } }) as object;
    expect(thrown(() => checkCrypto(parts))).toBe('"crypto" expected a crypto provider, got an object without sign');
    const blind = Object.create(crypto, { suitePreference: { value: undefined } }) as object;
    expect(thrown(() => checkCrypto(blind))).toMatch(/got an object without suitePreference$/);
    expect(thrown(() => checkCrypto("node:crypto"))).toBe('"crypto" expected a crypto provider, got a string');
  });
});

describe("checkCrypto, of the suites", () => {
  it.each([
    [[], "none"],
    [["aes-128-gcm"], '"aes-128-gcm"'],
    [[1, 3], "3"],
    [[2, 2], "2 twice"],
  ])("refuses %j", (suitePreference, got) => {
    const crypto = Object.create(createNodeProvider(), { suitePreference: { value: suitePreference } }) as object;
    const expected =
      '"crypto.suitePreference" expected one or more of CipherSuite, 1 (Aes128Gcm), 2 (ChaCha20Poly1305)';
    expect(thrown(() => checkCrypto(crypto))).toBe(`${expected}, got ${got}`);
  });

  it("takes one alone, and any order", () => {
    for (const suitePreference of [[1], [2], [2, 1]]) {
      const crypto = Object.create(createNodeProvider(), { suitePreference: { value: suitePreference } }) as object;
      expect(() => checkCrypto(crypto)).not.toThrow();
    }
  });
});

describe("checkMethods", () => {
  it("goes by the parts, whatever they are of", () => {
    const method = (): void => {};
    expect(() => checkMethods("clock", { now: method }, "a clock", ["now"])).not.toThrow();
    expect(() => checkMethods("clock", Date, "a clock", ["now"])).not.toThrow();
    const check = (value: unknown) => () => checkMethods("clock", value, "a clock", ["now", "defer"]);
    expect(check(Date)).toThrow(new TypeError('"clock" expected a clock, got a function'));
    expect(check(null)).toThrow(new TypeError('"clock" expected a clock, got null'));
    expect(check({ now: method, defer: 5 })).toThrow(
      new TypeError('"clock" expected a clock, got an object without defer'),
    );
  });
});

function thrown(call: () => void): string {
  try {
    call();
  } catch (error) {
    return (error as Error).message;
  }
  return "nothing was thrown";
}
