import { ConnectionPair, PairAddress, TraceRecorder } from "@sortie/testkit";
import { encodeUtf8 } from "@sortie/wire";
import { describe, expect, it } from "vitest";

const STRANGER = new PairAddress("stranger");

function connected(link = { latencyMs: 10 }): { pair: ConnectionPair; trace: TraceRecorder; seen: Uint8Array[] } {
  const trace = new TraceRecorder();
  const pair = new ConnectionPair({ seed: 11, link, serverTrace: trace.sink });
  const seen: Uint8Array[] = [];
  pair.interceptor = (datagram, to) => {
    if (to === "server") seen.push(datagram.slice());
    return datagram;
  };
  expect(pair.runUntil(() => pair.client.state === "connected", 2000)).toBe(true);
  return { pair, trace, seen };
}

function messages(pair: ConnectionPair): string[] {
  const words: string[] = [];
  for (let m = pair.server.pollMessage(); m !== undefined; m = pair.server.pollMessage()) {
    words.push(new TextDecoder().decode(m.payload));
  }
  return words;
}

describe("packets of an attacker", () => {
  it("replayed inside and below the window are dropped and deliver nothing", () => {
    const { pair, trace, seen } = connected();
    for (let i = 0; i < 1500; i++) {
      pair.client.send(encodeUtf8(`${i}`), undefined, pair.nowMs);
      pair.run(1);
    }
    pair.run(100);
    expect(messages(pair)).toHaveLength(1500);
    const replays = seen.slice();
    for (const datagram of replays) pair.inject(datagram, "server", pair.clientAddress);
    pair.run(10);
    expect(messages(pair)).toEqual([]);
    const reasons = new Set(trace.of("packet-dropped").map((event) => event.reason));
    expect(reasons).toEqual(new Set(["duplicate", "too-old"]));
    expect(trace.of("packet-dropped")).toHaveLength(replays.length);
  });

  it("with any bit flipped are dropped; the genuine one still counts, once", () => {
    const { pair, trace, seen } = connected();
    pair.client.send(encodeUtf8("genuine"), undefined, pair.nowMs);
    const { interceptor } = pair;
    pair.interceptor = (datagram, to) => {
      interceptor?.(datagram, to);
      return to === "server" ? undefined : datagram;
    };
    pair.run(1);
    const genuine = seen.at(-1) as Uint8Array;
    for (let bit = 0; bit < genuine.length * 8; bit++) {
      const forged = genuine.slice();
      forged[bit >> 3] = (forged[bit >> 3] as number) ^ (1 << (bit & 7));
      pair.inject(forged, "server", STRANGER);
    }
    pair.inject(genuine, "server", pair.clientAddress, 5);
    pair.inject(genuine, "server", pair.clientAddress, 6);
    pair.run(10);
    expect(messages(pair)).toEqual(["genuine"]);
    expect(pair.server.state).toBe("connected");
    expect(trace.of("packet-dropped").length).toBe(genuine.length * 8 + 1);
  });

  it("reflected to their sender are dropped", () => {
    const { pair, seen } = connected();
    pair.client.send(encodeUtf8("mine"), { delivery: "reliable" }, pair.nowMs);
    pair.run(1);
    const before = pair.client.statistics(pair.nowMs).packetsReceived;
    // Addressed to the client's connection ID, as a reflector would.
    const reflected = (seen.at(-1) as Uint8Array).slice();
    new DataView(reflected.buffer).setUint32(1, pair.client.localConnectionId);
    pair.inject(reflected, "client", pair.serverAddress);
    pair.run(1);
    expect(pair.client.statistics(pair.nowMs).packetsDropped).toBeGreaterThan(0);
    expect(pair.client.statistics(pair.nowMs).packetsReceived).toBe(before);
  });

  it("garbage of every length changes nothing", () => {
    const { pair } = connected();
    for (let length = 0; length < 1600; length += 7) {
      pair.inject(new Uint8Array(length).fill(0x40), "server", STRANGER);
    }
    pair.run(10);
    pair.client.send(encodeUtf8("still here"), undefined, pair.nowMs);
    pair.run(50);
    expect(messages(pair)).toEqual(["still here"]);
  });
});
