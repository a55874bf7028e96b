import type { Connection } from "@sortie/connection";
import type { EndpointStatistics } from "@sortie/reliability";
import { assertNoLeaks, ConnectionPair, type ConnectionPairOptions, TraceRecorder } from "@sortie/testkit";
import { readTruncatedPacketNumber } from "@sortie/wire";
import { createSeededNodeCrypto } from "./hostile-crypto.js";
import { type FramePart, packetOf } from "./hostile-frames.js";
import { eventsOf } from "./pair-reading.js";

/** Above every number that the honest side used before it was replaced. */
const FIRST_NUMBER = 5000;

export interface HostilePeerOptions extends Partial<ConnectionPairOptions> {
  /** Which side is attacked. Default: the server. */
  readonly victim?: "client" | "server";
}

/**
 * One side of a connected pair, replaced by an attacker that has its keys: what the honest side sends no longer
 * arrives, what the attacker seals does, and it sees which packets the victim sends.
 */
export class HostilePeer {
  readonly pair: ConnectionPair;
  readonly trace: TraceRecorder = new TraceRecorder();
  readonly victim: Connection;
  /** Numbers of the packets that the victim has sent since it is attacked. */
  readonly heard: number[] = [];
  /** bytes of these packets. */
  heardBytes = 0;
  /** Number of the next forged packet. */
  next: number;
  private readonly as: "client" | "server";

  constructor(options: HostilePeerOptions = {}) {
    const { victim = "server", ...pairOptions } = options;
    const sink = victim === "server" ? { serverTrace: this.trace.sink } : { clientTrace: this.trace.sink };
    // Without MTU probes the victim sends what the attack makes it send, and no more.
    const settings = { mtuBytes: 1200, ...pairOptions.settings };
    const crypto = createSeededNodeCrypto(25);
    const pair = new ConnectionPair({ seed: 25, crypto, ...sink, ...pairOptions, settings });
    this.pair = pair;
    this.as = victim === "server" ? "client" : "server";
    this.victim = pair[victim];
    this.next = FIRST_NUMBER + (options.initialPacketNumber ?? 0);
    if (!pair.runUntil(() => pair.client.state === "connected", 2000)) throw new Error("the pair did not connect");
    pair.run(200);
    eventsOf(this.victim);
    pair.interceptor = (datagram, to) => {
      if (to !== victim) {
        this.heard.push(readTruncatedPacketNumber(datagram));
        this.heardBytes += datagram.length;
      }
      return undefined;
    };
  }

  get nowMs(): number {
    return this.pair.nowMs;
  }

  get stats(): EndpointStatistics {
    return this.victim.statistics(this.nowMs).endpoint;
  }

  /** Why the victim dropped datagrams, in order. */
  get drops(): string[] {
    return this.trace.of("packet-dropped").map((event) => event.reason);
  }

  /** Sends one packet of these frames and a PING; it is there when this returns. */
  send(...parts: readonly FramePart[]): void {
    this.sendRaw(packetOf(...parts));
  }

  /** Sends one packet of any plaintext. */
  sendRaw(plaintext: Uint8Array): void {
    this.pair.injectForged(this.as, this.next++, plaintext);
    this.pair.run(0);
  }

  run(ms: number): void {
    this.pair.run(ms);
  }

  /** Lets time pass in which the attacker keeps the connection alive. */
  linger(ms: number, stepMs: number = 1000): void {
    for (let passed = 0; passed < ms; passed += stepMs) {
      this.run(Math.min(stepMs, ms - passed));
      this.send();
    }
  }

  /** The attacker falls silent; asserts that nothing is left of the victim's connection. */
  end(): void {
    this.run(30_000);
    assertNoLeaks({ connections: [this.victim] });
  }
}
