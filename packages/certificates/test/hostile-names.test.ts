import { generateIdentity } from "@sortie/handshake/node";
import { expect, it } from "vitest";
import { createCertificateVerifier, describeCertificates } from "../src/index.js";
import { craft, keyPem, pemOf } from "./crafted.js";
import { authorityOf, dersOf, now } from "./support.js";

const NAME = "evil\u009b2J\u202e\u2028gpj.exe";
const key = generateIdentity();
const names = { subject: NAME, issuer: NAME, publicKeyPem: keyPem(key), signer: key };

it("a certificate's names stand in messages so that no terminal obeys them, and programs get them as they are", () => {
  const hostile = craft({ ...names, hostnames: ["game.example.com"], keyUsage: 1 });
  const verifier = createCertificateVerifier({ ca: authorityOf("Arena CA").pem, hostname: "game.example.com", now });
  const verdict = verifier.verify([hostile]);
  expect(verdict?.text).toBe("CN=evil\\u{9b}2J\\u{202e}\\u{2028}gpj.exe comes from an authority that is not trusted");
  expect(describeCertificates(pemOf(hostile))).toMatchObject([{ subject: `CN=${NAME}`, issuer: `CN=${NAME}` }]);
});

it("nor do those that it is for", () => {
  const arena = authorityOf("Arena CA");
  const [root] = dersOf(arena.pem) as [Uint8Array];
  const leaf = craft({
    subject: "x",
    issuer: "Arena CA",
    publicKeyPem: keyPem(key),
    signer: arena.key,
    hostnames: ["a\u009b2Jb", "c\u001b[2J"],
    keyUsage: 1,
  });
  const verdict = createCertificateVerifier({ ca: arena.pem, hostname: "game.example.com", now }).verify([leaf, root]);
  expect(verdict).toMatchObject({ code: "wrong-name" });
  expect(verdict?.text).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
});
