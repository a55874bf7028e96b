import { createHash, X509Certificate } from "node:crypto";
import { generateIdentity } from "@sortie/handshake/node";
import { decodeCertificateChain } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import {
  CertificateError,
  createCertificateVerifier,
  describeCertificates,
  issueAuthority,
  issueServerCertificate,
  judgeOwnCertificates,
  withCertificates,
} from "../src/index.js";
import { craft, keyPem, pemOf } from "./crafted.js";
import { authorityOf, DAY_MS, dersOf, now, NOW_MS } from "./support.js";

const arena = authorityOf("Arena CA");
const server = generateIdentity();
const NEXT_YEAR: number = NOW_MS + 365 * DAY_MS;

describe("an authority's certificate", () => {
  it("is one that OpenSSL reads, signed by its own key, for certificates alone", () => {
    const x509 = new X509Certificate(arena.pem);
    expect(x509.subject).toBe("CN=Arena CA");
    expect(x509.ca).toBe(true);
    expect(x509.checkIssued(x509) && x509.verify(x509.publicKey)).toBe(true);
    expect(new Date(x509.validFrom).getTime()).toBe(NOW_MS - 3_600_000);
    expect(new Date(x509.validTo).getTime()).toBe(NOW_MS + 3650 * DAY_MS);
  });

  it.each<[string, object, string]>([
    ["an empty name", { name: "" }, '"name" expected a text of 1..64 characters, got 0 characters'],
    ["a long name", { name: "a".repeat(65) }, '"name" expected a text of 1..64 characters, got 65 characters'],
    ["a misspelt option", { day: 1 }, '"options" expected only key, name, days, now, got "day"'],
    ["no key", { key: undefined }, '"key" expected an identity, got undefined'],
    ["null as key", { key: null }, '"key" expected an identity, got null'],
    ["a number as key", { key: 5 }, '"key" expected an identity, got number'],
    ["a text as key", { key: "keys/ca.key" }, '"key" expected an identity, got string'],
    ["a public key as key", { key: server.publicKey }, '"key" expected an identity, got bytes'],
    ["half a key", { key: { publicKey: server.publicKey } }, "got an object without keyPair.privateKey"],
    ["no days", { days: 0 }, '"days" expected a number in 1..36500, got 0'],
    ["a day that is none", { days: Number.NaN }, '"days" expected a number in 1..36500, got NaN'],
  ])("is not issued with %s", (_, options, message) => {
    expect(() => issueAuthority({ key: arena.key, name: "CA", ...options })).toThrow(message);
  });
});

