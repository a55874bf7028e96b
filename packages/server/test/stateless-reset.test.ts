import { createNobleProvider, identityOf } from "@sortie/handshake";
import { createNodeProvider } from "@sortie/handshake/node";
import { SocketAddress } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import { StatelessReset } from "../src/stateless-reset.js";

const crypto = createNodeProvider();
const identity = identityOf(crypto.generateKeyPair());
const address = (host: string): Uint8Array => SocketAddress.parse(host, 1).bytes;
const HOME = address("192.0.2.1");

describe("StatelessReset", () => {
  it("has the same tokens after a restart, and other ones under another key", () => {
    const before = new StatelessReset(crypto, identity);
    const after = new StatelessReset(crypto, identity);
    const other = new StatelessReset(crypto, identityOf(crypto.generateKeyPair()));
    expect(before.token(7, HOME)).toHaveLength(16);
    expect(after.token(7, HOME)).toEqual(before.token(7, HOME));
    expect(other.token(7, HOME)).not.toEqual(before.token(7, HOME));
  });

  it("binds a token to the connection ID and the address", () => {
    const reset = new StatelessReset(crypto, identity);
    const hosts = ["192.0.2.1", "192.0.2.2", "2001:db8::1", "::1"];
    const tokens = new Set<string>();
    for (const id of [0, 1, 256, 0x8000_0000, 0xffff_ffff]) {
      for (const host of hosts) tokens.add(reset.token(id, address(host)).join());
    }
    expect(tokens.size).toBe(20);
    expect(reset.token(7, address("::ffff:192.0.2.1"))).toEqual(reset.token(7, HOME));
  });

  it("is always smaller than what caused it, and is not sent at all when that leaves no room", () => {
    const reset = new StatelessReset(crypto, identity);
    for (let trigger = 0; trigger <= 1452; trigger++) {
      const out = new Uint8Array(1200);
      const length = reset.write(out, 7, HOME, trigger);
      if (trigger < 27) {
        expect(length).toBe(0);
        expect(out.every((byte) => byte === 0)).toBe(true);
        continue;
      }
      expect(length).toBe(Math.min(trigger - 1, 41));
      expect(out.subarray(length).every((byte) => byte === 0)).toBe(true);
    }
  });

  it("looks like a packet for the connection that sent it, ends in the token, and is random between", () => {
    const reset = new StatelessReset(crypto, identity);
    const write = (): Uint8Array => {
      const out = new Uint8Array(1200);
      return out.subarray(0, reset.write(out, 0xfedc_ba98, HOME, 1200));
    };
    const [one, two] = [write(), write()];
    expect([...one.subarray(0, 5)]).toEqual([0x40, 0xfe, 0xdc, 0xba, 0x98]);
    expect(one.slice(-16)).toEqual(reset.token(0xfedc_ba98, HOME));
    expect(one.slice(5, 25)).not.toEqual(two.slice(5, 25));
    expect(one.slice(-16)).toEqual(two.slice(-16));
  });

  it("refuses an identity whose public key is none", () => {
    const broken = { ...identity, publicKey: new Uint8Array(65).fill(4) };
    expect(() => new StatelessReset(crypto, broken)).toThrow(/"identity" expected a valid P-256 key pair/);
  });

  it("refuses an identity of another provider, and says whose it has to be", () => {
    const other = createNobleProvider();
    const message =
      '"identity" expected a key pair of the provider in "crypto", got one of another provider or of another copy of ' +
      "@sortie/handshake, or cloned from another thread: load it here with loadIdentity, or make it with " +
      "identityOf(crypto.generateKeyPair())";
    for (const [mine, theirs] of [
      [crypto, other],
      [other, crypto],
    ] as const) {
      let thrown: unknown;
      try {
        new StatelessReset(mine, identityOf(theirs.generateKeyPair()));
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toEqual(new TypeError(message));
      const { cause } = thrown as TypeError;
      expect(cause).toBeInstanceOf(TypeError);
      const expected = `"privateKey" expected a key of the ${mine.name} provider, got another`;
      expect((cause as TypeError).message.startsWith(expected)).toBe(true);
    }
  });

  it("lets other faults of the provider through as they are", () => {
    const fault = new Error("no entropy");
    const failing = Object.create(crypto, {
      sharedSecret: {
        value: () => {
          throw fault;
        },
      },
    }) as typeof crypto;
    expect(() => new StatelessReset(failing, identity)).toThrow(fault);
  });
});
