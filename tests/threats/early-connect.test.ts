import { ConnectionPair, TraceRecorder } from "@sortie/testkit";
import { DeliveryCode, encodeConnect, encodeUtf8 } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { dropsOf } from "../support/hostile-packets.js";
import { type FramePart, message, packetOf, piece } from "../support/hostile-frames.js";
import { wordsOf } from "../support/pair-reading.js";

const { Reliable, Unreliable } = DeliveryCode;
const MAX_EARLY_BYTES = 64 * 1024;
const connect: FramePart = (writer) => encodeConnect(writer, encodeUtf8("ticket"));

/** A server with a client that says what the test makes it say, and hears nothing. */
class Newcomer {
  readonly trace: TraceRecorder = new TraceRecorder();
  readonly pair: ConnectionPair;
  private next = 100;

  constructor() {
    this.pair = new ConnectionPair({ seed: 18, autoAccept: false, serverTrace: this.trace.sink });
    this.pair.interceptor = () => undefined;
  }

  send(...parts: readonly FramePart[]): void {
    this.sendAs(this.next++, ...parts);
  }

  sendAs(packetNumber: number, ...parts: readonly FramePart[]): void {
    this.pair.injectForged("client", packetNumber, packetOf(...parts));
    this.pair.run(0.1);
  }

  fill(): void {
    for (let i = 0; i < 60; i++) this.send(message(Unreliable, 0, 0, new Uint8Array(1380)));
  }

  /** bytes as they are charged: 256 for each message, 512 for each channel in a mode. */
  get charged(): number {
    const { inboxBytes, inboxMessages, heldBytes, receiveChannels } = this.pair.server.statistics(
      this.pair.nowMs,
    ).endpoint;
    return inboxBytes + inboxMessages * 256 + heldBytes + receiveChannels * 512;
  }
}

/** 170 pieces of a few bytes, each of a message of its own: each opens a set of a kilobyte. */
function pieces(): FramePart[] {
  return Array.from({ length: 170 }, (_, id) => {
    return piece({ delivery: Reliable, id, total: 3, offset: 2, bytes: Uint8Array.of(7) });
  });
}

describe("T18 CONNECT of a client that has filled its room", () => {
  it("T18h gets in; 170 pieces in its packet do not", () => {
    const client = new Newcomer();
    client.fill();
    const before = client.charged;
    expect(before).toBeGreaterThan(MAX_EARLY_BYTES - 2048);
    client.send(connect, ...pieces());
    expect(client.pair.server.state).toBe("authenticating");
    expect(new TextDecoder().decode(client.pair.connectRequest)).toBe("ticket");
    expect(client.charged).toBe(before);
  });

  it("T18h brings no more than the room into one that is empty", () => {
    const client = new Newcomer();
    client.send(connect, ...pieces());
    expect(client.pair.server.state).toBe("authenticating");
    expect(client.charged).toBe(0);
  });

  it("T18h is asked about once, however often its packet is refused, and copied by others", () => {
    const client = new Newcomer();
    client.fill();
    const refused = (): number => dropsOf(client.trace)["receive-buffer-full"] ?? 0;
    const before = refused();
    const ask = (): void => client.sendAs(500, connect, message(Reliable, 0, 0, new Uint8Array(1000)));
    ask();
    client.pair.connectRequest = undefined;
    for (let i = 0; i < 5; i++) ask();
    expect(client.pair.connectRequest).toBeUndefined();
    expect(refused() - before).toBe(6);
    expect(client.pair.server.state).toBe("authenticating");
  });
});

describe("an honest client with CONNECT", () => {
  it.each([
    ["with 100 small messages beside it, in an empty room", 0, 0],
    ["whose messages came before it and left no room for more", 1, 120],
  ])("gets in and loses nothing reliable: %s", (_what, lost, large) => {
    const pair = new ConnectionPair({ seed: 8, link: { latencyMs: 10 } });
    let swallowed = 0;
    pair.interceptor = (datagram, to) => (to === "server" && swallowed++ < lost ? undefined : datagram);
    const words = Array.from({ length: 100 }, (_, i) => `${i}`);
    const more = Array.from({ length: large }, (_, i) => `${i}`.padEnd(1000));
    for (const word of [...words, ...more]) pair.client.send(encodeUtf8(word), { delivery: "ordered" }, 0);
    pair.run(3000);
    expect(pair.client.state).toBe("connected");
    expect(wordsOf(pair.server)).toEqual([...words, ...more]);
    expect(pair.client.undelivered).toBe(0);
  });

  it("has its messages at once where there is room for them", () => {
    const pair = new ConnectionPair({ seed: 8, link: { latencyMs: 10 } });
    const words = Array.from({ length: 100 }, (_, i) => `${i}`);
    for (const word of words) pair.client.send(encodeUtf8(word), { delivery: "reliable" }, 0);
    pair.run(12);
    expect(wordsOf(pair.server)).toEqual(words);
    expect(pair.server.statistics(pair.nowMs).packetsDropped).toBe(0);
  });
});
