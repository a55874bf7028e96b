import { CipherSuite } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { type AeadCost, type AeadSource, composeProvider, nobleAeads } from "../src/index.js";
import { nodeAeads } from "../src/node/index.js";
import { loadWasmAeads } from "../src/wasm/index.js";
import { aeadSources, noble, node, opensslAeads, sodiumAeads, sourceWith, suites, wasmAeads } from "./support.js";

const { Aes128Gcm, ChaCha20Poly1305 } = CipherSuite;
const KEY = new Uint8Array(32).fill(1);

function line(baseNs: number, perByteNs: number): AeadCost {
  return { baseNs, perByteNs };
}

/** A source of both suites whose AEADs note which of them sealed what. */
function noting(name: string, costs: AeadSource["costs"], log: string[]): AeadSource {
  const createAead: AeadSource["createAead"] = (suite, key) => {
    const inner = nodeAeads.createAead(suite, key);
    return {
      seal: (...args) => {
        log.push(`${name} ${args[4] - args[3]}`);
        inner.seal(...args);
      },
      open: (...args) => {
        log.push(`${name} ${args[4] - args[3] - 16}`);
        return inner.open(...args);
      },
    };
  };
  return { name, costs, createAead };
}

describe("composeProvider", () => {
  it("takes the cheapest source for each size, as the lines of their costs cross", () => {
    const log: string[] = [];
    const aes: [CipherSuite, AeadCost] = [Aes128Gcm, line(1, 0)];
    const crypto = composeProvider(node, [
      noting("large", new Map([aes, [ChaCha20Poly1305, line(1000, 1)]]), log),
      noting("small", new Map([[ChaCha20Poly1305, line(0, 11)]]), log),
      noting("middle", new Map([[ChaCha20Poly1305, line(500, 3)]]), log),
      noting("never", new Map([[ChaCha20Poly1305, line(1001, 1)]]), log),
    ]);
    const aead = crypto.createAead(ChaCha20Poly1305, KEY);
    const [bytes, out] = [new Uint8Array(60_100), new Uint8Array(60_000)];
    // Of the self-tests.
    log.length = 0;
    for (const size of [0, 62, 63, 249, 250, 1427, 60_000]) {
      aead.seal(new Uint8Array(12), bytes, 0, 9, 9 + size);
      expect(aead.open(new Uint8Array(12), bytes, 0, 9, 9 + size + 16, out)).toBe(size);
    }
    const by = ["small 0", "small 62", "middle 63", "middle 249", "large 250", "large 1427", "large 60000"];
    expect(log).toEqual(by.flatMap((entry) => [entry, entry]));
    expect(crypto.name).toBe(
      "node; AES-128-GCM by large; ChaCha20-Poly1305 by small to 62 bytes, then middle to 249 bytes, then large",
    );
  });

  it("prefers the suite that costs less at 256 bytes", () => {
    const both = (aes: number, chacha: number): AeadSource =>
      noting("both", new Map([[Aes128Gcm, line(aes, 0)], [ChaCha20Poly1305, line(chacha, 0)]]), []); // prettier-ignore
    expect(composeProvider(node, [both(1, 2)]).suitePreference).toEqual([Aes128Gcm, ChaCha20Poly1305]);
    expect(composeProvider(node, [both(2, 1)]).suitePreference).toEqual([ChaCha20Poly1305, Aes128Gcm]);
    expect(composeProvider(node, [nodeAeads]).suitePreference).toEqual(node.suitePreference);
    expect(composeProvider(noble, [nobleAeads]).suitePreference).toEqual(noble.suitePreference);
    for (const fast of [wasmAeads, sodiumAeads]) {
      expect(composeProvider(node, [nodeAeads, fast]).suitePreference).toEqual([ChaCha20Poly1305, Aes128Gcm]);
    }
  });

  it("of all sources takes OpenSSL by koffi, and for ChaCha20 WebAssembly, native code for large packets", () => {
    const crypto = composeProvider(node, aeadSources);
    expect(crypto.name).toMatch(
      /^node; AES-128-GCM by openssl-koffi; ChaCha20-Poly1305 by libsodium-wasm to \d+ bytes, then sodium-native$/,
    );
    expect(crypto.suitePreference).toEqual([Aes128Gcm, ChaCha20Poly1305]);
  });

  it("takes one more source for what is made from then on; what was made before goes on", () => {
    const crypto = composeProvider(node, [nodeAeads]);
    const before = crypto.createAead(ChaCha20Poly1305, KEY);
    crypto.add(wasmAeads);
    expect(crypto.suitePreference[0]).toBe(ChaCha20Poly1305);
    expect(crypto.name).toContain("ChaCha20-Poly1305 by libsodium-wasm");
    const after = crypto.createAead(ChaCha20Poly1305, KEY);
    const [nonce, packet, out] = [new Uint8Array(12), new Uint8Array(9 + 5 + 16), new Uint8Array(5)];
    before.seal(nonce, packet, 0, 9, 14);
    expect(after.open(nonce, packet, 0, 9, packet.length, out)).toBe(5);
    expect(() => crypto.add(wasmAeads)).toThrow('"source" expected a new name, got "libsodium-wasm" again');
  });

  it("leaves keys, hashes and randomness to the base", () => {
    const crypto = composeProvider(node, [nodeAeads]);
    const pair = crypto.generateKeyPair();
    const message = Uint8Array.of(1, 2, 3);
    expect(noble.verify(pair.publicKey, message, crypto.sign(pair.privateKey, message))).toBe(true);
    expect(node.verify(pair.publicKey, message, node.sign(pair.privateKey, message))).toBe(true);
    expect(crypto.sha256(message)).toEqual(node.sha256(message));
    expect(crypto.randomBytes(7)).toHaveLength(7);
  });

  it("needs a source for each suite, each under a name of its own", () => {
    expect(() => composeProvider(node, [])).toThrow(
      '"sources" expected one with suite AES-128-GCM, got none: nobleAeads of @sortie/handshake has both suites',
    );
    expect(() => composeProvider(node, [wasmAeads])).toThrow('"sources" expected one with suite AES-128-GCM, got none');
    const aes = sourceWith(nodeAeads, "aes", new Map([...nodeAeads.costs].slice(0, 1)));
    expect(() => composeProvider(node, [aes])).toThrow('"sources" expected one with suite ChaCha20-Poly1305, got none');
    expect(() => composeProvider(node, [nodeAeads, nodeAeads])).toThrow(TypeError);
  });

  it("refuses keys of the wrong length and unknown suites before a source sees them", () => {
    const crypto = composeProvider(node, aeadSources);
    expect(() => crypto.createAead(ChaCha20Poly1305, new Uint8Array(16))).toThrow('"key" expected 32 bytes, got 16');
    expect(() => crypto.createAead(9 as CipherSuite, KEY)).toThrow('"suite" expected 1 or 2, got 9');
  });
});