describe("a server's certificate", () => {
  it("fits a SERVER_HELLO with room to spare, and says what it is for", () => {
    const pem = arena.issue({ publicKey: server.publicKey, hostnames: ["game.example.com", "192.0.2.1"] });
    const [der] = dersOf(pem) as [Uint8Array];
    expect(der.length).toBeLessThan(480);
    expect(describeCertificates(pem)).toEqual([
      expect.objectContaining({
        subject: "CN=game.example.com",
        issuer: "CN=Arena CA",
        names: "DNS:game.example.com, IP Address:192.0.2.1",
        notAfter: new Date(NOW_MS + 30 * DAY_MS),
        isAuthority: false,
      }),
    ]);
  });

  it("has a serial number of its own", () => {
    const serials = Array.from({ length: 20 }, () =>
      describeCertificates(arena.issue({ publicKey: server.publicKey })).map(({ serialNumber }) => serialNumber),
    ).flat();
    expect(new Set(serials).size).toBe(20);
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/);
  });

  it.each([() => Number.NaN, () => -1, () => undefined])("is not issued at no time, case %#", (wrong) => {
    const options = { key: arena.key, name: "Arena CA", now: wrong as never };
    expect(() => issueAuthority(options)).toThrow(/"now" expected ms since 1970 in 0\.\.\d+, got (NaN|-1|undefined)$/);
  });

  it("takes dates beyond 2049, which X.509 writes otherwise", () => {
    const authority = issueAuthority({ key: arena.key, name: "Old", days: 36_500, now });
    const options = { authority, authorityKey: arena.key, publicKey: server.publicKey, hostnames: ["a"], now };
    const [der] = dersOf(issueServerCertificate({ ...options, days: 20_000 })) as [Uint8Array];
    const nowMs = NOW_MS + 19_999 * DAY_MS;
    expect(createCertificateVerifier({ ca: authority, hostname: "a", now: () => nowMs }).verify([der])).toBeUndefined();
    const later = (): number => nowMs + 2 * DAY_MS;
    expect(createCertificateVerifier({ ca: authority, hostname: "a", now: later }).verify([der])).toMatchObject({
      code: "expired",
    });
  });

  it.each([
    ["names by SHA-1, as OpenSSL does", createHash("sha1").update(server.publicKey).digest()],
    ["does not name", undefined],
  ])("is believed under an authority whose certificate %s its key", (_, keyId) => {
    const key = generateIdentity();
    const more = keyId && [{ id: "2.5.29.14", critical: false, value: Uint8Array.of(4, keyId.length, ...keyId) }];
    const names = { subject: "Other CA", issuer: "Other CA", publicKeyPem: keyPem(key), signer: key };
    const authority = pemOf(
      craft({ ...names, ca: true, keyUsage: 0x20, ...(more && { more }), notAfterMs: NEXT_YEAR }),
    );
    const { publicKey } = server;
    const pem = issueServerCertificate({ authority, authorityKey: key, publicKey, hostnames: ["game.example"], now });
    const verifier = createCertificateVerifier({ ca: authority, hostname: "game.example", now });
    expect(verifier.verify(dersOf(pem))).toBeUndefined();
  });

  it("is not issued by an authority that clients would not believe", () => {
    const key = generateIdentity();
    const names = { subject: "Weak CA", issuer: "Weak CA", publicKeyPem: keyPem(key), signer: key };
    const authority = pemOf(craft({ ...names, ca: true, keyUsage: 0x80, notAfterMs: NEXT_YEAR }));
    const { publicKey } = server;
    expect(() =>
      issueServerCertificate({ authority, authorityKey: key, publicKey, hostnames: ["game.example"], now }),
    ).toThrow(/"authority" expected one that clients believe for what it issues, got CN=Weak CA/);
  });

  it.each(["::ffff:192.0.2.1", "2001:db8::7", "::1", "192.0.2.9", "64:ff9b::192.0.2.33"])(
    "is for the address %s",
    (address) => {
      const pem = arena.issue({ publicKey: server.publicKey, hostnames: [address] });
      expect(new X509Certificate(pem).checkIP(address)).toBe(address);
    },
  );

  it.each<[string, object, string]>([
    ["an address with a zone", { hostnames: ["fe80::1%eth0"] }, 'got "fe80::1%eth0"'],
    ["bytes as authority", { authority: Buffer.from(arena.pem) }, '"authority" expected a PEM text with'],
    ["a misspelt option", { day: 1 }, '"options" expected only authority, authorityKey, publicKey, hostnames, days'],
    ["a number as the authority's key", { authorityKey: 5 }, '"authorityKey" expected an identity, got number'],
    ["an empty authority's key", { authorityKey: {} }, "got an object without publicKey, keyPair.privateKey"],
    ["no public key", { publicKey: undefined }, `"publicKey" expected the server's public key as bytes, got undefined`],
    ["a text as public key", { publicKey: "keys/server.pub" }, "public key as bytes, got string"],
    ["no names", { hostnames: [] }, '"hostnames" expected 1..16 names, got 0'],
    ["many names", { hostnames: Array(17).fill("a") }, '"hostnames" expected 1..16 names, got 17'],
    ["a name that is none", { hostnames: ["a b"] }, '"hostnames" expected host names or IP addresses, got "a b"'],
    ["a wildcard in the middle", { hostnames: ["a.*.org"] }, 'got "a.*.org"'],
    ["an empty label", { hostnames: ["a..org"] }, 'got "a..org"'],
    ["a longer life than its authority", { days: 3651 }, '"days" expected an end before that of the authority'],
    ["another key than the authority's", { authorityKey: server }, "expected the key of CN=Arena CA, got another one"],
    ["a server's certificate as authority", { authority: arena.issue({ publicKey: server.publicKey }) }, "may issue"],
    ["a date as clock", { now: new Date() }, '"now" expected a function, got object'],
    ["a clock without time", { now: () => "noon" }, '"now" expected ms since 1970 in 0..'],
    ["a clock beyond all dates", { now: () => 9e15 }, ", got 9000000000000000"],
    ["a key as authority", { authority: keyPem(server) }, '"authority" expected PEM blocks "CERTIFICATE"'],
  ])("is not issued with %s", (_, options, message) => {
    expect(() => arena.issue({ publicKey: server.publicKey, ...options })).toThrow(message);
  });
});

