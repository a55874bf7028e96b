import { FixedBudget } from "@sortie/reliability";
import { ConnectionPair, type ConnectionPairOptions, TraceRecorder } from "@sortie/testkit";
import { encodeUtf8 } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { eventsOf, wordsOf } from "../support/pair-reading.js";

function connected(options: Partial<ConnectionPairOptions> = {}): ConnectionPair {
  const pair = new ConnectionPair({ seed: 31, link: { latencyMs: 10 }, ...options });
  expect(pair.runUntil(() => pair.client.state === "connected", 5000)).toBe(true);
  return pair;
}

/** A game at 25 packets a second each way. */
function play(pair: ConnectionPair, ms: number): void {
  for (let elapsed = 0; elapsed < ms; elapsed += 40) {
    pair.client.send(encodeUtf8("input"), undefined, pair.nowMs);
    pair.server.send(encodeUtf8("state"), undefined, pair.nowMs);
    pair.run(40);
  }
}

describe("statistics of a connection", () => {
  it("agree with what was really sent and received, packets and bytes, by totals and by seconds", () => {
    const clientTrace = new TraceRecorder();
    const serverTrace = new TraceRecorder();
    const pair = connected({ clientTrace: clientTrace.sink, serverTrace: serverTrace.sink });
    play(pair, 5000);
    pair.run(6000 - pair.nowMs);
    const client = pair.client.statistics(pair.nowMs);
    const server = pair.server.statistics(pair.nowMs);
    const sent = clientTrace.of("packet-sent");
    expect(client.packetsSent).toBe(sent.length);
    expect(client.bytesSent).toBe(sent.reduce((sum, event) => sum + event.bytes, 0));
    expect(server.packetsReceived).toBe(serverTrace.of("packet-received").length);
    expect(server.packetsReceived).toBe(client.packetsSent);
    expect(server.bytesReceived).toBe(client.bytesSent);
    expect(client.seconds).toHaveLength(10);
    client.seconds.forEach((second, back) => {
      const from = 5000 - back * 1000;
      const inSecond = sent.filter((event) => event.atMs >= from && event.atMs < from + 1000);
      expect(second.packetsSent).toBe(inSecond.length);
      expect(second.bytesSent).toBe(inSecond.reduce((sum, event) => sum + event.bytes, 0));
    });
    const received = clientTrace.of("packet-received");
    const between = received.filter((event) => event.atMs >= 3000 && event.atMs < 4000);
    expect(client.seconds[2]?.packetsReceived).toBe(between.length);
    expect(client.seconds[2]?.bytesReceived).toBe(between.reduce((sum, event) => sum + event.bytes, 0));
    expect([client.packetsDropped, client.migrations, client.keyUpdates, client.loss]).toEqual([0, 0, 0, 0]);
  });

  it("are a snapshot: a later message changes nothing in one that was taken", () => {
    const pair = connected();
    pair.client.send(encodeUtf8("one"), undefined, pair.nowMs);
    pair.run(100);
    const before = pair.client.statistics(pair.nowMs);
    const copy = structuredClone(before);
    play(pair, 200);
    expect(before).toEqual(copy);
    expect(before.endpoint.messagesSent).toEqual([1, 0, 0, 0, 0]);
    expect(pair.client.statistics(pair.nowMs).endpoint.messagesSent).toEqual([6, 0, 0, 0, 0]);
  });
});

describe("statistics of a connection whose congestion controller throws", () => {
  it.each(["windowBytes", "paceBytesPerSecond", "bandwidthBytesPerSecond"] as const)(
    "have what its %s was last, before the end and after it; the owner is told where it is acted on",
    (name) => {
      const controllers: FixedBudget[] = [];
      const createCongestionController = (): FixedBudget => (controllers.push(new FixedBudget()), controllers.at(-1)!);
      const pair = connected({ settings: { createCongestionController } });
      play(pair, 500);
      const before = pair.client.statistics(pair.nowMs).endpoint;
      const get = (): never => {
        throw new Error("bug in my controller");
      };
      for (const controller of controllers) Object.defineProperty(controller, name, { get });
      expect(pair.client.statistics(pair.nowMs).endpoint).toEqual(before);
      expect(() => play(pair, 2000)).toThrow("bug in my controller");
      pair.client.abort({ code: "internal-error", by: "local", text: "" }, pair.nowMs);
      const after = pair.client.statistics(pair.nowMs).endpoint;
      expect(after.congestionWindowBytes).toBe(before.congestionWindowBytes);
      expect(after.packetsSent).toBeGreaterThan(0);
    },
  );
});

