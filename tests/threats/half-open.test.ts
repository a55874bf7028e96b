import { ConnectionPair } from "@sortie/testkit";
import { DeliveryCode, encodeConnect } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { bytesPart, type FramePart, message, packetOf, piece } from "../support/hostile-frames.js";

const { Unreliable, Sequenced, BestEffort, Reliable, Ordered } = DeliveryCode;
const KEPT = [BestEffort, Reliable, Ordered];
const EMPTY = new Uint8Array(0);
const MAX_EARLY_BYTES = 64 * 1024;

/** A client with keys that was not accepted: what the server keeps of it. */
class HalfOpen {
  readonly pair: ConnectionPair;
  private next = 100;

  constructor() {
    this.pair = new ConnectionPair({ seed: 18, autoAccept: false });
    this.pair.interceptor = () => undefined;
  }

  send(...parts: readonly FramePart[]): void {
    this.pair.injectForged("client", this.next++, packetOf(...parts));
    this.pair.run(0.001);
  }

  get stats(): ReturnType<ConnectionPair["server"]["statistics"]>["endpoint"] {
    return this.pair.server.statistics(this.pair.nowMs).endpoint;
  }

  /** bytes as they are charged: 256 for each message, 512 for each channel in a mode. */
  get charged(): number {
    const { inboxBytes, inboxMessages, heldBytes, receiveChannels } = this.stats;
    return inboxBytes + inboxMessages * 256 + heldBytes + receiveChannels * 512;
  }
}

/** One empty message on each of `count` channels. */
function onChannels(delivery: DeliveryCode, first: number, count: number, id: number): FramePart[] {
  return Array.from({ length: count }, (_, i) => message(delivery, first + i, id, EMPTY));
}

describe("T18 a client that was not accepted", () => {
  it("T18c leaves nothing by messages that are old news, on however many channels", () => {
    const client = new HalfOpen();
    for (const delivery of KEPT) {
      for (const first of [0, 128]) client.send(...onChannels(delivery, first, 128, 65_535));
    }
    // Each packet could have brought 128 new messages on new channels: too much for one that is not a player yet.
    expect(client.stats).toMatchObject({ receiveChannels: 0, duplicatesRejected: 0 });
    for (const delivery of KEPT) {
      for (let first = 0; first < 256; first += 32) client.send(...onChannels(delivery, first, 32, 65_535));
    }
    expect(client.stats).toMatchObject({ receiveChannels: 0, duplicatesRejected: 768, inboxMessages: 0 });
  });

  it.each([
    ["new", 0],
    ["early", 5],
  ])("T18d cannot fill more than 64 KiB with the state of channels (%s messages)", (_what, id) => {
    const client = new HalfOpen();
    for (const delivery of [Sequenced, ...KEPT]) {
      for (let first = 0; first < 256; first += 16) client.send(...onChannels(delivery, first, 16, id));
    }
    expect(client.charged).toBeGreaterThan(MAX_EARLY_BYTES - 16 * 768);
    expect(client.charged).toBeLessThanOrEqual(MAX_EARLY_BYTES);
    expect(client.stats.receiveChannels).toBeLessThan(128);
  });

  it("T18e cannot go beyond by one packet with much in it, of whatever kind", () => {
    const kinds: ((i: number) => FramePart[])[] = [
      (i) => onChannels(Reliable, (i * 40) % 216, 40, i),
      (i) => onChannels(Unreliable, 0, 200, i),
      (i) => onChannels(Sequenced, (i * 60) % 196, 60, i),
      (i) =>
        Array.from({ length: 6 }, (_, k) => {
          return piece({ delivery: Ordered, channel: k, id: i, total: 100_000, bytes: new Uint8Array(64) });
        }),
      (i) => Array.from({ length: 25 }, (_, k) => message(Ordered, 3, 1 + (i % 40) * 25 + k, EMPTY)),
      (i) => [message(BestEffort, 0, i, new Uint8Array(1300))],
    ];
    for (const kind of kinds) {
      const client = new HalfOpen();
      for (let i = 0; i < 200; i++) client.send(...kind(i));
      expect(client.charged).toBeGreaterThan(MAX_EARLY_BYTES / 4);
      expect(client.charged).toBeLessThanOrEqual(MAX_EARLY_BYTES);
    }
  });

  it("T18f gets CONNECT through whatever came before, once", () => {
    const client = new HalfOpen();
    for (let i = 0; i < 100; i++) client.send(message(Reliable, 0, i, new Uint8Array(1000)));
    const connect: FramePart = (writer) => encodeConnect(writer, EMPTY);
    client.send(connect, ...onChannels(Reliable, 1, 100, 0));
    expect(client.pair.server.state).toBe("authenticating");
    const { receiveChannels } = client.stats;
    expect(receiveChannels).toBe(1);
    client.send(connect, ...onChannels(Reliable, 101, 100, 0));
    // What needs no memory is heard.
    client.send(bytesPart(0x01));
    expect(client.stats.receiveChannels).toBe(receiveChannels);
  });

  it("T18g is charged for ordered messages that came early what they cost: 384 bytes each, and their own", () => {
    const client = new HalfOpen();
    const one = new Uint8Array(1);
    for (let id = 1; id < 600; id += 2) client.send(message(Ordered, 3, id, one), message(Ordered, 3, id + 1, one));
    const { heldBytes, inboxMessages } = client.stats;
    expect(heldBytes % 385).toBe(0);
    expect(heldBytes).toBeGreaterThan(MAX_EARLY_BYTES - 2048);
    expect(client.charged).toBeLessThanOrEqual(MAX_EARLY_BYTES);
    expect(inboxMessages).toBe(0);
  });
});
