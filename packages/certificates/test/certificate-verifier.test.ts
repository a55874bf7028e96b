import { generateKeyPairSync } from "node:crypto";
import type { Identity } from "@sortie/handshake";
import { generateIdentity } from "@sortie/handshake/node";
import { afterEach, describe, expect, it, vi } from "vitest";
import { CertificateError, createCertificateVerifier } from "../src/index.js";
import { craft, type Crafted, keyPem, pemOf } from "./crafted.js";
import { authorityOf, DAY_MS, dersOf, now, NOW_MS } from "./support.js";

const HOST = "game.example.com";
const arena = authorityOf("Arena CA");
const server = generateIdentity();
const [leaf] = dersOf(arena.issue({ publicKey: server.publicKey })) as [Uint8Array];

const verifierFor = (ca: string | string[], hostname: string = HOST, nowMs: number = NOW_MS) =>
  createCertificateVerifier({ ca, hostname, now: () => nowMs });

describe("a certificate that the authority issued", () => {
  afterEach(() => void vi.useRealTimers());

  it("is believed, and its key read", () => {
    const verifier = verifierFor(arena.pem);
    expect(verifier.verify([leaf])).toBeUndefined();
    expect(verifier.leafKey([leaf])).toEqual(server.publicKey);
  });

  it("is believed with the authority's own certificate in the chain, and among several authorities", () => {
    const [root] = dersOf(arena.pem) as [Uint8Array];
    expect(verifierFor(arena.pem).verify([leaf, root])).toBeUndefined();
    expect(verifierFor([authorityOf("Other CA").pem, arena.pem]).verify([leaf])).toBeUndefined();
    expect(verifierFor(authorityOf("Other CA").pem + arena.pem).verify([leaf])).toBeUndefined();
  });

  it("is believed when it is itself among the authorities", () => {
    expect(verifierFor(pemOf(leaf)).verify([leaf])).toBeUndefined();
  });

  it.each([
    ["expired", NOW_MS + 31 * DAY_MS, /expired on 2027-02-14/],
    ["not-yet-valid", NOW_MS - DAY_MS, /valid from 2027-01-15T11:00:00.000Z only/],
  ] as const)("is %s at another date", (code, nowMs, text) => {
    const verdict = verifierFor(arena.pem, HOST, nowMs).verify([leaf]);
    expect(verdict?.code).toBe(code);
    expect(verdict?.text).toMatch(text);
  });

  it("is judged by the date of now, where a test's fake timers came later than the verifier", () => {
    const verifier = createCertificateVerifier({ ca: arena.pem, hostname: HOST });
    const codeAt = (date: number): unknown => {
      vi.useFakeTimers({ toFake: ["Date"], now: date });
      return verifier.verify([leaf])?.code;
    };
    expect([NOW_MS, NOW_MS + 31 * DAY_MS].map(codeAt)).toEqual([undefined, "expired"]);
  });

  it.each(["other.example.com", "example.com", "a.game.example.com", "game.example.com.evil.org", "192.0.2.1", "::1"])(
    "is not for %s",
    (hostname) => {
      expect(verifierFor(arena.pem, hostname).verify([leaf])).toMatchObject({ code: "wrong-name" });
    },
  );

  it("may name addresses and one level by a wildcard", () => {
    const hostnames = ["192.0.2.1", "2001:db8::7", "*.example.com"];
    const [der] = dersOf(arena.issue({ publicKey: server.publicKey, hostnames })) as [Uint8Array];
    for (const hostname of ["192.0.2.1", "2001:db8::7", "2001:DB8:0::7", "eu.example.com", "EU.Example.COM"]) {
      expect(verifierFor(arena.pem, hostname).verify([der])).toBeUndefined();
    }
    for (const hostname of ["192.0.2.2", "2001:db8::8", "example.com", "a.b.example.com"]) {
      expect(verifierFor(arena.pem, hostname).verify([der])).toMatchObject({ code: "wrong-name" });
    }
  });

  it("of another authority is not trusted, even one of the same name", () => {
    expect(verifierFor(authorityOf("Other CA").pem).verify([leaf])).toMatchObject({ code: "untrusted" });
    expect(verifierFor(authorityOf("Arena CA").pem).verify([leaf])).toMatchObject({ code: "untrusted" });
  });

  it.each([
    ["text", "string"],
    [undefined, "undefined"],
    [leaf, "bytes"],
    [[leaf, undefined], "one with undefined"],
    [[pemOf(leaf)], "one with string"],
  ])("is not judged where it is no array of bytes, case %#", (certificates, got) => {
    const verifier = verifierFor(arena.pem);
    const error = new TypeError(`"certificates" expected an array of bytes, got ${got}`);
    expect(() => verifier.verify(certificates as never)).toThrow(error);
    expect(() => verifier.leafKey(certificates as never)).toThrow(error);
  });

  it("is malformed with any byte missing, added, or in place of DER", () => {
    const verifier = verifierFor(arena.pem);
    const longer = Uint8Array.of(...leaf, 0);
    const pem = Uint8Array.from(Buffer.from(pemOf(leaf)));
    for (const bad of [leaf.subarray(0, -1), longer, pem, new Uint8Array(0), Uint8Array.of(0x30, 0)]) {
      expect(verifier.verify([bad])).toMatchObject({ code: "malformed" });
      expect(verifier.leafKey([bad])).toBeUndefined();
      expect(verifier.verify([leaf, bad])).toMatchObject({ code: "malformed" });
    }
    expect(verifier.verify([])).toMatchObject({ code: "malformed" });
    expect(verifier.leafKey([])).toBeUndefined();
    expect(verifier.verify([leaf, leaf, leaf, leaf, leaf])).toMatchObject({ code: "malformed" });
  });

  it("is not believed with any bit of what is signed turned", () => {
    const verifier = verifierFor(arena.pem);
    // Outer header (4), then the signed part up to the signature algorithm of 12 bytes and the signature of 70 to 72.
    for (let at = 4; at < leaf.length - 90; at++) {
      const changed = leaf.slice();
      changed[at] = (changed[at] as number) ^ (1 << (at & 7));
      expect(verifier.verify([changed]), `byte ${at}`).toBeDefined();
    }
  });
});