describe("the quality of a connection", () => {
  function grades(pair: ConnectionPair): string[] {
    return eventsOf(pair.client).flatMap((event) => (event.type === "quality" ? [event.quality] : []));
  }

  it("is good on a good link from the first second on, without an event", () => {
    for (const latencyMs of [1, 20, 40]) {
      const pair = connected({ link: { latencyMs } });
      play(pair, 5000);
      expect(pair.client.quality).toBe("good");
      expect(grades(pair)).toEqual([]);
    }
  });

  it("falls with loss and rises again after it, with an event each time on both sides", () => {
    const pair = connected({ link: { latencyMs: 20 } });
    play(pair, 3000);
    pair.toServer.configure({ latencyMs: 20, loss: 0.25 }, pair.nowMs);
    play(pair, 10_000);
    expect(pair.client.quality).toBe("poor");
    expect(pair.client.statistics(pair.nowMs).loss).toBeGreaterThan(0.1);
    expect(grades(pair).at(-1)).toBe("poor");
    expect(pair.server.quality).toBe("poor");
    expect(pair.server.statistics(pair.nowMs).loss).toBe(0);
    expect(pair.server.statistics(pair.nowMs).receiveLoss).toBeGreaterThan(0.1);
    pair.toServer.configure({ latencyMs: 20 }, pair.nowMs);
    play(pair, 25_000);
    expect(pair.client.quality).toBe("good");
    expect(grades(pair).at(-1)).toBe("good");
  });

  it("falls with latency", () => {
    const pair = connected({ link: { latencyMs: 20 } });
    play(pair, 3000);
    pair.toClient.configure({ latencyMs: 140 }, pair.nowMs);
    play(pair, 10_000);
    expect(pair.client.quality).toBe("fair");
    expect(pair.client.statistics(pair.nowMs).quality).toBe("fair");
    expect(eventsOf(pair.server).filter((event) => event.type === "quality")).toHaveLength(1);
  });
});

describe("a key update", () => {
  const LOW = { updateAfterPackets: 40 };

  it("comes by itself, again and again, and costs no message, in order or late", () => {
    const link = { latencyMs: 20, jitterMs: 10, loss: 0.05, reorder: 0.1, duplicate: 0.05 };
    const pair = connected({ link, keyLimits: LOW });
    const sent: string[] = [];
    for (let i = 0; i < 700; i++) {
      const word = `${i}`;
      sent.push(word);
      pair.client.send(encodeUtf8(word), { delivery: "ordered" }, pair.nowMs);
      pair.server.send(encodeUtf8(word), { delivery: "ordered" }, pair.nowMs);
      pair.run(10);
    }
    pair.run(3000);
    expect(wordsOf(pair.server)).toEqual(sent);
    expect(wordsOf(pair.client)).toEqual(sent);
    const updates = pair.client.statistics(pair.nowMs).keyUpdates;
    expect(updates).toBeGreaterThan(5);
    expect(Math.abs(updates - pair.server.statistics(pair.nowMs).keyUpdates)).toBeLessThanOrEqual(1);
    // Duplicates are dropped, and nothing was lost to a wrong key.
    expect(pair.client.state).toBe("connected");
  });

  it("loses no packet to a wrong key on a link without loss", () => {
    const trace = new TraceRecorder();
    const pair = connected({ keyLimits: LOW, serverTrace: trace.sink });
    play(pair, 10_000);
    expect(pair.client.statistics(pair.nowMs).keyUpdates).toBeGreaterThan(3);
    expect(trace.of("packet-dropped")).toEqual([]);
  });

  it("with its bit forged changes nothing", () => {
    const pair = connected();
    const seen: Uint8Array[] = [];
    pair.interceptor = (datagram, to) => {
      if (to === "server") seen.push(datagram.slice());
      return datagram;
    };
    play(pair, 200);
    for (const datagram of seen) {
      datagram[0] = (datagram[0] as number) ^ 1;
      // A number that has not come yet, so that the replay window lets it pass.
      new DataView(datagram.buffer).setUint32(5, 5000);
      pair.inject(datagram, "server", pair.clientAddress);
    }
    play(pair, 1000);
    expect(pair.server.statistics(pair.nowMs).keyUpdates).toBe(0);
    expect(wordsOf(pair.server)).toHaveLength(30);
  });

  it("that never comes ends the connection at the hard limit, with the reason on this side", () => {
    const pair = connected({ keyLimits: { updateAfterPackets: 40, maxPacketsPerKey: 40 }, link: { latencyMs: 10 } });
    pair.interceptor = (datagram, to) => (to === "client" ? undefined : datagram);
    play(pair, 5000);
    const [last] = eventsOf(pair.client).slice(-1);
    expect(last).toMatchObject({ type: "closed", reason: { code: "key-limit", by: "local" } });
  });
});
