import { assertNoLeaks, ConnectionPair, type ConnectionPairOptions, TraceRecorder } from "@sortie/testkit";
import { CloseCode, encodeUtf8 } from "@sortie/wire";
import { describe, expect, it } from "vitest";

const LINK = { latencyMs: 25 };

function connected(options: Partial<ConnectionPairOptions> = {}): ConnectionPair {
  const pair = new ConnectionPair({ seed: 7, link: LINK, ...options });
  expect(pair.runUntil(() => pair.client.state === "connected", 5000)).toBe(true);
  return pair;
}

function closeReason(side: ConnectionPair["client"]): unknown {
  for (let event = side.pollEvent(); event !== undefined; event = side.pollEvent()) {
    if (event.type === "closed") return event.reason;
  }
  return undefined;
}

function expectOver(pair: ConnectionPair): void {
  pair.run(20_000);
  assertNoLeaks({ connections: [pair.client, pair.server] });
  expect(pair.inFlight).toBe(0);
}

describe("a connection", () => {
  it("carries the payload of CONNECT and becomes connected on both sides", () => {
    const trace = new TraceRecorder();
    const pair = connected({ connectPayload: encodeUtf8("token"), serverTrace: trace.sink });
    expect(new TextDecoder().decode(pair.connectRequest)).toBe("token");
    expect(pair.server.state).toBe("connected");
    expect(trace.states()).toEqual(["authenticating", "connected"]);
  });

  it("holds what the client sends with CONNECT until the server has accepted", () => {
    const pair = new ConnectionPair({ seed: 7, link: LINK, autoAccept: false });
    pair.client.send(encodeUtf8("early"), { delivery: "reliable" }, 0);
    pair.run(500);
    expect(pair.server.state).toBe("authenticating");
    expect(pair.accept()).toBe(true);
    expect(new TextDecoder().decode(pair.server.pollMessage()?.payload)).toBe("early");
  });

  it("connects through 30 % loss in bursts", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const pair = new ConnectionPair({ seed, link: { latencyMs: 25, loss: 0.3, burst: 3 } });
      expect(
        pair.runUntil(() => pair.client.state === "connected", 10_000, 10),
        `seed ${seed}`,
      ).toBe(true);
    }
  });

  it("closes in good order: both sides hear why, nothing is left", () => {
    const pair = connected();
    pair.client.close(CloseCode.Normal, "good night", pair.nowMs);
    pair.run(200);
    expect(closeReason(pair.client)).toEqual({ code: "closed", by: "local", text: "good night" });
    expect(closeReason(pair.server)).toEqual({ code: "closed", by: "remote", text: "good night" });
    expect(pair.client.state).toBe("closed");
    expect(pair.server.state).toBe("closed");
    expectOver(pair);
  });

  it("repeats its CLOSE when one is lost", () => {
    const pair = connected();
    let swallowed = 0;
    pair.interceptor = (datagram, to) => (to === "server" && swallowed++ < 2 ? undefined : datagram);
    pair.client.close(CloseCode.Normal, "", pair.nowMs);
    pair.run(2000);
    expect(swallowed).toBeGreaterThan(2);
    expect(closeReason(pair.server)).toMatchObject({ code: "closed", by: "remote" });
    expectOver(pair);
  });

  it("delivers reliable data before a close with a flush", () => {
    const pair = connected({ link: { latencyMs: 25, loss: 0.2 } });
    for (let i = 0; i < 100; i++) pair.client.send(new Uint8Array(500).fill(i), { delivery: "ordered" }, pair.nowMs);
    pair.client.close(CloseCode.Normal, "", pair.nowMs, pair.nowMs + 10_000);
    expect(pair.client.send(encodeUtf8("late"), undefined, pair.nowMs).refusal).toBe("closed");
    pair.run(10_000);
    let count = 0;
    for (let m = pair.server.pollMessage(); m !== undefined; m = pair.server.pollMessage()) count += 1;
    expect(count).toBe(100);
    expectOver(pair);
  });

  it("gives a flush up at its deadline", async () => {
    const pair = connected();
    const receipt = pair.client.send(encodeUtf8("never"), { delivery: "reliable" }, pair.nowMs);
    pair.interceptor = () => undefined;
    pair.client.close(CloseCode.Normal, "", pair.nowMs, pair.nowMs + 700);
    pair.run(650);
    expect(pair.client.state).toBe("flushing");
    pair.run(100);
    expect(pair.client.state).toBe("closing");
    expect(await receipt.outcome).toBe("closed");
    expectOver(pair);
  });

  it("ends by the smaller idle timeout of both sides", () => {
    const pair = connected({ clientParameters: { idleTimeoutMs: 2000 } });
    pair.interceptor = () => undefined;
    pair.run(1900);
    expect(pair.client.state).toBe("connected");
    pair.run(200);
    expect(closeReason(pair.client)).toMatchObject({ code: "timeout", by: "local" });
    expect(closeReason(pair.server)).toMatchObject({ code: "timeout", by: "local" });
    expectOver(pair);
  });

  it("lives on keep-alives alone, at a few packets a second at the most", () => {
    const pair = connected();
    const before = pair.client.statistics(pair.nowMs).packetsSent;
    pair.run(600_000);
    expect(pair.client.state).toBe("connected");
    expect(pair.server.state).toBe("connected");
    const perSecond = (pair.client.statistics(pair.nowMs).packetsSent - before) / 600;
    expect(perSecond).toBeLessThan(2);
  });

  it("lives on keep-alives also when the other side's idle timeout is shorter than the usual interval", () => {
    const pair = connected({ link: { latencyMs: 25, loss: 0.1 }, serverParameters: { idleTimeoutMs: 2000 } });
    pair.run(120_000);
    expect(pair.client.state).toBe("connected");
    expect(pair.server.state).toBe("connected");
  });

  it("ends a handshake that the server never accepts", () => {
    const pair = new ConnectionPair({ seed: 3, link: LINK, autoAccept: false, settings: { handshakeTimeoutMs: 1500 } });
    pair.run(3000);
    expect(closeReason(pair.server)).toMatchObject({ code: "handshake-timeout" });
    expect(closeReason(pair.client)).toMatchObject({ code: "handshake-timeout" });
    expectOver(pair);
  });

  it("says so too when its client has been silent for as long, by the same default", () => {
    const pair = new ConnectionPair({ seed: 3, link: LINK });
    pair.interceptor = () => undefined;
    pair.run(9999);
    expect(pair.server.state).toBe("awaiting-connect");
    pair.run(10_000);
    expect(closeReason(pair.server)).toMatchObject({ code: "handshake-timeout", by: "local" });
    expect(closeReason(pair.client)).toMatchObject({ code: "handshake-timeout", by: "local" });
    expectOver(pair);
  });

  it("says silence when that is over first", () => {
    const pair = new ConnectionPair({ seed: 3, link: LINK, serverParameters: { idleTimeoutMs: 5000 } });
    pair.interceptor = () => undefined;
    pair.run(20_000);
    expect(closeReason(pair.server)).toMatchObject({ code: "timeout", by: "local" });
  });

  it("survives an outage shorter than the idle timeout and goes on at once", () => {
    const pair = connected();
    pair.run(1000);
    pair.interceptor = () => undefined;
    pair.client.send(encodeUtf8("during"), { delivery: "ordered" }, pair.nowMs);
    pair.run(8000);
    pair.interceptor = undefined;
    pair.run(2600);
    expect(new TextDecoder().decode(pair.server.pollMessage()?.payload)).toBe("during");
    expect(pair.client.state).toBe("connected");
  });

  it("measures the round trip", () => {
    const pair = connected({ link: { latencyMs: 40 } });
    for (let i = 0; i < 100; i++) {
      pair.client.send(encodeUtf8("x"), undefined, pair.nowMs);
      pair.run(16);
    }
    expect(pair.client.rttMs).toBeGreaterThan(79);
    expect(pair.client.rttMs).toBeLessThan(90);
    expect(pair.client.statistics(pair.nowMs).rttMinMs).toBeCloseTo(80, 0);
  });
});
