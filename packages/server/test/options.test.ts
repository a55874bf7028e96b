import { identityOf } from "@sortie/handshake";
import { createNodeProvider, identityToPem } from "@sortie/handshake/node";
import { describeValue } from "@sortie/connection";
import type { DatagramTransport } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import type { ServerOptions } from "../src/options.js";
import { Server } from "../src/server.js";

const crypto = createNodeProvider();
const identity = identityOf(crypto.generateKeyPair());
/** Never opened: options are checked before. */
const unused = (): never => {
  throw new Error("expected not to be used");
};
const transport = {
  open: unused,
  acquireBatch: unused,
  send: unused,
  close: unused,
  statistics: {},
} as unknown as DatagramTransport;
const GOOD: ServerOptions = { protocol: "test/1", crypto, identity, transport };

function make(options: object): Server {
  return new Server({ ...GOOD, ...options });
}

describe("options of a server", () => {
  it.each([
    ["tickRate", 1, 1000, "0 or a number"],
    ["maxPeers", 1, 65_535, "an integer"],
    ["maxHalfOpen", 1, 32_768, "an integer"],
    ["handshakesPerSecond", 1, 100_000, "a number"],
    ["reassemblyBudgetBytes", 1, 2 ** 40, "an integer"],
    ["handshakeTimeoutMs", 100, 120_000, "an integer"],
    ["idleTimeoutMs", 1000, 600_000, "an integer"],
    ["mtu", 1200, 1452, "an integer"],
  ])("%s is %d..%d; anything else is refused with its name, its range and what came", (name, min, max, what) => {
    const others = { maxPeers: 1, maxHalfOpen: 1 };
    for (const value of [min, max]) expect(() => make({ ...others, [name]: value })).not.toThrow();
    for (const value of [min - 1, max + 1, NaN, Infinity, -Infinity, null, `${min}`, {}, [], true]) {
      if (name === "tickRate" && value === 0) continue;
      const message = `"${name}" expected ${what} in ${min}..${max}, got ${describeValue(value)}`;
      expect(() => make({ [name]: value })).toThrow(new RangeError(message));
    }
  });

  it("tickRate may be 0 for a server without ticks, or a fraction", () => {
    expect(make({ tickRate: 0 }).stats.ticks).toBeUndefined();
    expect(make({ tickRate: 12.5 }).stats.ticks?.intervalMs).toBe(80);
    expect(make({}).stats.ticks?.intervalMs).toBeCloseTo(1000 / 60, 9);
  });

  it("the idle timeout is two ticks at least: a peer that is heard once a tick is not silent", () => {
    for (const [tickRate, idleTimeoutMs, atLeast] of [
      [1, 1999, 2000],
      [1.5, 1333, 1334],
    ] as const) {
      const message = `"idleTimeoutMs" expected at least ${atLeast}, 2 ticks of the server, got ${idleTimeoutMs}`;
      expect(() => make({ tickRate, idleTimeoutMs })).toThrow(new RangeError(message));
      expect(() => make({ tickRate, idleTimeoutMs: atLeast })).not.toThrow();
    }
    expect(() => make({ tickRate: 0, idleTimeoutMs: 1000 })).not.toThrow();
  });

  it("one that there is not is refused: a misspelt one must not go unnoticed", () => {
    expect(() => make({ tickrate: 30 })).toThrow(new TypeError('"options" expected "tickRate", got "tickrate"'));
    expect(() => make({ maxClients: 8 })).toThrow(/^"options" expected only protocol, .* mtu, .* got "maxClients"$/);
    expect(() => make({ maxClients: undefined })).not.toThrow();
  });

  it("peers and half-open connections fit the table together", () => {
    expect(() => make({ maxPeers: 65_535, maxHalfOpen: 2 })).toThrow(
      new RangeError('"maxPeers" and "maxHalfOpen" expected at most 65536 together, got 65537'),
    );
    expect(() => make({ maxPeers: 65_535, maxHalfOpen: 1 })).not.toThrow();
  });

  it.each([
    ["identity", "an identity"],
    ["transport", "a datagram transport"],
    ["crypto", "a crypto provider"],
  ])("%s must be there", (name, what) => {
    for (const [value, got] of [
      [undefined, "undefined"],
      [null, "null"],
      [5, "a number"],
    ]) {
      const message = `"${name}" expected ${what}, got ${String(got)}`;
      expect(() => make({ [name]: value })).toThrow(new TypeError(message));
    }
  });

  it("objects are looked at by their parts: what lacks some would fail much later, and say less", () => {
    for (const [option, message] of [
      [{ transport: {} }, /^"transport" expected a datagram transport, got an object without open, .*, close$/],
      [{ transport: { ...transport, send: 5 } }, /^"transport" expected .* transport, got an object without send$/],
      [{ clock: Date }, '"clock" expected a clock, got a function'],
      [{ clock: null }, '"clock" expected a clock, got null'],
      [{ clock: performance }, '"clock" expected a clock, got an object without setTimer, clearTimer, defer'],
      [
        { identity: { publicKey: identity.publicKey } },
        /^"identity" expected an identity, got an object without keyPair/,
      ],
      [{ identity: Promise.resolve(identity) }, '"identity" expected an identity, got a promise: is there an await?'],
      [{ crypto: {} }, /^"crypto" expected a crypto provider, got an object without randomBytes, .*createAead$/],
    ] as const) {
      const create = (): unknown => make(option);
      expect(create).toThrow(TypeError);
      expect(create).toThrow(message);
    }
  });

  it("a key in the place of an identity is not shown, neither by the constructor nor by setIdentity", () => {
    const { privateKeyPem } = identityToPem(identity);
    const expected = new TypeError('"identity" expected an identity, got a string: load the file with loadIdentity()');
    expect(() => make({ identity: privateKeyPem })).toThrow(expected);
    const server = make({});
    expect(() => server.setIdentity(privateKeyPem as never)).toThrow(expected);
    expect(() => server.setIdentity(null as never)).toThrow(new TypeError('"identity" expected an identity, got null'));
  });

  it.each([
    [undefined, TypeError, '"protocol" expected a string, got undefined'],
    [7, TypeError, '"protocol" expected a string, got number'],
    ["", RangeError, '"protocol" expected 1..255 bytes of UTF-8, got 0'],
    ["é".repeat(128), RangeError, '"protocol" expected 1..255 bytes of UTF-8, got 256'],
  ])("the protocol %j is refused", (protocol, kind, message) => {
    expect(() => make({ protocol })).toThrow(new kind(message));
  });

  it("a limit by prefix needs both its numbers: half a limit would be none", () => {
    for (const handshakesPerPrefix of [5, null, { perSecond: 5 }, { burst: 5 }, {}]) {
      expect(() => make({ handshakesPerPrefix })).toThrow(/"handshakesPerPrefix" expected { perSecond, burst }, got/);
    }
    expect(() => make({ handshakesPerPrefix: { perSecond: 0, burst: 5 } })).toThrow(
      new RangeError('"handshakesPerPrefix.perSecond" expected a number in 0.001..1000000, got 0'),
    );
    expect(() => make({ handshakesPerPrefix: { perSecond: 1, burst: 0.5 } })).toThrow(
      new RangeError('"handshakesPerPrefix.burst" expected a number in 1..1000000, got 0.5'),
    );
    expect(() => make({ handshakesPerPrefix: { perSecond: 1, burst: 1 } })).not.toThrow();
    expect(() => make({ packetsPerPeer: { perSecond: 0.5, burst: 5 } })).toThrow(
      new RangeError('"packetsPerPeer.perSecond" expected a number in 1..1000000, got 0.5'),
    );
    expect(() => make({ packetsPerPeer: { perSecond: 1, burst: 1 } })).not.toThrow();
  });

  it.each(["authenticate", "onAccess", "keyLog", "createCongestionController"])("%s must be a function", (name) => {
    expect(() => make({ [name]: "allow" })).toThrow(new TypeError(`"${name}" expected a function, got a string`));
  });

  it("a limit by prefix has nothing else", () => {
    const handshakesPerPrefix = { perSecond: 1, burst: 1, perMinute: 4 };
    const message = '"handshakesPerPrefix" expected only perSecond, burst, got "perMinute"';
    expect(() => make({ handshakesPerPrefix })).toThrow(new TypeError(message));
  });

  it("blocked is a list of addresses and ranges", () => {
    expect(make({ blocked: ["10.0.0.0/8", "::1"] }).blocked).toEqual(["::1", "10.0.0.0/8"]);
    expect(() => make({ blocked: "10.0.0.0/8" })).toThrow(/"blocked" expected an array .* got "10\.0\.0\.0\/8"$/);
    for (const [entry, got] of [
      ["1.2.3", '"1.2.3"'],
      [5, "5"],
    ] as const) {
      const message = `"blocked" expected an IP address or a range such as 10.0.0.0/8, got ${got}`;
      expect(() => make({ blocked: ["::1", entry] })).toThrow(new RangeError(message));
    }
    const many = Array.from({ length: 65_537 }, (_, i) => `10.${i >> 16}.${(i >> 8) & 0xff}.${i & 0xff}`);
    expect(() => make({ blocked: many })).toThrow('"blocked" expected at most 65536 entries, got one more');
  });

  it("logger must be able to take every level", () => {
    expect(() => make({ logger: console })).not.toThrow();
    for (const logger of [null, {}, () => {}, "stderr", { ...console, warn: undefined }]) {
      expect(() => make({ logger })).toThrow(/"logger" expected an object with debug, info, warn and error/);
    }
  });

  it.each([undefined, null, "server", 5])("options that are %j are refused", (options) => {
    expect(() => new Server(options as never)).toThrow(/"options" expected an object, got/);
  });

  it.each([-1, NaN, Infinity, 3_600_001, "5"])("close refuses a drain of %j ms", (drainMs) => {
    const server = make({});
    expect(() => server.close({ drainMs: drainMs as number })).toThrow(
      new RangeError(`"drainMs" expected a number in 0..3600000, got ${describeValue(drainMs)}`),
    );
  });

  it("unknown events are refused", () => {
    expect(() => make({}).on("messages" as "message", () => {})).toThrow(/"event" expected one of connect, message/);
  });
});

describe("the option share", () => {
  const cookieKey = new Uint8Array(32);
  const good = { worker: 1, workers: 2, cookieKey, clockOffsetMs: 0 };

  it("takes a place among servers that share a port", () => {
    expect(() => make({ share: good })).not.toThrow();
    expect(() => make({ share: { ...good, worker: 63, workers: 64 } })).not.toThrow();
  });

  it.each([
    [null, '"share" expected an object, got null'],
    [{ ...good, workers: 65 }, '"share.workers" expected an integer in 1..64, got 65'],
    [{ ...good, worker: 2 }, '"share.worker" expected an integer in 0..1, got 2'],
    [{ ...good, worker: 0.5 }, '"share.worker" expected an integer in 0..1, got 0.5'],
    [{ ...good, cookieKey: new Uint8Array(31) }, '"share.cookieKey" expected 32 bytes, got 31'],
    [{ ...good, cookieKey: undefined }, '"share.cookieKey" expected 32 bytes, got undefined'],
    [{ ...good, clockOffsetMs: Number.NaN }, '"share.clockOffsetMs" expected a finite number, got NaN'],
  ])("refuses what is none, case %#", (share, message) => {
    expect(() => make({ share })).toThrow(message);
  });
});
