import { CipherSuite, MAX_DATAGRAM_BYTES, PACKET_OVERHEAD_BYTES } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { expectAllTaken, failing } from "../../../tests/support/forgotten-await.js";
import { digestOf, fillFrom, SELF_TEST_BODY_BYTES, selfTestKeys, VECTORS } from "../src/aead-self-test-vectors.js";
import {
  type Aead,
  type AeadCost,
  type AeadSource,
  checkedProvider,
  composeProvider,
  nobleAeads,
  protocolId,
} from "../src/index.js";
import { nodeAeads } from "../src/node/index.js";
import { singleSuiteSource } from "../src/single-suite-source.js";
import { bound, BROKEN, PLAIN } from "./broken-aeads.js";
import { altered, node, opensslAeads, wasmAeads } from "./support.js";

expectAllTaken();

const { Aes128Gcm, ChaCha20Poly1305 } = CipherSuite;
const COST: AeadCost = { baseNs: 1, perByteNs: 1 };
const COSTS: AeadSource["costs"] = new Map([
  [Aes128Gcm, COST],
  [ChaCha20Poly1305, COST],
]);

/** What is no AEAD at all, or an asynchronous one. */
const NO_AEADS: readonly (readonly [string, (good: Aead) => unknown, string])[] = [
  ["undefined", () => undefined, '"createAead" of NAME expected to give an object with seal and open, got undefined'],
  ["{}", () => ({}), '"createAead" of NAME expected to give an object with seal and open, got an object without them'],
  ["a promise", () => failing(), '"createAead" of NAME expected to give an object with seal and open, got a promise'],
  [
    "one with an async seal",
    (good) => ({ ...bound(good), seal: (...args: Parameters<Aead["seal"]>) => (good.seal(...args), failing()) }),
    '"seal" of NAME expected to be synchronous, got a promise',
  ],
  [
    "one with an async open",
    (good) => ({ ...bound(good), open: () => failing() }),
    '"open" of NAME expected to be synchronous, got a promise',
  ],
  [
    "one that opens to a text",
    (good) => ({ ...bound(good), open: () => "60" }),
    '"open" of NAME expected to give 60 or -1, got a string',
  ],
];

describe.each([
  [
    "a source",
    '"source" (mine)',
    (createAead: AeadSource["createAead"]) => {
      composeProvider(node, [{ name: "mine", costs: COSTS, createAead }]);
    },
  ],
  [
    "a source that is added",
    '"source" (mine)',
    (createAead: AeadSource["createAead"]) => {
      composeProvider(node, [nodeAeads]).add({ name: "mine", costs: COSTS, createAead });
    },
  ],
  [
    "a provider",
    '"crypto" (altered)',
    (createAead: AeadSource["createAead"]) => {
      protocolId(altered(node, { createAead }), "arena/1");
    },
  ],
] as const)("the self-test of the AEADs of %s", (_, name, take) => {
  it.each(BROKEN)("keeps out one that %s", (_name, makeBroken, what) => {
    for (const broken of [Aes128Gcm, ChaCha20Poly1305]) {
      const [vector, suiteName] =
        broken === Aes128Gcm
          ? ["test case 4 of the specification of GCM", "AES-128-GCM"]
          : ["the vector of RFC 8439 section 2.8.2", "ChaCha20-Poly1305"];
      const createBroken = makeBroken((key) => nodeAeads.createAead(broken, key));
      const create: AeadSource["createAead"] = (suite, key) =>
        suite === broken ? createBroken(key) : nodeAeads.createAead(suite, key);
      const failing = what.startsWith("at ") ? `the self-test of ${suiteName} ${what}` : `${vector}: ${what}`;
      expect(() => take(create)).toThrow(new TypeError(`${name} fails ${failing}`));
    }
  });

  it.each(NO_AEADS)("keeps out %s", (_name, make, message) => {
    const create: AeadSource["createAead"] = (suite, key) => make(nodeAeads.createAead(suite, key)) as Aead;
    expect(() => take(create)).toThrow(new TypeError(message.replace("NAME", name)));
  });

  it("tells what createAead throws, with the cause", () => {
    const cause = new Error("HSM is gone");
    const create = (): Aead => {
      throw cause;
    };
    expect(() => take(create)).toThrow(/fails test case 4 .*: createAead threw: HSM is gone$/);
    expect(() => take(create)).toThrow(expect.objectContaining({ cause }) as Error);
  });
});

