import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { expectAllTaken, failing } from "../../../tests/support/forgotten-await.js";
import { containRejection, parsePublicKey } from "../src/index.js";

expectAllTaken();

describe("a promise that rejects after it was refused ends no process", () => {
  it("in the place of a key", () => {
    expect(() => parsePublicKey(failing())).toThrow("expected PEM text or 65 bytes, got a promise");
  });

  it("of another realm", () => {
    containRejection(runInNewContext('Promise.reject(new Error("the file is missing"))'));
  });

  it("and a query that begins when it is awaited does not begin", () => {
    let begun = 0;
    class Query extends Promise<number> {
      static override get [Symbol.species](): PromiseConstructor {
        return Promise;
      }
      override then(): never {
        begun += 1;
        throw new Error("it was awaited");
      }
    }
    containRejection(new Query((_resolve, reject) => reject(new Error("the file is missing"))));
    containRejection({ [Symbol.toStringTag]: "Promise", then: () => void (begun += 1) });
    expect(begun).toBe(0);
  });

  it("and what is none is left alone", () => {
    for (const value of [undefined, null, 5, "x", {}, () => undefined]) containRejection(value);
    containRejection({ [Symbol.toStringTag]: "Promise" });
    containRejection(Object.create(Promise.prototype));
  });
});
