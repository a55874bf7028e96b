import { ConnectionPair } from "@sortie/testkit";
import { CloseCode, encodeUtf8 } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { closeReason, messagesOf, wordsOf } from "../support/pair-reading.js";

const LATENCY_MS = 20;
const DELIVERIES = ["unreliable", "sequenced", "bestEffort", "reliable", "ordered"] as const;

/** A server that has let its client in; the first datagram, which has ACCEPT, is lost. */
function accepted(): ConnectionPair {
  const link = { latencyMs: LATENCY_MS };
  // No MTU probe tells of the loss.
  const pair = new ConnectionPair({ seed: 2, link, autoAccept: false, settings: { mtuBytes: 1200 } });
  pair.run(100);
  let sent = 0;
  pair.interceptor = (datagram, to) => (to === "client" && sent++ === 0 ? undefined : datagram);
  expect(pair.accept()).toBe(true);
  pair.run(0);
  return pair;
}

describe("messages that overtake ACCEPT", () => {
  it.each(DELIVERIES)("are not acknowledged, %s ones: who gives up without it has had none", async (delivery) => {
    const pair = accepted();
    const accept = pair.interceptor;
    let outage = false;
    pair.interceptor = (datagram, to) => (outage ? undefined : accept?.(datagram, to));
    const bytes = delivery === "reliable" ? 5000 : 500;
    const receipts = [0, 1, 2].map(() => pair.server.send(new Uint8Array(bytes), { delivery }, pair.nowMs));
    pair.run(1);
    // All of it arrives; what goes on from here does not.
    outage = true;
    pair.run(LATENCY_MS);
    outage = false;
    expect(pair.client.statistics(pair.nowMs).packetsDropped).toBeGreaterThan(0);
    pair.interceptor = (datagram, to) => (to === "client" ? undefined : datagram);
    pair.run(500);
    pair.client.close(CloseCode.Normal, "given up", pair.nowMs);
    pair.run(500);
    expect(closeReason(pair.server)).toMatchObject({ text: "given up" });
    expect(messagesOf(pair.client)).toEqual([]);
    for (const receipt of receipts) expect(await receipt.outcome).not.toBe("acked");
  });

  it("come again once it has come, a round trip later, in their order", () => {
    const pair = accepted();
    for (let i = 0; i < 20; i++) pair.server.send(encodeUtf8(`${i}`.padEnd(1000)), { delivery: "ordered" }, pair.nowMs);
    const startMs = pair.nowMs;
    expect(pair.runUntil(() => pair.client.state === "connected", 1000)).toBe(true);
    // There, CONNECT once more, and ACCEPT.
    expect(pair.nowMs - startMs).toBeLessThanOrEqual(3 * LATENCY_MS);
    pair.run(300);
    expect(wordsOf(pair.client).map(Number)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    pair.run(300);
    expect(pair.server.undelivered).toBe(0);
  });

  it("come again as soon where the server sends the client away, and gives them a little time", () => {
    const pair = accepted();
    const startMs = pair.nowMs;
    for (let i = 0; i < 5; i++) pair.server.send(encodeUtf8(`${i}`), { delivery: "ordered" }, startMs);
    pair.server.close(CloseCode.Kicked, "go", startMs, startMs + 8 * LATENCY_MS);
    expect(pair.server.state).toBe("flushing");
    expect(pair.runUntil(() => pair.client.state === "connected", 1000)).toBe(true);
    expect(pair.nowMs - startMs).toBeLessThanOrEqual(3 * LATENCY_MS);
    pair.run(500);
    expect(wordsOf(pair.client)).toEqual(["0", "1", "2", "3", "4"]);
    expect(closeReason(pair.client)).toMatchObject({ code: "kicked", text: "go" });
  });

  it("have it asked for once, however many they are", () => {
    const pair = accepted();
    let asked = 0;
    pair.interceptor = (datagram, to) => {
      if (to === "server") asked += 1;
      return to === "client" && datagram.length < 300 ? undefined : datagram;
    };
    for (let i = 0; i < 20; i++) {
      pair.server.send(new Uint8Array(1000), undefined, pair.nowMs);
      pair.run(5);
    }
    expect(pair.client.state).toBe("connecting");
    expect(asked).toBeLessThan(4);
  });

  it("are taken together with it", () => {
    const pair = new ConnectionPair({ seed: 2, link: { latencyMs: LATENCY_MS }, autoAccept: false });
    pair.run(100);
    expect(pair.accept()).toBe(true);
    for (const delivery of DELIVERIES) pair.server.send(encodeUtf8(delivery), { delivery }, pair.nowMs);
    pair.run(LATENCY_MS);
    expect(wordsOf(pair.client).sort()).toEqual(DELIVERIES.toSorted());
    expect(pair.client.statistics(pair.nowMs).packetsDropped).toBe(0);
  });
});
