import { createNodeProvider } from "@sortie/handshake/node";
import { describe, expect, it, vi } from "vitest";
import { connect, createClient } from "../src/connect.js";
import { createServer } from "../src/create-server.js";
import { type AeadChoice, defaultCrypto, loadedCrypto } from "../src/default-crypto.js";
import { collectWarnings } from "./support/warnings.js";

const CHOICES: readonly (readonly [AeadChoice, RegExp])[] = [
  [
    "auto",
    /^node; AES-128-GCM by openssl-koffi; ChaCha20-Poly1305 by libsodium-wasm to \d+ bytes, then sodium-native$/,
  ],
  ["libsodium-wasm", /^node; ChaCha20-Poly1305 by libsodium-wasm; AES-128-GCM by node:crypto$/],
  ["openssl-koffi", /^node; AES-128-GCM by openssl-koffi; ChaCha20-Poly1305 by node:crypto$/],
  ["sodium-native", /^node; ChaCha20-Poly1305 by sodium-native; AES-128-GCM by node:crypto$/],
  ["node:crypto", /^node; AES-128-GCM by node:crypto; ChaCha20-Poly1305 by node:crypto$/],
  ["noble", /^node; ChaCha20-Poly1305 by noble; AES-128-GCM by noble$/],
];

describe("the default provider", () => {
  it.each(CHOICES)('for "%s" is what it says', async (aead, name) => {
    expect((await loadedCrypto({ aead })).name).toMatch(name);
  });

  it("is quick where nothing is said, and warns of nothing", async () => {
    const warnings = await collectWarnings(async () => {
      expect((await loadedCrypto({})).name).toMatch((CHOICES[0] as [AeadChoice, RegExp])[1]);
    });
    expect(warnings).toEqual([]);
  });

  it("serves from the first moment, and is joined by WebAssembly once that has loaded", async () => {
    const crypto = defaultCrypto({ aead: "libsodium-wasm" });
    expect(crypto.createAead(2, new Uint8Array(32))).toBeDefined();
    await loadedCrypto({ aead: "libsodium-wasm" });
    expect(crypto.name).toContain("ChaCha20-Poly1305 by libsodium-wasm");
  });

  it("goes on without WebAssembly, as under node --jitless, and says so once in a process", async () => {
    vi.resetModules();
    const fresh = await import("../src/default-crypto.js");
    await import("@sortie/handshake/wasm");
    const present: unknown = Reflect.get(globalThis, "WebAssembly");
    Reflect.deleteProperty(globalThis, "WebAssembly");
    try {
      const warnings = await collectWarnings(async () => {
        expect((await fresh.loadedCrypto({ aead: "libsodium-wasm" })).name).toBe(
          "node; AES-128-GCM by node:crypto; ChaCha20-Poly1305 by node:crypto",
        );
        expect((await fresh.loadedCrypto({})).name).toMatch(/ChaCha20-Poly1305 by sodium-native$/);
      });
      expect(warnings.map(({ code }) => code)).toEqual(["SORTIE_AEAD"]);
      expect(warnings[0]?.message).toMatch(/^libsodium-wasm does not load, other libraries encrypt instead: /);
    } finally {
      Reflect.defineProperty(globalThis, "WebAssembly", { value: present, configurable: true, writable: true });
      vi.resetModules();
    }
  });

  it("is the user's own where there is one", async () => {
    const crypto = createNodeProvider();
    expect(defaultCrypto({ crypto })).toBe(crypto);
    expect(await loadedCrypto({ crypto })).toBe(crypto);
  });

  it("is refused when it cannot be, by everything that takes it", async () => {
    const options = { host: "127.0.0.1", port: 1474, protocol: "test/1", dangerouslyTrustAnyServer: true };
    const bad = [
      [{ aead: "wasm" }, RangeError, '"aead" expected one of "auto", "libsodium-wasm", "noble", "node:crypto"'],
      [{ aead: null }, RangeError, "got null"],
      [
        { aead: "noble", crypto: createNodeProvider() },
        TypeError,
        '"aead" expected to stand without "crypto", got both',
      ],
    ] as const;
    for (const [wrong, kind, message] of bad) {
      const all = { ...options, ...(wrong as object) };
      expect(() => createServer({ protocol: "test/1", ...(wrong as object) })).toThrow(kind);
      expect(() => createClient(all)).toThrow(message);
      await expect(connect(all)).rejects.toThrow(message);
    }
  });
});
