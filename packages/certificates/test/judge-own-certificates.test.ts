import { generateIdentity } from "@sortie/handshake/node";
import { encodeCertificateChain } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { createCertificateVerifier, judgeOwnCertificates, withCertificates } from "../src/index.js";
import { craft, type Crafted, keyPem } from "./crafted.js";
import { authorityOf, DAY_MS, dersOf, NOW_MS } from "./support.js";

const HOST = "game.example.com";
const DIGITAL_SIGNATURE = 1;
const KEY_CERT_SIGN = 32;
const arena = authorityOf("Arena CA");
const server = generateIdentity();
const between = generateIdentity();
const issued = arena.issue({ publicKey: server.publicKey });

/** A leaf by the authority itself, unless it says otherwise. */
const leafOf = (more: Partial<Crafted>): Uint8Array =>
  craft({
    subject: "leaf",
    issuer: "Arena CA",
    publicKeyPem: keyPem(server),
    signer: arena.key,
    keyUsage: DIGITAL_SIGNATURE,
    hostnames: [HOST],
    ...more,
  });
const issuerOf = (more: Partial<Crafted>): Uint8Array =>
  leafOf({ subject: "between", publicKeyPem: keyPem(between), ca: true, keyUsage: KEY_CERT_SIGN, ...more });
const byIssuer = leafOf({ issuer: "between", signer: between });

const judge = (chain: readonly Uint8Array[], nowMs: number = NOW_MS) =>
  judgeOwnCertificates({ ...server, certificateChain: encodeCertificateChain(chain) }, nowMs);

describe("what a server knows of its own certificates", () => {
  it("is nothing without certificates", () => {
    expect(judgeOwnCertificates(server, NOW_MS)).toBeUndefined();
  });

  it("is when they expire, where clients take them", () => {
    const own = judgeOwnCertificates(withCertificates(server, issued), NOW_MS);
    expect(own).toEqual({ failure: undefined, notAfterMs: NOW_MS + 30 * DAY_MS });
    expect(judge([byIssuer, issuerOf({})])?.failure).toBeUndefined();
    // The authority that clients have may stand beside it.
    expect(judge([leafOf({}), ...dersOf(arena.pem)])?.failure).toBeUndefined();
  });

  it.each([
    ["has expired", [leafOf({ notAfterMs: NOW_MS - DAY_MS })], "expired"],
    ["is not valid yet", [leafOf({ notBeforeMs: NOW_MS + DAY_MS })], "not-yet-valid"],
    ["is an authority's", dersOf(arena.pem), "unsupported"],
    ["is for clients alone", [leafOf({ extendedKeyUsage: ["1.3.6.1.5.5.7.3.2"] })], "unsupported"],
    ["comes by an issuer that has expired", [byIssuer, issuerOf({ notAfterMs: NOW_MS - DAY_MS })], "expired"],
    ["comes by an issuer that is none", [byIssuer, issuerOf({ ca: false })], "untrusted"],
  ] as const)("is that clients refuse what %s, as they do", (_, chain, code) => {
    expect(judge(chain)?.failure?.code).toBe(code);
    const verifier = createCertificateVerifier({ ca: arena.pem, hostname: HOST, now: () => NOW_MS });
    expect(verifier.verify([...chain])?.code).toBe(code);
  });

  it("is that clients refuse what has no name, and what cannot be read", () => {
    const nameless = craft({ subject: "x", issuer: "Arena CA", publicKeyPem: keyPem(server), signer: arena.key });
    expect(judge([nameless])?.failure).toMatchObject({
      code: "wrong-name",
      text: expect.stringContaining("no name"),
    });
    expect(judge([Uint8Array.of(0x30, 1, 2, 3)])).toEqual({
      failure: { code: "malformed", text: "a certificate cannot be read" },
      notAfterMs: undefined,
    });
  });

  it("lets certificates pass that lie beside the way", () => {
    const stray = issuerOf({ subject: "stray", notAfterMs: NOW_MS - DAY_MS });
    expect(judge([leafOf({}), stray])?.failure).toBeUndefined();
  });
});