describe.each([
  ["wasm", wasmAeads, ChaCha20Poly1305, 32, Aes128Gcm, 16],
  ["sodium", sodiumAeads, ChaCha20Poly1305, 32, Aes128Gcm, 16],
  ["openssl", opensslAeads, Aes128Gcm, 16, ChaCha20Poly1305, 32],
] as const)("the %s source", (_, source, own, keyBytes, other, otherBytes) => {
  const key = new Uint8Array(keyBytes).fill(1);

  it("has one suite alone", () => {
    expect([...source.costs.keys()]).toEqual([own]);
    expect(() => source.createAead(other, new Uint8Array(otherBytes))).toThrow(
      `"suite" expected ${own} for ${source.name}, got ${other}`,
    );
    expect(() => source.createAead(own, new Uint8Array(31))).toThrow(`"key" expected ${keyBytes} bytes, got 31`);
  });

  it("throws for lengths that would reach past its memory, and neither reads nor writes", () => {
    const aead = source.createAead(own, key);
    const nonce = new Uint8Array(12);
    const bytes = new Uint8Array(70_000).fill(7);
    const out = new Uint8Array(70_000).fill(9);
    const bad: readonly (readonly [() => unknown, string])[] = [
      [() => aead.seal(nonce, bytes, 0, 9, 8), '"body" expected 0..65507 bytes, got -1'],
      [() => aead.seal(nonce, bytes, 0, 9, 9 + 65_508), '"body" expected 0..65507 bytes, got 65508'],
      [() => aead.seal(nonce, bytes, 0, 257, 300), '"header" expected 0..256 bytes, got 257'],
      [() => aead.seal(nonce, bytes, 9, 0, 300), '"header" expected 0..256 bytes, got -9'],
      [() => aead.seal(nonce, bytes, 0, Number.NaN, 300), '"header" expected 0..256 bytes, got NaN'],
      [() => aead.seal(nonce.subarray(1), bytes, 0, 9, 300), '"nonce" expected 12 bytes, got 11'],
      [() => aead.open(nonce, bytes, 0, 9, 24, out), '"body" expected 0..65507 bytes, got -1'],
      [() => aead.open(nonce, bytes, 0, 9, 9 + 65_508 + 16, out), '"body" expected 0..65507 bytes, got 65508'],
      [() => aead.open(nonce, bytes, 0, 257, 300, out), '"header" expected 0..256 bytes, got 257'],
      [() => aead.open(new Uint8Array(24), bytes, 0, 9, 300, out), '"nonce" expected 12 bytes, got 24'],
    ];
    for (const [call, message] of bad) expect(call).toThrow(new RangeError(message));
    expect(bytes.every((byte) => byte === 7)).toBe(true);
    expect(out.every((byte) => byte === 9)).toBe(true);
  });

  it("writes nothing where the output is too short", () => {
    const aead = source.createAead(own, key);
    const [nonce, packet, out] = [new Uint8Array(12), new Uint8Array(9 + 5 + 16), new Uint8Array(4).fill(9)];
    aead.seal(nonce, packet, 0, 9, 14);
    expect(() => aead.open(nonce, packet, 0, 9, packet.length, out)).toThrow(RangeError);
    expect([...out]).toEqual([9, 9, 9, 9]);
  });
});

it("the wasm source rejects where there is no WebAssembly", async () => {
  const present: unknown = Reflect.get(globalThis, "WebAssembly");
  Reflect.deleteProperty(globalThis, "WebAssembly");
  try {
    await expect(loadWasmAeads()).rejects.toThrow("WebAssembly");
  } finally {
    Reflect.defineProperty(globalThis, "WebAssembly", { value: present, configurable: true, writable: true });
  }
});

describe("each source", () => {
  it.each(aeadSources.map((source) => [source.name, source] as const))("%s states costs above 0", (_, source) => {
    for (const suite of suites) {
      const cost = source.costs.get(suite);
      if (cost === undefined) continue;
      expect(cost.baseNs).toBeGreaterThan(0);
      expect(cost.perByteNs).toBeGreaterThan(0);
    }
  });
});
