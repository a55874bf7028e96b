import type { TraceEvent } from "@sortie/connection";
import { ConnectionPair } from "@sortie/testkit";
import { describe, expect, it } from "vitest";
import { holdUp, type Side } from "../support/hold-up.js";
import { createSimulationCrypto } from "../support/simulation-crypto.js";

const LATENCY_MS = 25;
/** ms. What a process is held up for by a long garbage collection, a save, a stop. */
const STALLS = [500, 2000, 6000] as const;
const MARKED_BYTES = 41;

/** A pair that is up, one side of which is to be held up. */
class Game {
  readonly pair: ConnectionPair;
  lost = 0;
  spurious = 0;
  probeTimeouts = 0;
  private bytes = 0;
  private readonly side: Side;
  private readonly other: Side;

  constructor(side: Side, loss: number = 0, bandwidthBytesPerSecond?: number) {
    this.side = side;
    this.other = side === "client" ? "server" : "client";
    const trace = ({ type }: TraceEvent): void => {
      if (type === "packet-lost") this.lost += 1;
      if (type === "spurious-loss") this.spurious += 1;
      if (type === "probe-timeout") this.probeTimeouts += 1;
    };
    this.pair = new ConnectionPair({
      seed: 4,
      crypto: createSimulationCrypto(4),
      link: { latencyMs: LATENCY_MS, loss, ...(bandwidthBytesPerSecond && { bandwidthBytesPerSecond }) },
      ...(side === "client" ? { clientTrace: trace } : { serverTrace: trace }),
    });
    this.pair.run(1000);
  }

  /** Both sides send now and then, and the one besides a reliable message each `everyMs`. */
  play(ms: number, everyMs: number): void {
    const { pair, side, other } = this;
    for (const endMs = pair.nowMs + ms; pair.nowMs < endMs; pair.run(10)) {
      if (pair.nowMs % everyMs === 0) pair[side].send(new Uint8Array(40), { delivery: "reliable" }, pair.nowMs);
      if (pair.nowMs % 50 === 0) pair[other].send(new Uint8Array(30), { delivery: "unreliable" }, pair.nowMs);
      this.read();
    }
  }

  /** Sends a reliable message, the first packet of which is lost. The ms that it takes. */
  loseOne(): number {
    const { pair, side, other } = this;
    const sentAtMs = pair.nowMs;
    let isDropping = true;
    pair.interceptor = (datagram, to) => (to === other && isDropping ? undefined : datagram);
    pair[side].send(new Uint8Array(MARKED_BYTES), { delivery: "reliable" }, pair.nowMs);
    pair.run(1);
    isDropping = false;
    this.waitForMarked();
    return pair.nowMs - sentAtMs;
  }

  /** The ms until the message that was lost is there. */
  waitForMarked(): number {
    const { pair } = this;
    const fromMs = pair.nowMs;
    while (!this.read()) {
      if (pair.nowMs - fromMs > 20_000) return Infinity;
      pair.run(1);
    }
    return pair.nowMs - fromMs;
  }

  /** The client has more to send all the time than the path carries. The bytes that arrive. */
  fill(ms: number): number {
    const { pair } = this;
    const from = this.bytes;
    for (const endMs = pair.nowMs + ms; pair.nowMs < endMs; pair.run(1)) {
      while (pair.client.statistics(pair.nowMs).endpoint.queuedBytes < 3e6) {
        pair.client.send(new Uint8Array(16_384), { delivery: "reliable" }, pair.nowMs);
      }
      this.read();
    }
    return this.bytes - from;
  }

  /** Both sides' messages are read; whether the marked one was among them. */
  private read(): boolean {
    let hasCome = false;
    for (const connection of [this.pair.client, this.pair.server]) {
      for (let message = connection.pollMessage(); message !== undefined; message = connection.pollMessage()) {
        this.bytes += message.payload.length;
        if (message.payload.length === MARKED_BYTES) hasCome = true;
      }
    }
    return hasCome;
  }
}

