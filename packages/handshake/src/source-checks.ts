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
 * Throws TypeError for what is no source, whose costs are none, or whose AEADs do not work: each of them seals and
 * opens a published vector, once in the life of a source.
 */
export function expectWorkingSource(source: AeadSource): void {
  expectSource(source);
  const { name, costs } = source;
  for (const [suite, cost] of costs) expectCost(name, suite, cost);
  testOnce(source, `"source" (${name})`, costs.keys(), (suite, key) => source.createAead(suite, key));
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

function expectCost(name: string, suite: unknown, cost: unknown): void {
  if (suite !== CipherSuite.Aes128Gcm && suite !== CipherSuite.ChaCha20Poly1305) {
    const got = typeof suite === "number" ? String(suite) : describeKind(suite);
    throw new TypeError(`"costs" of ${name} expected the suites 1 and 2 alone, got ${got}`);
  }
  const given = (cost ?? {}) as { readonly [Part in keyof AeadCost]?: unknown };
  for (const part of ["baseNs", "perByteNs"] as const) {
    const value = given[part];
    if (typeof value === "number" && value >= 0 && value < Infinity) continue;
    containRejection(cost);
    const got = typeof value === "number" ? String(value) : describeKind(value);
    throw new TypeError(`"${part}" of suite ${suite} in ${name} expected a finite number from 0 on, got ${got}`);
  }
}
