import { ConnectionPair } from "@sortie/testkit";
import { describe, expect, it } from "vitest";
import { createSimulationCrypto } from "../support/simulation-crypto.js";

const STEP_MS = 50;

interface Flow {
  readonly rttMs: number;
  /** bytes/s the server's application has to send, reliable. */
  readonly offered: number;
  /** bytes/s that pass to the client from second 2 on; the rest is dropped, without any queue. */
  readonly policed?: number;
  /** Share of the server's datagrams that is lost at random. */
  readonly loss?: number;
  readonly ms: number;
}

/** What the server sent and what the client's application got from second 2 on, bytes/s. */
function play({ rttMs, offered, policed, loss = 0, ms }: Flow): { sent: number; received: number } {
  const pair = new ConnectionPair({ seed: 3, crypto: createSimulationCrypto(3), link: { latencyMs: rttMs / 2 } });
  const chunk = new Uint8Array((offered * STEP_MS) / 1000);
  let isPoliced = false;
  let sent = 0;
  let received = 0;
  let tokens = 0;
  let lastMs = pair.nowMs;
  let dice = 7;
  pair.interceptor = (datagram, to) => {
    if (to !== "client" || !isPoliced) return datagram;
    sent += datagram.length;
    dice = (dice * 1_103_515_245 + 12_345) & 0x7fff_ffff;
    if (dice / 0x7fff_ffff < loss) return undefined;
    if (policed === undefined) return datagram;
    tokens = Math.min(tokens + ((pair.nowMs - lastMs) * policed) / 1000, policed / 100 + 1500);
    lastMs = pair.nowMs;
    if (tokens < datagram.length) return undefined;
    tokens -= datagram.length;
    return datagram;
  };
  pair.run(200);
  const fromMs = pair.nowMs;
  while (pair.nowMs < fromMs + ms) {
    isPoliced = pair.nowMs >= fromMs + 2000;
    pair.server.send(chunk, { delivery: "reliable" }, pair.nowMs);
    pair.run(STEP_MS);
    for (let message = pair.client.pollMessage(); message !== undefined; message = pair.client.pollMessage()) {
      if (isPoliced) received += message.payload.length;
    }
  }
  expect(pair.server.state).toBe("connected");
  const seconds = (ms - 2000) / 1000;
  return { sent: sent / seconds, received: received / seconds };
}

// A client that throws away what it gets looks the same, and must not make a server flood it (RFC 8085 section 3.1).
describe("a path that drops all beyond a rate far below what is offered", () => {
  it.each([
    { rttMs: 1, policed: 50_000, offered: 100_000, ms: 12_000 },
    { rttMs: 1, policed: 50_000, offered: 500_000, ms: 12_000 },
    { rttMs: 5, policed: 50_000, offered: 100_000, ms: 12_000 },
    { rttMs: 20, policed: 50_000, offered: 1_000_000, ms: 12_000 },
    { rttMs: 60, policed: 50_000, offered: 300_000, ms: 12_000 },
  ])("gets little more than it carries: $rttMs ms, $policed of $offered bytes/s", (flow) => {
    expect(play(flow).sent).toBeLessThan(4 * flow.policed);
  });

  it("gets no more than the least pace of a flow where it carries next to nothing", () => {
    const { sent } = play({ rttMs: 1, policed: 10_000, offered: 100_000, ms: 12_000 });
    expect(sent).toBeLessThan(120_000);
  });
});

describe("an outage", () => {
  it.each([
    { rttMs: 20, outageMs: 500, offered: 400_000 },
    { rttMs: 80, outageMs: 1000, offered: 100_000 },
    { rttMs: 80, outageMs: 3000, offered: 400_000 },
  ])("slows nothing down once it is over: $outageMs ms at a round trip of $rttMs", ({ rttMs, outageMs, offered }) => {
    const pair = new ConnectionPair({ seed: 5, crypto: createSimulationCrypto(5), link: { latencyMs: rttMs / 2 } });
    const frame = new Uint8Array((offered * 16) / 1000 / 8);
    let isOut = false;
    pair.interceptor = (datagram) => (isOut ? undefined : datagram);
    pair.run(500);
    const endsMs = pair.nowMs + 4000 + outageMs;
    let received = 0;
    while (pair.nowMs < endsMs + 1500) {
      isOut = pair.nowMs >= endsMs - outageMs && pair.nowMs < endsMs;
      for (let i = 0; i < 8; i++) pair.server.send(frame, { delivery: "unreliable" }, pair.nowMs);
      pair.run(16);
      for (let message = pair.client.pollMessage(); message !== undefined; message = pair.client.pollMessage()) {
        if (pair.nowMs > endsMs + 500) received += message.payload.length;
      }
    }
    expect(received).toBeGreaterThan(0.97 * offered);
  });
});

describe("a path that loses a fifth at random, however little goes", () => {
  it.each([100_000, 1_000_000])("carries what is offered: %i bytes/s", (offered) => {
    const { received } = play({ rttMs: 20, loss: 0.2, offered, ms: 12000 });
    expect(received).toBeGreaterThan(0.9 * offered);
  });
});