for (const side of ["client", "server"] as const) {
  for (const first of ["timers", "socket"] as const) {
    describe(`a ${side} that was held up, and goes on with its ${first}`, () => {
      it.each(STALLS)("takes no pause of %i ms for a round trip, and nothing for lost", (stallMs) => {
        for (const everyMs of [10, 100, 500, 3000]) {
          const game = new Game(side);
          game.play(6000, everyMs);
          const before = { probeTimeoutMs: game.pair[side].probeTimeoutMs, rttMs: game.pair[side].rttMs };
          const { probeTimeouts } = game;
          game.pair[side].send(new Uint8Array(40), { delivery: "reliable" }, game.pair.nowMs);
          game.pair.run(5);
          holdUp(game.pair, side, stallMs, first);
          const about = `${everyMs} ms between messages`;
          expect(game.pair[side].probeTimeoutMs, about).toBeLessThanOrEqual(before.probeTimeoutMs + 1);
          game.play(1000, everyMs);
          expect(game.pair[side].rttMs, about).toBeLessThan(before.rttMs + 2);
          expect(game.pair[side].probeTimeoutMs, about).toBeLessThanOrEqual(before.probeTimeoutMs + 20);
          expect(game.lost + game.spurious + game.probeTimeouts - probeTimeouts, about).toBe(0);
          expect(game.loseOne(), about).toBeLessThan(3 * LATENCY_MS + before.probeTimeoutMs);
        }
      });
    });
  }
}

describe("a process that was held up", () => {
  it.each(STALLS)("notices real losses after %i ms on a path that loses a tenth, and few that are none", (stallMs) => {
    for (const side of ["client", "server"] as const) {
      for (const first of ["timers", "socket"] as const) {
        const game = new Game(side, 0.1);
        game.play(6000, 20);
        const { probeTimeoutMs } = game.pair[side];
        const { spurious } = game;
        holdUp(game.pair, side, stallMs, first);
        expect(game.pair[side].probeTimeoutMs).toBeLessThanOrEqual(probeTimeoutMs + 1);
        game.play(1000, 20);
        expect(game.spurious - spurious).toBeLessThanOrEqual(2);
        expect(game.pair[side].rttMs).toBeLessThan(2 * LATENCY_MS + 30);
        expect(game.loseOne()).toBeLessThan(10 * LATENCY_MS + game.pair[side].probeTimeoutMs);
      }
    }
  });

  it.each(STALLS)("sends again what was lost just before a pause of %i ms, 50 ms after it", (stallMs) => {
    for (const first of ["timers", "socket"] as const) {
      const game = new Game("server");
      game.play(6000, 500);
      const { pair, probeTimeouts } = game;
      pair.interceptor = (datagram, to) => (to === "client" ? undefined : datagram);
      pair.server.send(new Uint8Array(MARKED_BYTES), { delivery: "reliable" }, pair.nowMs);
      pair.run(5);
      pair.interceptor = undefined;
      holdUp(pair, "server", stallMs, first);
      expect(game.probeTimeouts).toBe(probeTimeouts);
      expect(game.waitForMarked()).toBe(50 + LATENCY_MS);
      expect(game.probeTimeouts).toBeLessThanOrEqual(probeTimeouts + 1);
    }
  });

  it("has its own slowness for a round trip when it is late again and again", () => {
    const game = new Game("server");
    game.play(3000, 100);
    for (let i = 0; i < 40; i++) {
      game.pair.server.send(new Uint8Array(40), { delivery: "reliable" }, game.pair.nowMs);
      game.pair.run(1);
      holdUp(game.pair, "server", 300, i % 2 === 0 ? "timers" : "socket");
    }
    expect(game.pair.server.rttMs).toBeGreaterThan(200);
    expect(game.probeTimeouts).toBeLessThan(20);
  });

  it.each([100, ...STALLS])("takes a full pipe that stood still for %i ms up where it was", (stallMs) => {
    for (const first of ["timers", "socket"] as const) {
      const game = new Game("client", 0, 1_250_000);
      const { pair } = game;
      game.fill(3000);
      const { bandwidthBytesPerSecond: before } = pair.client.statistics(pair.nowMs).endpoint;
      const { lost } = game;
      holdUp(pair, "client", stallMs, first);
      pair.run(200);
      expect(pair.client.statistics(pair.nowMs).endpoint.bandwidthBytesPerSecond).toBeGreaterThan(0.85 * before);
      expect(game.fill(2000)).toBeGreaterThan(0.75 * 1_250_000 * 2);
      expect(game.lost + game.spurious - lost).toBe(0);
    }
  });

  it("keeps large datagrams: that nothing was heard for so long does not come from their size", () => {
    const game = new Game("client");
    game.fill(500);
    const { pair } = game;
    const sizes: number[] = [];
    pair.interceptor = (datagram, to) => {
      if (to === "server") sizes.push(datagram.length);
      return datagram;
    };
    const { mtuBytes } = pair.client.statistics(pair.nowMs);
    holdUp(pair, "client", 2000, "timers");
    expect(mtuBytes).toBe(1452);
    // The first may be the rest of a message.
    expect(Math.max(...sizes.slice(0, 5))).toBeGreaterThan(1440);
  });
});
