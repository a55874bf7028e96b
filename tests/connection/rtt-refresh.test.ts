import type { Connection } from "@sortie/connection";
import { ConnectionPair, type ConnectionPairOptions, TraceRecorder } from "@sortie/testkit";
import { describe, expect, it } from "vitest";

const FRAME_MS = 33;
const PAYLOAD = new Uint8Array(20);

interface Watched {
  readonly pair: ConnectionPair;
  readonly talker: Connection;
  readonly listener: Connection;
  /** What the listener sent. */
  readonly trace: TraceRecorder;
}

/** `listener` says nothing by itself: a server that only takes input, or a client that only looks on. */
function watched(listener: "server" | "client", options: Partial<ConnectionPairOptions> = {}): Watched {
  const trace = new TraceRecorder();
  const traces = listener === "server" ? { serverTrace: trace.sink } : { clientTrace: trace.sink };
  const pair = new ConnectionPair({ seed: 99, link: { latencyMs: 5 }, ...traces, ...options });
  expect(pair.runUntil(() => pair.client.state === "connected", 5000)).toBe(true);
  pair.run(200);
  const talker = listener === "server" ? pair.client : pair.server;
  return { pair, talker, listener: pair[listener], trace };
}

/** `delivery` messages every `intervalMs`, all of which the listener reads. */
function talk(
  { pair, talker, listener }: Watched,
  ms: number,
  intervalMs: number = FRAME_MS,
  delivery: "unreliable" | "reliable" = "unreliable",
): void {
  for (let elapsed = 0; elapsed < ms; elapsed += intervalMs) {
    talker.send(PAYLOAD, { delivery }, pair.nowMs);
    pair.run(intervalMs);
    while (listener.pollMessage() !== undefined);
  }
}

function delay({ pair }: Watched, latencyMs: number): void {
  for (const link of [pair.toServer, pair.toClient]) link.configure({ latencyMs }, pair.nowMs);
}

function sent(trace: TraceRecorder, fromMs: number): { packets: number; bytes: number } {
  const packets = trace.of("packet-sent").filter((event) => event.atMs >= fromMs);
  return { packets: packets.length, bytes: packets.reduce((sum, { bytes }) => sum + bytes, 0) };
}

describe.each(["server", "client"] as const)("a %s that only listens", (side) => {
  it.each(["unreliable", "reliable"] as const)(
    "learns of a longer way within seconds, from %s messages",
    (delivery) => {
      const game = watched(side);
      talk(game, 5000, FRAME_MS, delivery);
      expect(game.listener.rttMs).toBeLessThan(30);
      expect(game.listener.quality).toBe("good");
      delay(game, 200);
      talk(game, 5000, FRAME_MS, delivery);
      expect(game.listener.quality).toBe("poor");
      expect(game.listener.advice.updateDivisor).toBe(4);
      expect(game.listener.rttMs).toBeGreaterThan(280);
      talk(game, 5000, FRAME_MS, delivery);
      expect(game.listener.rttMs).toBeGreaterThan(350);
      expect(game.listener.rttMs).toBeLessThan(440);
      delay(game, 5);
      talk(game, 15_000, FRAME_MS, delivery);
      expect(game.listener.rttMs).toBeLessThan(30);
      expect(game.listener.quality).toBe("good");
    },
  );

  it("asks with packets that go anyway: no more of them, and hardly a byte a second", () => {
    const game = watched(side);
    talk(game, 5000);
    const { pair, talker, listener, trace } = game;
    const fromMs = pair.nowMs;
    const [before, heardBefore] = [talker.statistics(fromMs), listener.statistics(fromMs)];
    talk(game, 60_000);
    const [after, heard] = [talker.statistics(pair.nowMs), listener.statistics(pair.nowMs)];
    const { packets, bytes } = sent(trace, fromMs);
    const said = after.packetsSent - before.packetsSent;
    // Without it 459 and 457 packets of 14,904 and 14,843 bytes: ACKs alone, each for four messages.
    expect(packets).toBeLessThanOrEqual(460);
    expect(bytes).toBeLessThanOrEqual(14_904 + 60);
    // Its messages, and two acknowledgements that did not find one of them to go with.
    expect(said).toBeLessThanOrEqual(60_000 / FRAME_MS + 4);
    expect(heard.endpoint.packetsAcked).toBeGreaterThan(heardBefore.endpoint.packetsAcked);
    expect(heard.endpoint.probeTimeouts).toBe(heardBefore.endpoint.probeTimeouts);
  });

  it("learns it from a bulk transfer, too", () => {
    const game = watched(side, { link: { latencyMs: 5, bandwidthBytesPerSecond: 500_000, queueBytes: 50_000 } });
    const { pair, talker, listener } = game;
    for (let elapsed = 0; elapsed < 20_000; elapsed += 10) {
      if (elapsed === 8000) {
        for (const link of [pair.toServer, pair.toClient]) {
          link.configure({ latencyMs: 100, bandwidthBytesPerSecond: 500_000, queueBytes: 50_000 }, pair.nowMs);
        }
      }
      talker.send(new Uint8Array(4000), { delivery: "ordered" }, pair.nowMs);
      pair.run(10);
      while (listener.pollMessage() !== undefined);
    }
    expect(listener.rttMs).toBeGreaterThan(180);
  });

  it("is not at its wits' end when its turn comes to talk: no probe timeout of an old round trip", () => {
    const game = watched(side);
    talk(game, 5000);
    delay(game, 200);
    talk(game, 10_000);
    const { pair, listener } = game;
    const before = listener.statistics(pair.nowMs).endpoint.probeTimeouts;
    for (let i = 0; i < 50; i++) {
      listener.send(PAYLOAD, { delivery: "reliable" }, pair.nowMs);
      pair.run(20);
    }
    expect(listener.statistics(pair.nowMs).endpoint.probeTimeouts).toBe(before);
  });

  it("asks nothing more once the talking ends, and is not asked by who heard nothing but acknowledgements", () => {
    const game = watched(side);
    talk(game, 5000);
    const { pair, talker, listener } = game;
    pair.run(1000);
    const at = (): number => talker.statistics(pair.nowMs).packetsSent + listener.statistics(pair.nowMs).packetsSent;
    const before = at();
    pair.run(60_000);
    // One PING and its acknowledgement in keepAliveMs.
    expect(at() - before).toBeLessThanOrEqual(2 * 20);
    expect(at() - before).toBeGreaterThanOrEqual(2 * 19);
  });

  it("asks with the next acknowledgement when messages come seldom", () => {
    const game = watched(side);
    talk(game, 20_000, 2000);
    delay(game, 100);
    talk(game, 30_000, 2000);
    expect(game.listener.rttMs).toBeGreaterThan(150);
  });
});

describe("an idle pair", () => {
  it("exchanges a PING and its acknowledgement in keepAliveMs, and nothing else", () => {
    const { pair } = watched("server");
    const at = (): number[] => [pair.client, pair.server].map((side) => side.statistics(pair.nowMs).packetsSent);
    const before = at();
    pair.run(120_000);
    expect(at().map((count, i) => count - before[i]!)).toEqual([40, 39]);
  });
});

describe("two sides that both talk", () => {
  it("send not a packet more for it", () => {
    const { pair, trace } = watched("server");
    const fromMs = pair.nowMs;
    for (let i = 0; i < 300; i++) {
      pair.client.send(PAYLOAD, undefined, pair.nowMs);
      pair.server.send(PAYLOAD, undefined, pair.nowMs);
      pair.run(FRAME_MS);
    }
    expect(sent(trace, fromMs).packets).toBeLessThanOrEqual(302);
  });
});