/** Permits names below example.com (RFC 5280 section 4.2.1.10). */
const NAME_CONSTRAINTS = {
  id: "2.5.29.30",
  critical: false,
  value: Uint8Array.of(0x30, 0x11, 0xa0, 0x0f, 0x30, 0x0d, 0x82, 0x0b, ...new TextEncoder().encode("example.com")),
};

/** A root, an authority below it, and a leaf, each with what a test changes. */
function crafted(changes: {
  readonly root?: Partial<Crafted>;
  readonly middle?: Partial<Crafted>;
  readonly leaf?: Partial<Crafted>;
}): { readonly ca: string; readonly chain: Uint8Array[] } {
  const [rootKey, middleKey]: [Identity, Identity] = [generateIdentity(), generateIdentity()];
  const authority = { ca: true, keyUsage: 32 };
  const root: Crafted = {
    ...authority,
    ...{ subject: "Root", issuer: "Root", publicKeyPem: keyPem(rootKey), signer: rootKey },
    ...changes.root,
  };
  const middle: Crafted = {
    ...authority,
    ...{ subject: "Middle", issuer: "Root", publicKeyPem: keyPem(middleKey), signer: rootKey },
    ...changes.middle,
  };
  const end: Crafted = {
    ...{ subject: "Leaf", issuer: "Middle", publicKeyPem: keyPem(server), signer: middleKey },
    ...{ keyUsage: 1, hostnames: [HOST], extendedKeyUsage: ["1.3.6.1.5.5.7.3.1"] },
    ...changes.leaf,
  };
  return { ca: pemOf(craft(root)), chain: [craft(end), craft(middle)] };
}

