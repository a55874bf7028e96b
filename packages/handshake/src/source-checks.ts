import { CipherSuite } from "@sortie/wire";
import type { AeadCost, AeadSource } from "./aead-source.js";
import { testOnce } from "./aead-self-test.js";
import { containRejection } from "./contain-rejection.js";
import { describeKind } from "./describe-kind.js";

/** Throws TypeError, which names what was expected and what came, for anything but an array. */
export function expectSources(sources: unknown): asserts sources is readonly AeadSource[] {
  if (Array.isArray(sources)) return;
  containRejection(sources);
  throw new TypeError(`"sources" expected an array of AEAD sources, got ${describeKind(sources)}`);
}

/**
 * A source as it is now: with a name and costs that do not change any more, so that no suite joins that was not tested.
 * Throws TypeError for what is no source, whose costs are none, or whose AEADs do not work: those of each suite are
 * tested once in the life of a source.
 */
export function workingSource(source: AeadSource): AeadSource {
  expectSource(source);
  const { name } = source;
  const costs = new Map<CipherSuite, AeadCost>();
  for (const [suite, cost] of source.costs) costs.set(suite, expectCost(name, suite, cost));
  const createAead: AeadSource["createAead"] = (suite, key) => source.createAead(suite, key);
  testOnce(source, `"source" (${name})`, costs.keys(), createAead);
  return { name, costs, createAead };
}

/** By its parts: it may be of another realm or copy of the package. */
function expectSource(source: unknown): void {
  const { name, costs, createAead } = (source ?? {}) as { readonly [Part in keyof AeadSource]?: unknown };
  const missing: string[] = [];
  if (typeof name !== "string" || name === "") missing.push("name");
  if (typeof createAead !== "function") missing.push("createAead");
  if (!isMap(costs)) missing.push("costs, a Map");
  if (missing.length === 0) return;
  containRejection(source);
  const kind = describeKind(source);
  const got = kind === "an object" ? `an object without ${missing.join(" and ")}` : kind;
  throw new TypeError(`"source" expected an AEAD source, got ${got}`);
}

function isMap(value: unknown): boolean {
  return value instanceof Map || Object.prototype.toString.call(value) === "[object Map]";
}

/** The cost, as it is now. */
function expectCost(name: string, suite: unknown, cost: unknown): AeadCost {
  if (suite !== CipherSuite.Aes128Gcm && suite !== CipherSuite.ChaCha20Poly1305) {
    const got = typeof suite === "number" ? String(suite) : describeKind(suite);
    throw new TypeError(`"costs" of ${name} expected the suites 1 and 2 alone, got ${got}`);
  }
  const { baseNs, perByteNs } = (cost ?? {}) as { readonly [Part in keyof AeadCost]?: unknown };
  const parts = { baseNs, perByteNs };
  for (const [part, value] of Object.entries(parts)) {
    if (typeof value === "number" && value >= 0 && value < Infinity) continue;
    containRejection(cost);
    const got = typeof value === "number" ? String(value) : describeKind(value);
    throw new TypeError(`"${part}" of suite ${suite} in ${name} expected a finite number from 0 on, got ${got}`);
  }
  return parts as AeadCost;
}