describe("the self-test", () => {
  it("comes once for a source or a provider that passes, and again for one that does not", () => {
    let made = 0;
    const createAead: AeadSource["createAead"] = (...args) => (made++, nodeAeads.createAead(...args));
    const source: AeadSource = { name: "mine", costs: COSTS, createAead };
    const [crypto] = [composeProvider(node, [source]), composeProvider(node, [source])];
    // Three keys for each suite.
    expect(made).toBe(6);
    protocolId(crypto, "arena/1");
    expect(made).toBe(6);
    const provider = altered(node, { createAead });
    for (let i = 0; i < 3; i++) protocolId(provider, "arena/1");
    expect(made).toBe(12);
    const bad = altered(node, { createAead: () => (made++, undefined as unknown as Aead) });
    for (let i = 0; i < 3; i++) expect(() => protocolId(bad, "arena/1")).toThrow(TypeError);
    expect(made).toBe(15);
  });

  it("comes for a suite that joins the costs after its source has passed", () => {
    const costs = new Map<CipherSuite, AeadCost>([[Aes128Gcm, COST]]);
    const createAead: AeadSource["createAead"] = (suite, key) =>
      suite === Aes128Gcm ? nodeAeads.createAead(suite, key) : PLAIN;
    const source: AeadSource = { name: "mine", costs, createAead };
    expect(() => composeProvider(node, [nodeAeads, source])).not.toThrow();
    costs.set(ChaCha20Poly1305, { baseNs: 0, perByteNs: 0 });
    for (let i = 0; i < 2; i++) {
      expect(() => composeProvider(node, [nodeAeads, source])).toThrow(
        /^"source" \(mine\) fails the vector of RFC 8439/,
      );
    }
  });

  it("need not come for a suite that joins the costs of a source of a provider: it has no part in it", () => {
    const parts: Record<keyof AeadCost, number> = { baseNs: 1, perByteNs: 1 };
    const costs = new Map<CipherSuite, AeadCost>([[Aes128Gcm, parts]]);
    const createAead: AeadSource["createAead"] = (suite, key) =>
      suite === Aes128Gcm ? nodeAeads.createAead(suite, key) : PLAIN;
    const source = { name: "mine", costs, createAead };
    const crypto = composeProvider(node, [nodeAeads, source]);
    checkedProvider(crypto);
    costs.set(ChaCha20Poly1305, { baseNs: 0, perByteNs: 0 });
    source.name = "other";
    parts.baseNs = 1e9;
    crypto.add(wasmAeads);
    expect(crypto.name).toBe("node; AES-128-GCM by mine; ChaCha20-Poly1305 by libsodium-wasm");
    const packet = new Uint8Array(200);
    checkedProvider(crypto)
      .createAead(ChaCha20Poly1305, new Uint8Array(32))
      .seal(new Uint8Array(12), packet, 0, 9, 184);
    expect(packet.subarray(9).every((byte) => byte === 0)).toBe(false);
  });

  it.each([
    ["noble", nobleAeads],
    ["node:crypto", nodeAeads],
  ])("compares with what %s gives", (_, source) => {
    for (const suite of [Aes128Gcm, ChaCha20Poly1305]) {
      const vector = VECTORS[suite];
      const keys = selfTestKeys(vector);
      const digests = SELF_TEST_BODY_BYTES.map((bodyBytes, i) => {
        const [packet, nonce] = [new Uint8Array(9 + bodyBytes + 16), new Uint8Array(12)];
        fillFrom(3 * i, packet.subarray(0, 9));
        fillFrom(3 * i + 1, packet.subarray(9, 9 + bodyBytes));
        fillFrom(3 * i + 2, nonce);
        const aead = source.createAead(suite, keys[i % keys.length] as Uint8Array);
        aead.seal(nonce, packet, 0, 9, 9 + bodyBytes);
        return digestOf(packet.subarray(9));
      });
      expect(digests.join("")).toBe(vector.digests);
      expect(Math.max(...SELF_TEST_BODY_BYTES)).toBe(MAX_DATAGRAM_BYTES - PACKET_OVERHEAD_BYTES);
    }
  });

  it("has each bit of nonce and header both set and clear", () => {
    const [ones, zeros] = [new Uint8Array(21), new Uint8Array(21)];
    for (let i = 0; i < SELF_TEST_BODY_BYTES.length; i++) {
      const [header, nonce] = [new Uint8Array(9), new Uint8Array(12)];
      fillFrom(3 * i, header);
      fillFrom(3 * i + 2, nonce);
      [...header, ...nonce].forEach((byte, at) => {
        ones[at] = (ones[at] as number) | byte;
        zeros[at] = (zeros[at] as number) | ~byte;
      });
    }
    expect([...ones, ...zeros]).toEqual(new Array(42).fill(255));
  });

  it("of a source of one suite comes when it is made", () => {
    const chacha = (key: Uint8Array): Aead => wasmAeads.createAead(ChaCha20Poly1305, key);
    expect(singleSuiteSource("good", ChaCha20Poly1305, COST, chacha).name).toBe("good");
    const aes = (key: Uint8Array): Aead => opensslAeads.createAead(Aes128Gcm, key);
    expect(singleSuiteSource("aes", Aes128Gcm, COST, aes).name).toBe("aes");
    const other = (key: Uint8Array): Aead => aes(key.map((byte) => byte ^ 1));
    const message = "bad fails test case 4 of the specification of GCM: it seals wrong";
    expect(() => singleSuiteSource("bad", Aes128Gcm, COST, other)).toThrow(message);
  });
});

