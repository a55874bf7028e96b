import { CipherSuite } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { expectAllTaken, failing } from "../../../tests/support/forgotten-await.js";
import { type Aead, type AeadCost, type AeadSource, composeProvider, protocolId } from "../src/index.js";
import { nodeAeads } from "../src/node/index.js";
import { singleSuiteSource } from "../src/single-suite-source.js";
import { altered, node, opensslAeads, wasmAeads } from "./support.js";

expectAllTaken();

const { Aes128Gcm, ChaCha20Poly1305 } = CipherSuite;
const COST: AeadCost = { baseNs: 1, perByteNs: 1 };
const COSTS: AeadSource["costs"] = new Map([
  [Aes128Gcm, COST],
  [ChaCha20Poly1305, COST],
]);

function bound(aead: Aead): Aead {
  return {
    seal: (...args) => aead.seal(...args),
    open: (...args) => aead.open(...args),
  };
}

/** How an AEAD can be broken, and what is said of it. */
const BROKEN: readonly (readonly [string, (good: Aead) => unknown, string])[] = [
  ["does nothing", () => ({ seal: () => undefined, open: () => -1 }), "it does not open what it sealed"],
  [
    "encrypts nothing, and is content with it",
    () => ({
      seal: () => undefined,
      open: (_n: unknown, bytes: Uint8Array, _h: number, from: number, end: number, out: Uint8Array) => {
        out.set(bytes.subarray(from, end - 16));
        return end - 16 - from;
      },
    }),
    "it opens what was changed",
  ],
  ["opens everything", (good) => ({ ...bound(good), open: opensAll(good) }), "it opens what was changed"],
  ["never opens", (good) => ({ ...bound(good), open: () => -1 }), "it does not open what it sealed"],
  ["throws for a wrong tag", (good) => ({ ...bound(good), open: throwing(good) }), "open threw: wrong tag"],
  [
    "leaves large packets alone",
    (good) => ({
      seal: (...args: Parameters<Aead["seal"]>) => (args[4] > 500 ? undefined : good.seal(...args)),
      open: (...args: Parameters<Aead["open"]>) => good.open(...args),
    }),
    "it does not open what it sealed",
  ],
];

function opensAll(good: Aead): Aead["open"] {
  return (...args) => {
    const opened = good.open(...args);
    return opened < 0 ? args[4] - args[3] - 16 : opened;
  };
}

function throwing(good: Aead): Aead["open"] {
  return (...args) => {
    const opened = good.open(...args);
    if (opened < 0) throw new Error("wrong tag");
    return opened;
  };
}

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
  it.each(BROKEN)("keeps out one that %s", (_name, breakIt, what) => {
    for (const broken of [Aes128Gcm, ChaCha20Poly1305]) {
      const source =
        broken === Aes128Gcm ? "test case 4 of the specification of GCM" : "the vector of RFC 8439 section 2.8.2";
      const create: AeadSource["createAead"] = (suite, key) => {
        const good = nodeAeads.createAead(suite, key);
        return suite === broken ? (breakIt(good) as Aead) : good;
      };
      expect(() => take(create)).toThrow(new TypeError(`${name} fails ${source}: ${what}`));
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
    expect(made).toBe(2);
    protocolId(crypto, "arena/1");
    expect(made).toBe(2);
    const provider = altered(node, { createAead });
    for (let i = 0; i < 3; i++) protocolId(provider, "arena/1");
    expect(made).toBe(4);
    const bad = altered(node, { createAead: () => (made++, undefined as unknown as Aead) });
    for (let i = 0; i < 3; i++) expect(() => protocolId(bad, "arena/1")).toThrow(TypeError);
    expect(made).toBe(7);
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
