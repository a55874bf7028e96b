import { assertNoLeaks, ConnectionPair, TraceRecorder } from "@sortie/testkit";
import { CloseCode, encodeUtf8 } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { closeReason, eventsOf, wordsOf } from "../support/pair-reading.js";

const LINK = { latencyMs: 20 };

/** Swallows the first `count` datagrams to one side. */
function swallow(pair: ConnectionPair, to: "client" | "server", count: number): { swallowed: number } {
  const counter = { swallowed: 0 };
  pair.interceptor = (datagram, target) => {
    if (target !== to || counter.swallowed >= count) return datagram;
    counter.swallowed += 1;
    return undefined;
  };
  return counter;
}

describe("CONNECT and ACCEPT", () => {
  it.each([1, 2, 3, 5])("are sent again: %d lost packets of the client cost a bounded time", (count) => {
    const pair = new ConnectionPair({ seed: 1, link: LINK, connectPayload: encodeUtf8("token") });
    swallow(pair, "server", count);
    expect(pair.runUntil(() => pair.client.state === "connected", 4000)).toBe(true);
    expect(new TextDecoder().decode(pair.connectRequest)).toBe("token");
    expect(eventsOf(pair.client).map((event) => event.type)).toEqual(["connected"]);
    expect(eventsOf(pair.server).map((event) => event.type)).toEqual(["connected"]);
  });

  it.each([1, 2, 3, 5])("are sent again: %d lost packets of the server cost a bounded time", (count) => {
    const pair = new ConnectionPair({ seed: 1, link: LINK });
    expect(swallow(pair, "client", count)).toEqual({ swallowed: 0 });
    expect(pair.runUntil(() => pair.client.state === "connected", 4000)).toBe(true);
    pair.run(1000);
    expect(eventsOf(pair.client).map((event) => event.type)).toEqual(["connected"]);
    expect(pair.server.state).toBe("connected");
  });

  it("ask the application once, however often CONNECT comes, and whatever a repetition says", () => {
    const trace = new TraceRecorder();
    const link = { ...LINK, duplicate: 1 };
    const pair = new ConnectionPair({ seed: 2, link, autoAccept: false, serverTrace: trace.sink });
    pair.run(3000);
    expect(pair.connectRequest).toEqual(new Uint8Array(0));
    pair.connectRequest = undefined;
    pair.run(3000);
    expect(pair.connectRequest).toBeUndefined();
    expect(pair.accept()).toBe(true);
    expect(pair.accept()).toBe(false);
    pair.run(100);
    expect(pair.client.state).toBe("connected");
    expect(trace.of("packet-received").length).toBeGreaterThan(5);
    expect(trace.states()).toEqual(["authenticating", "connected"]);
  });

  it("give both sides the same session", () => {
    const pair = new ConnectionPair({ seed: 2, link: LINK });
    pair.run(200);
    const [atClient] = eventsOf(pair.client);
    const [atServer] = eventsOf(pair.server);
    if (atClient?.type !== "connected" || atServer?.type !== "connected") throw new Error("expected two sessions");
    expect(atClient.sessionId).toHaveLength(16);
    expect(atClient.sessionId).toEqual(atServer.sessionId);
  });

  it("messages that overtake a lost ACCEPT come again once it has come", () => {
    const pair = new ConnectionPair({ seed: 2, link: LINK, autoAccept: false });
    pair.run(100);
    swallow(pair, "client", 1);
    pair.accept();
    pair.run(0);
    pair.server.send(encodeUtf8("early"), { delivery: "reliable" }, pair.nowMs);
    pair.run(21);
    expect(pair.client.state).toBe("connecting");
    expect(pair.runUntil(() => pair.client.state === "connected", 2000)).toBe(true);
    pair.run(500);
    expect(wordsOf(pair.client)).toEqual(["early"]);
  });

  it("that never get through end by the deadline on both sides, without a leak", () => {
    const pair = new ConnectionPair({ seed: 2, link: LINK, settings: { handshakeTimeoutMs: 2000 } });
    pair.interceptor = () => undefined;
    pair.run(1990);
    expect(pair.client.state).toBe("connecting");
    pair.run(20_000);
    expect(closeReason(pair.client)).toMatchObject({ code: "handshake-timeout", by: "local" });
    expect(closeReason(pair.server)).toMatchObject({ code: "handshake-timeout", by: "local" });
    assertNoLeaks({ connections: [pair.client, pair.server] });
  });

  it("accept() of a client that has given up is refused", () => {
    const pair = new ConnectionPair({ seed: 2, link: LINK, autoAccept: false });
    pair.run(100);
    pair.client.close(CloseCode.Normal, "given up", pair.nowMs);
    pair.run(30);
    expect(pair.accept()).toBe(false);
    pair.run(1000);
    expect(closeReason(pair.server)).toEqual({ code: "closed", by: "remote", text: "given up" });
    assertNoLeaks({ connections: [pair.client, pair.server] });
  });

  it("accept() before CONNECT came is refused", () => {
    const pair = new ConnectionPair({ seed: 2, link: LINK });
    expect(pair.accept()).toBe(false);
    expect(pair.server.state).toBe("awaiting-connect");
  });
});
