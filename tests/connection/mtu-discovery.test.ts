import { ConnectionPair, type ConnectionPairOptions, PairAddress, TraceRecorder } from "@sortie/testkit";
import type { LinkOptions } from "@sortie/transport-memory";
import { describe, expect, it } from "vitest";
import { messagesOf } from "../support/pair-reading.js";

const ONE_WAY_MS = 25;
const RTT_MS = 2 * ONE_WAY_MS;

/** A link whose `mtu` is that of the field: with headers of IPv6 and UDP. */
function link(mtu: number, more: LinkOptions = {}): LinkOptions {
  return { latencyMs: ONE_WAY_MS, mtu, overheadBytes: 48, ...more };
}

function connected(options: Partial<ConnectionPairOptions>): { pair: ConnectionPair; trace: TraceRecorder } {
  const trace = new TraceRecorder();
  const pair = new ConnectionPair({ seed: 8, clientTrace: trace.sink, ...options });
  if (!pair.runUntil(() => pair.client.state === "connected", 5000)) throw new Error("the pair did not connect");
  return { pair, trace };
}

function mtuOf(pair: ConnectionPair, side: "client" | "server"): number {
  return pair[side].statistics(pair.nowMs).mtuBytes;
}

/** A large packet's worth of reliable data and small unreliable ones, 60 times a second. */
function play(pair: ConnectionPair, ms: number, bytes = 3000): { sent: number; received: number } {
  let sent = 0;
  let received = 0;
  for (let elapsed = 0; elapsed < ms; elapsed += 16) {
    if (elapsed % 96 === 0 && pair.client.send(new Uint8Array(bytes), { delivery: "ordered" }, pair.nowMs).accepted) {
      sent += 1;
    }
    pair.client.send(new Uint8Array(64), undefined, pair.nowMs);
    pair.server.send(new Uint8Array(64), undefined, pair.nowMs);
    pair.run(16);
    received += messagesOf(pair.server).filter((message) => message.delivery === "ordered").length;
    messagesOf(pair.client);
  }
  return { sent, received };
}

