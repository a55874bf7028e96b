import { hkdfSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { CipherSuite } from "@sortie/wire";
import { derivePacketKey, deriveSecrets, nextSecret } from "../src/index.js";
import { providers, seededBytes, toHex } from "./support.js";

function hkdf(key: Uint8Array, salt: Uint8Array, info: string, length: number): string {
  return toHex(new Uint8Array(hkdfSync("sha256", key, salt, info, length)));
}

describe.each(providers)("key schedule with the %s provider", (_, crypto) => {
  const bytes = seededBytes(3);
  const [shared, transcript, none] = [bytes(32), bytes(32), new Uint8Array(0)];

  it("derives each secret under its own label, salted with the transcript", () => {
    const secrets = deriveSecrets(crypto, shared, transcript);
    expect(toHex(secrets.clientSecret)).toBe(hkdf(shared, transcript, "sortie v1 client", 32));
    expect(toHex(secrets.serverSecret)).toBe(hkdf(shared, transcript, "sortie v1 server", 32));
    expect(toHex(secrets.exporterSecret)).toBe(hkdf(shared, transcript, "sortie v1 exporter", 32));
    expect(toHex(secrets.resumptionSecret)).toBe(hkdf(shared, transcript, "sortie v1 resumption", 32));
    expect(new Set(Object.values(secrets).map(toHex)).size).toBe(4);
  });

  it("derives packet keys of the suite's length and the next secret", () => {
    const gcm = derivePacketKey(crypto, CipherSuite.Aes128Gcm, shared);
    const chacha = derivePacketKey(crypto, CipherSuite.ChaCha20Poly1305, shared);
    expect(toHex(gcm.key)).toBe(hkdf(shared, none, "sortie v1 key", 16));
    expect(toHex(chacha.key)).toBe(hkdf(shared, none, "sortie v1 key", 32));
    expect(toHex(gcm.iv)).toBe(hkdf(shared, none, "sortie v1 iv", 12));
    expect(toHex(chacha.iv)).toBe(toHex(gcm.iv));
    expect(toHex(nextSecret(crypto, shared))).toBe(hkdf(shared, none, "sortie v1 update", 32));
  });
});

/** Written down so that a change of any label, or of the order of inputs, is seen. */
describe("known answer of this protocol", () => {
  it.each(providers)("%s", (_, crypto) => {
    const sharedSecret = Uint8Array.from({ length: 32 }, (_, i) => i);
    const transcriptHash = Uint8Array.from({ length: 32 }, (_, i) => 255 - i);
    const secrets = deriveSecrets(crypto, sharedSecret, transcriptHash);
    const { key, iv } = derivePacketKey(crypto, CipherSuite.Aes128Gcm, secrets.clientSecret);
    expect({
      client: toHex(secrets.clientSecret),
      server: toHex(secrets.serverSecret),
      key: toHex(key),
      iv: toHex(iv),
      next: toHex(nextSecret(crypto, secrets.clientSecret)),
    }).toMatchInlineSnapshot(`
      {
        "client": "f139b3075f061aab6d1213e9e87caf643a91b37bdfe51d2bbfd4a521c9688701",
        "iv": "2fc01bcd72bbc9444f25397f",
        "key": "7ca0c195b262ede832835a6431cd47b5",
        "next": "36ed942016de986bb73197fe9c95e1a7400dad9a2bc5b7f903aea22c387c3ab2",
        "server": "1274135349d7f2378043776fa52cf9e8f6548e8d07783356753cf5b98f019c66",
      }
    `);
  });
});
