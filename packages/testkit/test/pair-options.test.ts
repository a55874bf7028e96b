import { createNodeProvider } from "@sortie/handshake/node";
import { describe, expect, it } from "vitest";
import { ConnectionPair, type ConnectionPairOptions, PAIR_PARAMETERS } from "../src/index.js";

const SEED = 6;

/** A pair with options that the compiler would not let pass. */
function pairWith(options: object): () => ConnectionPair {
  return () => new ConnectionPair({ seed: SEED, ...options });
}

const PARAMETERS =
  "idleTimeoutMs, maxAckDelayMs, maxDatagramBytes, maxMessageBytes, receiveWindowBytes, identityTypes, timedAcks";
const KEY_LIMITS = "updateAfterPackets, maxPacketsPerKey, maxFailedOpens";

describe("options of a ConnectionPair", () => {
  it.each<[string, unknown, string]>([
    ["link", 5, "an object, got 5"],
    ["link", null, "an object, got null"],
    ["returnLink", 5, "an object, got 5"],
    ["returnLink", null, "an object, got null"],
    ["returnLink", { latency: 5 }, "only latencyMs, "],
    ["settings", null, "an object, got null"],
    ["settings", [], "an object, got an array"],
    ["settings", { keepaliveMs: 50 }, '"keepAliveMs", got "keepaliveMs"'],
    ["settings.keepAliveMs", "5 s", '0..Infinity, got "5 s"'],
    ["settings.keepAliveMs", null, "0..Infinity, got null"],
    ["settings.handshakeTimeoutMs", Number.NaN, "0..Infinity, got NaN"],
    ["settings.ackDelayMs", -1, "0..Infinity, got -1"],
    ["settings.mtuBytes", 1300.5, "an integer in 1200..1452, got 1300.5"],
    ["settings.mtuBytes", 1199, "an integer in 1200..1452, got 1199"],
    ["settings.createCongestionController", "fixed", 'a function, got "fixed"'],
    ["clientParameters", null, "an object, got null"],
    ["clientParameters", { mtu: 1300 }, `only ${PARAMETERS}, got "mtu"`],
    ["serverParameters", 5, "an object, got number"],
    ["serverParameters", { idleTimeOutMs: 1 }, '"idleTimeoutMs", got "idleTimeOutMs"'],
    ["crypto", null, "a crypto provider, got null"],
    ["crypto", {}, "a crypto provider, got an object without randomBytes, sha256, "],
    ["autoAccept", "no", 'a boolean, got "no"'],
    ["autoAccept", null, "a boolean, got null"],
    ["connectPayload", "token", "bytes, got a string"],
    ["connectPayload", null, "bytes, got null"],
    ["connectPayload", new Uint8Array(1025), "at most 1024 bytes, got 1025"],
    ["clientTrace", {}, "a function, got an object"],
    ["serverTrace", null, "a function, got null"],
    ["keyLimits", null, "an object, got null"],
    ["keyLimits", { updateAfter: 5 }, `only ${KEY_LIMITS}, got "updateAfter"`],
    ["updateAfterPackets", { keyLimits: { updateAfterPackets: 0 } }, "an integer in 1..4194304, got 0"],
    ["initialPacketNumber", 1.5, "an integer in 0..281474976710655, got 1.5"],
    ["initialPacketNumber", null, "a number, got object"],
    ["initialMessageId", "9", "a number, got string"],
    ["seed", "9", 'an integer in 0..4294967295, got "9"'],
    ["seed", undefined, "an integer in 0..4294967295, got undefined"],
  ])("%s may not be case %#: %s", (name, value, expected) => {
    expect(pairWith(optionsFor(name, value))).toThrow(`"${name}" expected ${expected}`);
  });

  it("are checked with a crypto provider of the caller's as well", () => {
    const crypto = createNodeProvider();
    expect(pairWith({ crypto, seed: -1 })).toThrow('"seed" expected an integer in 0..4294967295, got -1');
  });

  it("that are undefined are left out, within settings too", () => {
    const nothing: Partial<ConnectionPairOptions> = {
      link: undefined,
      returnLink: undefined,
      settings: {
        keepAliveMs: undefined,
        mtuBytes: undefined,
        limits: undefined,
        createCongestionController: undefined,
      },
      clientParameters: undefined,
      serverParameters: undefined,
      crypto: undefined,
      autoAccept: undefined,
      connectPayload: undefined,
      clientTrace: undefined,
      serverTrace: undefined,
      keyLimits: undefined,
      initialPacketNumber: undefined,
      initialMessageId: undefined,
    };
    const pair = pairWith(nothing)();
    expect(pair.runUntil(() => pair.client.state === "connected", 1000)).toBe(true);
  });

  it("take all that there is", () => {
    const pair = new ConnectionPair({
      seed: SEED,
      link: "lan",
      returnLink: { latencyMs: 5 },
      settings: { keepAliveMs: Infinity, handshakeTimeoutMs: 500, ackDelayMs: 0, mtuBytes: 1452 },
      clientParameters: { identityTypes: 1 },
      serverParameters: PAIR_PARAMETERS,
      autoAccept: true,
      connectPayload: new Uint8Array(1024),
      clientTrace: () => undefined,
      keyLimits: { updateAfterPackets: 100 },
      initialPacketNumber: 2 ** 32,
      initialMessageId: 0xffff,
    });
    expect(pair.runUntil(() => pair.client.state === "connected", 1000)).toBe(true);
  });
});

/** "settings.keepAliveMs" names an option within another; a value with a name of its own stands for all options. */
function optionsFor(name: string, value: unknown): object {
  if (name === "updateAfterPackets") return value as object;
  const [outer = "", inner] = name.split(".");
  return { [outer]: inner === undefined ? value : { [inner]: value } };
}