describe("a source that is none", () => {
  const { createAead } = nodeAeads;
  const costs = (baseNs: unknown, perByteNs: unknown = 1): unknown => new Map([[Aes128Gcm, { baseNs, perByteNs }]]);
  const PROMISE = Symbol("made in the test, which watches what becomes of it");
  it.each([
    ["undefined", undefined, '"source" expected an AEAD source, got undefined'],
    ["a promise", PROMISE, '"source" expected an AEAD source, got a promise'],
    ["{}", {}, '"source" expected an AEAD source, got an object without name and createAead and costs, a Map'],
    ["no costs", { name: "m", createAead }, '"source" expected an AEAD source, got an object without costs, a Map'],
    ["costs in an object", { name: "m", costs: {}, createAead }, "got an object without costs, a Map"],
    [
      "another suite",
      { name: "m", costs: new Map([[9, COST]]), createAead },
      "expected the suites 1 and 2 alone, got 9",
    ],
    ["no cost", { name: "m", costs: new Map([[1, undefined]]), createAead }, '"baseNs" of suite 1 in m expected'],
    ["NaN", { name: "m", costs: costs(NaN), createAead }, "expected a finite number from 0 on, got NaN"],
    ["below 0", { name: "m", costs: costs(-1), createAead }, "expected a finite number from 0 on, got -1"],
    ["Infinity", { name: "m", costs: costs(1, Infinity), createAead }, '"perByteNs" of suite 1 in m expected a finite'],
    ["a text", { name: "m", costs: costs("5"), createAead }, "expected a finite number from 0 on, got a string"],
  ])("is told so: %s", (_, given, message) => {
    const source = (): AeadSource => (given === PROMISE ? failing() : (given as AeadSource));
    expect(() => composeProvider(node, [nodeAeads, source()])).toThrow(message);
    const composed = composeProvider(node, [nodeAeads]);
    expect(() => composed.add(source())).toThrow(message);
    expect(composed.name).toBe(composeProvider(node, [nodeAeads]).name);
  });

  it("nor a list of them", () => {
    const message = '"sources" expected an array of AEAD sources, got ';
    expect(() => composeProvider(node, undefined as never)).toThrow(`${message}undefined`);
    expect(() => composeProvider(node, failing())).toThrow(`${message}a promise`);
    expect(() => composeProvider(node, nodeAeads as never)).toThrow(`${message}an object`);
  });
});