describe("a path over an intermediate authority", () => {
  it("is believed, and not without the intermediate", () => {
    const { ca, chain } = crafted({});
    expect(verifierFor(ca).verify(chain)).toBeUndefined();
    expect(verifierFor(ca).verify(chain.slice(0, 1))).toMatchObject({ code: "untrusted" });
  });

  it("ends at an intermediate that is itself trusted", () => {
    const { chain } = crafted({});
    expect(verifierFor(pemOf(chain[1] as Uint8Array)).verify(chain.slice(0, 1))).toBeUndefined();
  });

  it.each<[string, Parameters<typeof crafted>[0], string]>([
    ["the intermediate is no authority", { middle: { ca: false } }, "untrusted"],
    ["the intermediate says nothing of being one", { middle: { ca: undefined as never } }, "untrusted"],
    ["the intermediate may not sign certificates", { middle: { keyUsage: 1 } }, "untrusted"],
    ["the root is no authority", { root: { ca: false } }, "untrusted"],
    ["the root may have none below it", { root: { pathLength: 0 } }, "untrusted"],
    ["the root has expired", { root: { notAfterMs: NOW_MS - 1000 } }, "expired"],
    ["the intermediate has expired", { middle: { notAfterMs: NOW_MS - 1000 } }, "expired"],
    ["the intermediate is not valid yet", { middle: { notBeforeMs: NOW_MS + 1000 } }, "not-yet-valid"],
    ["the leaf is for client authentication", { leaf: { extendedKeyUsage: ["1.3.6.1.5.5.7.3.2"] } }, "unsupported"],
    ["the leaf is not for signatures", { leaf: { keyUsage: 16 } }, "unsupported"],
    ["the leaf has no names", { leaf: { hostnames: undefined as never } }, "wrong-name"],
    ["the name stands in the common name alone", { leaf: { hostnames: ["x.org"], subject: HOST } }, "wrong-name"],
    ["a critical extension is unknown", { leaf: { more: [{ id: "1.2.3.4", critical: true }] } }, "unsupported"],
    ["names are constrained", { middle: { more: [NAME_CONSTRAINTS] } }, "unsupported"],
    [
      "an extension stands twice",
      { leaf: { more: [{ id: "2.5.29.19", critical: true, value: Uint8Array.of(0x30, 0) }], ca: true } },
      "unsupported",
    ],
    ["it is signed with SHA-1", { middle: { hash: "sha1", signatureAlgorithm: "1.2.840.10045.4.1" } }, "unsupported"],
    [
      "it says SHA-384 and is signed with SHA-256",
      { middle: { signatureAlgorithm: "1.2.840.10045.4.3.3" } },
      "untrusted",
    ],
    ["the leaf was signed by another key of that name", { leaf: { signer: generateIdentity() } }, "untrusted"],
  ])("is not believed when %s", (_, changes, code) => {
    const { ca, chain } = crafted(changes);
    expect(verifierFor(ca).verify(chain)).toMatchObject({ code });
  });

  it("takes non-critical extensions that it does not know", () => {
    const { ca, chain } = crafted({ leaf: { more: [{ id: "1.2.3.4", critical: false }] } });
    expect(verifierFor(ca).verify(chain)).toBeUndefined();
  });

  it("takes leaves of P-256 alone", () => {
    const pems = (["P-384", "secp256k1"] as const).map(
      (namedCurve) => generateKeyPairSync("ec", { namedCurve }).publicKey,
    );
    for (const key of [...pems, generateKeyPairSync("ed25519").publicKey]) {
      const publicKeyPem = key.export({ type: "spki", format: "pem" }) as string;
      const { ca, chain } = crafted({ leaf: { publicKeyPem } });
      expect(verifierFor(ca).verify(chain)).toMatchObject({ code: "unsupported" });
      expect(verifierFor(ca).leafKey(chain)).toBeUndefined();
    }
  });

  it("ends where authorities issue each other in a circle", () => {
    const [a, b] = [generateIdentity(), generateIdentity()];
    const authority = { ca: true, keyUsage: 32 };
    const ab = craft({ ...authority, subject: "A", issuer: "B", publicKeyPem: keyPem(a), signer: b });
    const ba = craft({ ...authority, subject: "B", issuer: "A", publicKeyPem: keyPem(b), signer: a });
    const end = craft({ subject: "Leaf", issuer: "A", publicKeyPem: keyPem(server), signer: a, hostnames: [HOST] });
    expect(verifierFor(arena.pem).verify([end, ab, ba])).toMatchObject({ code: "untrusted" });
  });
});

