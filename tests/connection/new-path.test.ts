import { AdaptiveRate, type CongestionController, NewReno } from "@sortie/reliability";
import { ConnectionPair, PairAddress, TraceRecorder } from "@sortie/testkit";
import { describe, expect, it } from "vitest";
import { createSimulationCrypto } from "../support/simulation-crypto.js";

const MEGABYTE = 1_000_000;
/** bytes/s. What the path carries before and after the move. */
const FAST = 10 * MEGABYTE;
const SLOW = MEGABYTE / 2;

/** A client that uploads all that it may. */
class Upload {
  readonly pair: ConnectionPair;
  readonly trace = new TraceRecorder();
  received = 0;

  constructor(createCongestionController: () => CongestionController) {
    this.pair = new ConnectionPair({
      seed: 4,
      crypto: createSimulationCrypto(4),
      settings: { createCongestionController },
      link: { latencyMs: 20, bandwidthBytesPerSecond: FAST },
      returnLink: { latencyMs: 20 },
      clientTrace: this.trace.sink,
    });
    if (!this.pair.runUntil(() => this.pair.server.state === "connected", 1000)) throw new Error("not connected");
  }

  get statistics() {
    return this.pair.client.statistics(this.pair.nowMs).endpoint;
  }

  run(ms: number): void {
    const { pair } = this;
    for (let elapsed = 0; elapsed < ms; elapsed += 5) {
      while (pair.client.send(new Uint8Array(500_000), { delivery: "reliable" }, pair.nowMs).accepted);
      pair.run(5);
      for (let message = pair.server.pollMessage(); message !== undefined; message = pair.server.pollMessage()) {
        this.received += message.payload.length;
      }
    }
  }

  /** From Wi-Fi to a mobile network. */
  move(): void {
    const { pair } = this;
    pair.toServer.configure({ latencyMs: 40, bandwidthBytesPerSecond: SLOW }, pair.nowMs);
    pair.seenAddress = new PairAddress("mobile");
    pair.client.onLocalMove(pair.nowMs);
  }
}

describe("an upload that moves to a path of a twentieth", () => {
  it("adapts to it at once: nothing is lost by the rate of the former path, and the new one is filled", () => {
    const upload = new Upload(() => new AdaptiveRate());
    upload.run(3000);
    expect(upload.statistics.bandwidthBytesPerSecond).toBeGreaterThan(0.9 * FAST);
    expect(upload.statistics.bytesInFlight).toBeGreaterThan(300_000);
    const { packetsLost } = upload.statistics;
    const movedAtMs = upload.pair.nowMs;
    upload.move();
    upload.run(2000);
    const after = upload.trace.of("congestion").filter((event) => event.atMs > movedAtMs);
    expect(Math.max(...after.map((event) => event.bandwidthBytesPerSecond))).toBeLessThan(1.2 * SLOW);
    expect(Math.max(...after.map((event) => event.paceBytesPerSecond))).toBeLessThan(3 * SLOW);
    // 856 of 1468 with the rate of the former path.
    expect(upload.statistics.packetsLost - packetsLost).toBeLessThan(20);
    const before = upload.received;
    upload.run(4000);
    expect(upload.received - before).toBeGreaterThan(0.8 * 4 * SLOW);
  });

  it("NewReno: begins with ten packets there, and not with a window of the former one", () => {
    const upload = new Upload(() => new NewReno());
    upload.run(3000);
    expect(upload.statistics.bytesInFlight).toBeGreaterThan(300_000);
    const { packetsLost } = upload.statistics;
    const movedAtMs = upload.pair.nowMs;
    upload.move();
    expect(upload.statistics).toMatchObject({ congestionWindowBytes: 12_000, bytesInFlight: 0 });
    upload.run(2000);
    const after = upload.trace.of("congestion").filter((event) => event.atMs > movedAtMs);
    // Slow start fills the link's queue of 50 KB once.
    expect(Math.max(...after.map((event) => event.windowBytes))).toBeLessThan(250_000);
    expect(upload.statistics.packetsLost - packetsLost).toBeLessThan(250);
  });
});

describe("a game whose network died", () => {
  it("begins with a whole window on the new one, whatever was lost on the old one", () => {
    const trace = new TraceRecorder();
    const pair = new ConnectionPair({
      seed: 4,
      crypto: createSimulationCrypto(4),
      link: { latencyMs: 20 },
      clientTrace: trace.sink,
    });
    pair.runUntil(() => pair.client.state === "connected" && pair.server.state === "connected", 1000);
    const play = (ms: number): void => {
      for (let elapsed = 0; elapsed < ms; elapsed += 33) {
        pair.client.send(new Uint8Array(300), { delivery: "unreliable" }, pair.nowMs);
        pair.run(33);
      }
    };
    play(2000);
    pair.interceptor = () => undefined;
    play(3000);
    pair.interceptor = undefined;
    const movedAtMs = pair.nowMs;
    pair.seenAddress = new PairAddress("mobile");
    pair.client.onLocalMove(pair.nowMs);
    play(500);
    const windows = trace.of("congestion").filter((event) => event.atMs > movedAtMs);
    expect(windows.length).toBeGreaterThan(3);
    expect(Math.min(...windows.map((event) => event.windowBytes))).toBeGreaterThanOrEqual(12_000);
  });
});
