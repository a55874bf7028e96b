import type { CipherSuite } from "@sortie/wire";
import { markPassed, selfTest } from "./aead-self-test.js";
import type { AeadCost, AeadSource } from "./aead-source.js";
import { expectSuiteKey } from "./crypto-arguments.js";
import type { Aead } from "./crypto-provider.js";

/** A source that has one suite alone. Throws TypeError when `create` gives an AEAD that does not pass the self-test. */
export function singleSuiteSource(
  name: string,
  only: CipherSuite,
  cost: AeadCost,
  create: (key: Uint8Array) => Aead,
): AeadSource {
  selfTest(name, only, create);
  const source: AeadSource = Object.freeze({
    name,
    costs: new Map([[only, cost]]),
    createAead(suite: CipherSuite, key: Uint8Array): Aead {
      expectSuiteKey(suite, key);
      if (suite !== only) throw new RangeError(`"suite" expected ${only} for ${name}, got ${suite}`);
      return create(key);
    },
  });
  markPassed(source, [only]);
  return source;
}