describe("options of a verifier", () => {
  it.each<[string, object, string]>([
    [
      "no authority",
      { ca: "", hostname: HOST },
      '"ca" expected a PEM text with "-----BEGIN CERTIFICATE-----", got none',
    ],
    ["an empty list", { ca: [], hostname: HOST }, '"ca" expected at least one certificate, got none'],
    ["a key for an authority", { ca: keyPem(server), hostname: HOST }, "that is a key, and belongs elsewhere"],
    ["a damaged one", { ca: pemOf(leaf.subarray(0, -1)), hostname: HOST }, "got a damaged one (no. 1)"],
    ["a number for authorities", { ca: 7, hostname: HOST }, '"ca" expected PEM text, or an array of it, got number'],
    ["a promise for authorities", { ca: Promise.resolve(arena.pem), hostname: HOST }, "array of it, got a promise"],
    ["one among them", { ca: [Promise.resolve(arena.pem)], hostname: HOST }, "array of it, got one with a promise"],
    ["bytes for authorities", { ca: Buffer.from(arena.pem), hostname: HOST }, "or an array of it, got bytes"],
    ["a misspelt option", { ca: arena.pem, hostname: HOST, nowMs: now }, 'only ca, hostname, now, got "nowMs"'],
    ["a date for a clock", { ca: arena.pem, hostname: HOST, now: NOW_MS }, '"now" expected a function, got number'],
    ["no name", { ca: arena.pem }, '"hostname" expected a string, got undefined'],
    ["an empty name", { ca: arena.pem, hostname: "" }, '"hostname" expected 1..253 characters, got 0'],
    ["a long name", { ca: arena.pem, hostname: "a".repeat(254) }, '"hostname" expected 1..253 characters, got 254'],
  ])("are refused with %s", (_, options, message) => {
    expect(() => createCertificateVerifier({ now, ...options } as never)).toThrow(message);
  });

  it.each([
    [undefined, "undefined"],
    [null, "null"],
    ["ca", "string"],
    [Promise.resolve({ ca: arena.pem, hostname: HOST }), "a promise"],
    [[{ ca: arena.pem, hostname: HOST }], "an array"],
  ])("are refused when they are none: %s", (options, got) => {
    const message = `"options" expected an object, got ${got}`;
    expect(() => createCertificateVerifier(options as never)).toThrow(new TypeError(message));
  });

  it("take 256 authorities and no more", () => {
    const many = arena.pem.repeat(256);
    expect(createCertificateVerifier({ ca: many, hostname: HOST, now }).verify([leaf])).toBeUndefined();
    expect(() => createCertificateVerifier({ ca: many + arena.pem, hostname: HOST })).toThrow(
      '"ca" expected at most 256 certificates, got 257',
    );
  });

  it("throw CertificateError with a code for what is no certificate", () => {
    const codeOf = (ca: string): unknown => {
      try {
        return createCertificateVerifier({ ca, hostname: HOST });
      } catch (error) {
        return error instanceof CertificateError ? error.code : error;
      }
    };
    expect(["", keyPem(server), pemOf(Uint8Array.of(1, 2, 3))].map(codeOf)).toEqual([
      "not-pem",
      "wrong-format",
      "malformed",
    ]);
  });
});
