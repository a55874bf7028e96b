import { describe, expect, it } from "vitest";
import type { Aead, CryptoProvider } from "../src/index.js";
import { PacketKeys } from "../src/key-update.js";
import { node, suites } from "./support.js";

describe("the keys of the following phase", () => {
  it("are the same when the provider failed on the way to them: the secret is still there", () => {
    const suite = suites[0] as (typeof suites)[number];
    const secret = (): Uint8Array => new Uint8Array(32).fill(7);
    let fails = false;
    const failing: CryptoProvider = Object.create(node, {
      createAead: {
        value: (...args: Parameters<CryptoProvider["createAead"]>): Aead => {
          if (fails) throw new Error("no memory for a context");
          return node.createAead(...args);
        },
      },
    }) as CryptoProvider;
    const nonceOf = (keys: PacketKeys): number[] => {
      const nonce = new DataView(new ArrayBuffer(12));
      keys.writeNonce(1, nonce);
      return [...new Uint8Array(nonce.buffer)];
    };
    const keys = new PacketKeys(failing, suite, secret());
    fails = true;
    expect(() => keys.successor()).toThrow("no memory for a context");
    fails = false;
    expect(nonceOf(keys.successor())).toEqual(nonceOf(new PacketKeys(node, suite, secret()).successor()));
  });
});