describe("S8 path MTU discovery", () => {
  it.each([
    [1500, 1452],
    [1460, 1412],
    [1400, 1352],
    [1280, 1232],
    [1248, 1200],
  ])("over a path MTU of %d finds %d within 20 round trips, both ways, while nothing is lost", (mtu, expected) => {
    const { pair } = connected({ link: link(mtu) });
    const before = play(pair, 20 * RTT_MS);
    expect(mtuOf(pair, "client")).toBe(expected);
    expect(mtuOf(pair, "server")).toBe(expected);
    const after = play(pair, 1000);
    pair.run(1000);
    const rest = messagesOf(pair.server).filter((message) => message.delivery === "ordered").length;
    expect(before.received + after.received + rest).toBe(before.sent + after.sent);
    expect(pair.client.statistics(pair.nowMs).endpoint.packetsLost).toBe(0);
  });

  it.each([{}, { mtuBytes: 1452 }])(
    "does not begin before the server has accepted, be there a move or not (%o)",
    (settings) => {
      const pair = new ConnectionPair({ seed: 8, link: link(1400), settings, autoAccept: false });
      const sizes: number[] = [];
      pair.interceptor = (datagram, to) => {
        if (to === "server" && pair.client.state === "connecting") sizes.push(datagram.length);
        return datagram;
      };
      pair.run(100);
      pair.client.onLocalMove(pair.nowMs);
      pair.run(900);
      expect(pair.client.state).toBe("connecting");
      expect(Math.max(...sizes)).toBeLessThan(1200);
      pair.accept();
      play(pair, 2000);
      expect(mtuOf(pair, "client")).toBe(settings.mtuBytes === undefined ? 1352 : 1200);
    },
  );

  it("needs no traffic of the application, and is silent once it has found", () => {
    const { pair } = connected({ link: link(1400) });
    pair.run(5000);
    expect(mtuOf(pair, "client")).toBe(1352);
    const before = pair.client.statistics(pair.nowMs).packetsSent;
    pair.run(9000);
    // Keep-alives only.
    expect(pair.client.statistics(pair.nowMs).packetsSent - before).toBeLessThanOrEqual(7);
  });

  it.each([1, 2, 3])("reaches 1400 bytes or more within 20 round trips at a loss of a tenth (seed %d)", (seed) => {
    const { pair } = connected({ seed, link: link(1500, { loss: 0.1 }) });
    play(pair, 20 * RTT_MS);
    expect(mtuOf(pair, "client")).toBeGreaterThanOrEqual(1400);
  });

  it.each([1, 2, 3])("recovers within 3 s of a fall from 1500 to 1280, with nothing lost (seed %d)", (seed) => {
    const { pair, trace } = connected({ seed, link: link(1500, { loss: 0.01 }) });
    const before = play(pair, 2000);
    expect(mtuOf(pair, "client")).toBe(1452);
    pair.toServer.configure(link(1280), pair.nowMs);
    pair.toClient.configure(link(1280), pair.nowMs);
    const fellAtMs = pair.nowMs;
    const during = play(pair, 3000);
    expect(mtuOf(pair, "client")).toBe(1232);
    const black = trace.of("mtu").find((event) => event.cause === "black-hole");
    expect((black?.atMs ?? Infinity) - fellAtMs).toBeLessThan(1000);
    const after = play(pair, 500);
    pair.run(2000);
    const rest = messagesOf(pair.server).filter((message) => message.delivery === "ordered").length;
    expect(before.received + during.received + after.received + rest).toBe(before.sent + during.sent + after.sent);
  });

  it("recovers when nothing but full packets is sent, all of which are swallowed", () => {
    const { pair } = connected({ link: link(1500) });
    pair.run(1000);
    expect(mtuOf(pair, "client")).toBe(1452);
    pair.toServer.configure(link(1280), pair.nowMs);
    const receipt = pair.client.send(new Uint8Array(500_000), { delivery: "reliable" }, pair.nowMs);
    let got = 0;
    for (let waited = 0; waited < 3000 && got === 0; waited += 10) {
      pair.run(10);
      got += messagesOf(pair.server).length;
    }
    expect(got).toBe(1);
    expect(receipt.accepted).toBe(true);
    pair.run(1500);
    expect(mtuOf(pair, "client")).toBe(1232);
  });

  it("recovers when a stream of large unreliable messages goes on and on, none of which arrives", () => {
    const { pair } = connected({ link: link(1500) });
    pair.run(1000);
    pair.toServer.configure(link(1280), pair.nowMs);
    let received = 0;
    for (let elapsed = 0; elapsed < 3000; elapsed += 16) {
      pair.client.send(new Uint8Array(1400), undefined, pair.nowMs);
      pair.run(16);
      received = messagesOf(pair.server).length;
    }
    expect(received).toBeGreaterThan(0);
    expect(mtuOf(pair, "client")).toBe(1232);
  });

  it("grows again ten minutes later when the path does", () => {
    const { pair } = connected({ link: link(1280) });
    pair.run(5000);
    expect(mtuOf(pair, "client")).toBe(1232);
    pair.toServer.configure(link(1500), pair.nowMs);
    pair.run(590_000);
    expect(mtuOf(pair, "client")).toBe(1232);
    pair.run(20_000);
    expect(mtuOf(pair, "client")).toBe(1452);
  });

  it("is not shrunk for good by an outage: back at once", () => {
    const { pair } = connected({ link: link(1500) });
    play(pair, 1000);
    for (let round = 0; round < 5; round++) {
      pair.interceptor = () => undefined;
      play(pair, 2000);
      pair.interceptor = undefined;
      play(pair, 3000);
      expect(mtuOf(pair, "client")).toBe(1452);
    }
  });

  it("keeps to the smaller of both sides' maxDatagramBytes", () => {
    const { pair } = connected({ link: link(1500), serverParameters: { maxDatagramBytes: 1300 } });
    play(pair, 1000);
    expect(mtuOf(pair, "client")).toBe(1300);
    expect(mtuOf(pair, "server")).toBe(1300);
  });

  it("sends what it is told to when the size is pinned, and no probe", () => {
    const { pair, trace } = connected({ link: link(1500), settings: { mtuBytes: 1300 } });
    play(pair, 1000);
    expect(mtuOf(pair, "client")).toBe(1300);
    expect(trace.of("mtu")).toEqual([]);
    expect(Math.max(...trace.of("packet-sent").map((event) => event.bytes))).toBeLessThanOrEqual(1300);
  });

  it("starts anew on another path", () => {
    const { pair } = connected({ link: link(1500) });
    play(pair, 1000);
    expect(mtuOf(pair, "server")).toBe(1452);
    pair.toClient.configure(link(1280), pair.nowMs);
    pair.toServer.configure(link(1280), pair.nowMs);
    pair.seenAddress = new PairAddress("train");
    pair.client.onLocalMove(pair.nowMs);
    expect(mtuOf(pair, "client")).toBe(1200);
    play(pair, 20 * RTT_MS + 3 * RTT_MS);
    expect(mtuOf(pair, "client")).toBe(1232);
    expect(mtuOf(pair, "server")).toBe(1232);
  });
});