describe("an identity with certificates", () => {
  it.each<[string, unknown, string]>([
    ["bytes", Buffer.from(arena.pem), "bytes"],
    ["nothing", undefined, "undefined"],
    ["null", null, "null"],
    ["a list", [arena.pem], "an array"],
  ])("says what it expected and what came where it is given %s", (_, pem, got) => {
    const message = `"pem" expected a PEM text with "-----BEGIN CERTIFICATE-----", got ${got}`;
    const error = new CertificateError("not-pem", message);
    expect(() => withCertificates(server, pem as string)).toThrow(error);
    expect(() => describeCertificates(pem as string)).toThrow(error);
  });

  it.each([
    [undefined, "undefined"],
    [server.publicKey, "bytes"],
    [{ keyPair: server.keyPair }, "an object without publicKey"],
  ])("is not made, or judged, of what is no identity, case %#", (identity, got) => {
    const error = new TypeError(`"identity" expected an identity, got ${got}`);
    const pem = arena.issue({ publicKey: server.publicKey });
    expect(() => withCertificates(identity as never, pem)).toThrow(error);
    expect(() => judgeOwnCertificates(identity as never, NOW_MS)).toThrow(error);
  });

  it("holds the chain as SERVER_HELLO has it", () => {
    const pem = arena.issue({ publicKey: server.publicKey });
    const { certificateChain, publicKey, keyPair } = withCertificates(server, pem);
    expect(decodeCertificateChain(certificateChain as Uint8Array)).toEqual(dersOf(pem));
    expect([publicKey, keyPair]).toEqual([server.publicKey, server.keyPair]);
  });

  it("is refused with a certificate for another key, or with more than fits", () => {
    const other = arena.issue({ publicKey: generateIdentity().publicKey });
    const codeOf = (pem: string): unknown => {
      try {
        return withCertificates(server, pem);
      } catch (error) {
        return error instanceof CertificateError ? [error.code, error.message] : error;
      }
    };
    expect(codeOf(other)).toEqual(["wrong-key", expect.stringContaining("got CN=game.example.com")]);
    const own = arena.issue({ publicKey: server.publicKey });
    expect(codeOf(own + arena.pem)).toMatchObject({ certificateChain: expect.any(Uint8Array) as unknown });
    expect(codeOf(own + arena.pem + other)).toEqual([
      "too-large",
      expect.stringMatching(/at most 900 bytes .* got \d+: leave the authority's own certificate out/),
    ]);
    const ca = { ca: true, subject: "B", issuer: "B", publicKeyPem: keyPem(server), signer: server };
    const small = pemOf(craft(ca));
    expect(codeOf(small.repeat(5))).toEqual(["too-large", expect.stringContaining("1..4 certificates, got 5")]);
  });
});
