import { ByteWriter } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import type { EndpointLimits } from "../src/endpoint-options.js";
import type { ReliableEndpoint } from "../src/reliable-endpoint.js";
import type { SendOptions } from "../src/send-options.js";
import { Crafted } from "./support/craft.js";
import { createEndpoint } from "./support/pair.js";

const KIB = 1024;
const WINDOW_BYTES = 256 * KIB;
const A: SendOptions = { delivery: "reliable", channel: 1 };
const B: SendOptions = { delivery: "ordered", channel: 2 };

/** An endpoint whose peer acknowledges everything and reads nothing but what `read` says. */
class Sender {
  readonly endpoint: ReliableEndpoint;
  private readonly peer: Crafted;
  private nowMs = 1000;

  constructor(limits: Partial<EndpointLimits> = {}) {
    const peerMaxMessageBytes = WINDOW_BYTES;
    this.endpoint = createEndpoint({ peerReceiveWindowBytes: WINDOW_BYTES, peerMaxMessageBytes, limits });
    this.peer = new Crafted(this.endpoint);
  }

  send(bytes: number, options: SendOptions): boolean {
    return this.endpoint.send(new Uint8Array(bytes), options, this.nowMs).accepted;
  }

  /** Sends until it is refused. Returns how many were taken. */
  fill(bytes: number, options: SendOptions): number {
    let count = 0;
    while (this.send(bytes, options)) count += 1;
    return count;
  }

  /** Everything that may go goes, and arrives. */
  flush(): void {
    const writer = new ByteWriter();
    const buffer = new Uint8Array(1200);
    for (let idle = 0; idle < 100;) {
      this.nowMs += 1;
      this.peer.nowMs = this.nowMs;
      const number = this.endpoint.buildPacket(writer.reset(buffer, 0, 1175), this.nowMs);
      if (number < 0) idle += 1;
      else this.peer.ack(number);
    }
  }

  /** The peer's application reads so much on a channel. */
  read(channel: number, bytes: number): void {
    const limit = WINDOW_BYTES + 320 * KIB + bytes;
    const frame = { channel, channelLimitBytes: limit, connectionLimitBytes: 4 * limit } as never;
    this.endpoint.onCredit(frame, this.nowMs);
  }

  /** Blocks channel A with the queue full of it. */
  blockA(): void {
    do this.flush();
    while (this.fill(1000, A) > 0);
    expect(this.endpoint.statistics.blockedChannels).toBe(1);
    expect(this.endpoint.queuedBytes).toBeGreaterThan(250 * KIB);
  }
}

const limits = { maxQueuedBytes: 256 * KIB };

describe("drain", () => {
  it("comes once what waits for the peer's application leaves room beside it", () => {
    const sender = new Sender(limits);
    sender.blockA();
    expect(sender.endpoint.takeDrain()).toBe(false);
    expect(sender.fill(1000, B)).toBeGreaterThan(250);
    expect(sender.endpoint.takeDrain()).toBe(false);
    sender.flush();
    expect(sender.endpoint.takeDrain()).toBe(true);
    expect(sender.endpoint.takeDrain()).toBe(false);
    expect(sender.send(1000, B)).toBe(true);
  });

  it("does not come for a channel that waits itself until it has room, so that nobody tries in vain for ever", () => {
    const sender = new Sender(limits);
    sender.blockA();
    let tries = 0;
    sender.fill(1000, B);
    sender.flush();
    while (sender.endpoint.takeDrain()) {
      expect(sender.send(1000, A)).toBe(false);
      expect(++tries).toBeLessThan(3);
    }
    expect(tries).toBe(1);
    sender.read(1, 300 * KIB);
    sender.flush();
    expect(sender.endpoint.takeDrain()).toBe(true);
    expect(sender.send(1000, A)).toBe(true);
  });

  it("comes for a channel that the peer reads again while another one still waits", () => {
    const sender = new Sender(limits);
    sender.blockA();
    do sender.flush();
    while (sender.fill(1000, B) > 0);
    expect(sender.endpoint.statistics.blockedChannels).toBe(2);
    expect(sender.endpoint.takeDrain()).toBe(false);
    sender.read(2, 4000 * KIB);
    sender.flush();
    expect(sender.endpoint.statistics.blockedChannels).toBe(1);
    expect(sender.endpoint.takeDrain()).toBe(true);
    expect(sender.send(1000, B)).toBe(true);
  });

  it("waits for the place of a message larger than the queue when such a one was refused", () => {
    const sender = new Sender({ maxQueuedBytes: 64 * KIB });
    const large: SendOptions = { delivery: "reliable", channel: 3 };
    expect([sender.send(100 * KIB, large), sender.send(100 * KIB, large)]).toEqual([true, false]);
    expect(sender.endpoint.takeDrain()).toBe(false);
    sender.flush();
    expect(sender.endpoint.takeDrain()).toBe(true);
    expect(sender.send(100 * KIB, large)).toBe(true);
  });

  it("comes for others while a message larger than the queue still waits for its place", () => {
    const sender = new Sender({ maxQueuedBytes: 128 * KIB });
    // It keeps the one place for such messages: the peer does not read its channel.
    sender.fill(200 * KIB, A);
    for (let i = 0; i < 4; i++) {
      sender.flush();
      sender.fill(200 * KIB, A);
    }
    expect(sender.endpoint.statistics.blockedChannels).toBe(1);
    expect(sender.send(200 * KIB, { ...B, channel: 5 })).toBe(false);
    sender.fill(1000, B);
    sender.flush();
    expect(sender.endpoint.takeDrain()).toBe(true);
    expect(sender.send(1000, B)).toBe(true);
  });

  it("comes for what may be dropped, once it would be taken", () => {
    const sender = new Sender(limits);
    sender.blockA();
    const dear: SendOptions = { delivery: "unreliable", priority: 6 };
    const cheap: SendOptions = { delivery: "unreliable", priority: 1 };
    for (let i = 0; i < 100; i++) sender.send(1000, dear);
    expect(sender.send(1000, cheap)).toBe(false);
    expect(sender.endpoint.takeDrain()).toBe(false);
    sender.flush();
    expect(sender.endpoint.takeDrain()).toBe(true);
    expect(sender.send(1000, cheap)).toBe(true);
  });

  it("comes for bestEffort, and for everything at once when the peer reads", () => {
    const sender = new Sender(limits);
    sender.blockA();
    const marker: SendOptions = { delivery: "bestEffort", expiresInMs: 1e6, channel: 4 };
    expect(sender.fill(1000, marker)).toBeGreaterThan(100);
    sender.flush();
    expect([sender.endpoint.takeDrain(), sender.send(1000, marker)]).toEqual([true, true]);
    sender.fill(1000, marker);
    sender.fill(1000, B);
    for (let bytes = 300; bytes < 2000; bytes += 300) {
      sender.read(1, bytes * KIB);
      sender.flush();
    }
    expect([sender.endpoint.takeDrain(), sender.endpoint.takeDrain()]).toEqual([true, false]);
    expect(sender.endpoint.queuedBytes).toBe(0);
  });
});
