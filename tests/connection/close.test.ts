import { assertNoLeaks, ConnectionPair, type ConnectionPairOptions, TraceRecorder } from "@sortie/testkit";
import { CloseCode, encodeUtf8 } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { closeReason, eventsOf, wordsOf } from "../support/pair-reading.js";

function connected(options: Partial<ConnectionPairOptions> = {}): ConnectionPair {
  const pair = new ConnectionPair({ seed: 13, link: { latencyMs: 25 }, ...options });
  expect(pair.runUntil(() => pair.client.state === "connected", 5000)).toBe(true);
  pair.run(200);
  return pair;
}

describe("close", () => {
  it("that crosses a close ends both at once, each with its own reason", () => {
    const pair = connected();
    pair.client.close(CloseCode.Normal, "from the client", pair.nowMs);
    pair.server.close(CloseCode.Kicked, "from the server", pair.nowMs);
    pair.run(30);
    expect(closeReason(pair.client)).toEqual({ code: "closed", by: "local", text: "from the client" });
    expect(closeReason(pair.server)).toEqual({ code: "kicked", by: "local", text: "from the server" });
    expect([pair.client.state, pair.server.state]).toEqual(["closed", "closed"]);
    assertNoLeaks({ connections: [pair.client, pair.server] });
  });

  it("that crosses a close, both first packets lost, ends as well", () => {
    const pair = connected();
    let swallowed = 0;
    pair.interceptor = (datagram) => (swallowed++ < 2 ? undefined : datagram);
    pair.client.close(CloseCode.Normal, "", pair.nowMs);
    pair.server.close(CloseCode.Normal, "", pair.nowMs);
    pair.run(1000);
    assertNoLeaks({ connections: [pair.client, pair.server] });
  });

  it.each([new Error("bye"), null, 42, {}])("with %s for a text throws, and nothing has changed", (text) => {
    for (const flushMs of [0, 1000]) {
      const pair = connected();
      pair.client.send(new Uint8Array(10), { delivery: "reliable" }, pair.nowMs);
      const close = (): void => pair.client.close(CloseCode.Normal, text as never, pair.nowMs, pair.nowMs + flushMs);
      for (let i = 0; i < 2; i++) expect(close).toThrow(/^"reason" expected a string, got (object|null|number)$/);
      pair.run(500);
      expect([pair.client.state, pair.server.state]).toEqual(["connected", "connected"]);
      pair.client.close(CloseCode.Normal, "as it should be", pair.nowMs);
      pair.run(500);
      assertNoLeaks({ connections: [pair.client, pair.server] });
    }
  });

  it("twice, with other words, changes nothing", () => {
    const pair = connected();
    pair.client.close(CloseCode.Normal, "first", pair.nowMs);
    pair.client.close(CloseCode.Kicked, "second", pair.nowMs, pair.nowMs + 1000);
    pair.run(500);
    pair.client.close(CloseCode.Kicked, "third", pair.nowMs);
    expect(eventsOf(pair.client).filter((event) => event.type === "closed")).toHaveLength(1);
    expect(closeReason(pair.server)).toEqual({ code: "closed", by: "remote", text: "first" });
  });

  it("without a flush cuts a flush short", async () => {
    const pair = connected();
    pair.interceptor = () => undefined;
    const receipt = pair.client.send(encodeUtf8("never"), { delivery: "reliable" }, pair.nowMs);
    pair.client.close(CloseCode.Normal, "", pair.nowMs, pair.nowMs + 5000);
    pair.run(100);
    pair.client.close(CloseCode.Normal, "", pair.nowMs, pair.nowMs + 9000);
    expect(pair.client.state).toBe("flushing");
    pair.client.close(CloseCode.Normal, "now", pair.nowMs);
    expect(pair.client.state).toBe("closing");
    expect(await receipt.outcome).toBe("closed");
  });

  it("with a flush does not wait for what has expired meanwhile", async () => {
    const pair = connected();
    pair.interceptor = () => undefined;
    const options = { delivery: "bestEffort", expiresInMs: 300 } as const;
    const receipt = pair.client.send(encodeUtf8("late"), options, pair.nowMs);
    pair.client.close(CloseCode.Normal, "", pair.nowMs, pair.nowMs + 60_000);
    pair.run(290);
    expect(pair.client.state).toBe("flushing");
    pair.run(20);
    expect(pair.client.state).toBe("closing");
    expect(await receipt.outcome).toBe("expired");
  });

  it("with a flush still takes in what the other side sends meanwhile", () => {
    const pair = connected();
    pair.client.send(new Uint8Array(20_000), { delivery: "reliable" }, pair.nowMs);
    pair.client.close(CloseCode.Normal, "", pair.nowMs, pair.nowMs + 5000);
    pair.server.send(encodeUtf8("farewell"), undefined, pair.nowMs);
    pair.run(26);
    expect(wordsOf(pair.client)).toEqual(["farewell"]);
  });

  describe("acknowledges with it what came", () => {
    const RELIABLE = { delivery: "reliable" } as const;
    const ORDERED = { delivery: "ordered" } as const;

    it.each([0, 1])("and was read: the message is told as acked, %i CLOSEs lost", async (lost) => {
      const pair = connected();
      const receipt = pair.client.send(encodeUtf8("last"), RELIABLE, pair.nowMs);
      pair.run(26);
      expect(wordsOf(pair.server)).toEqual(["last"]);
      let left = lost;
      pair.interceptor = (datagram, to) => (to === "client" && left-- > 0 ? undefined : datagram);
      pair.server.close(CloseCode.Kicked, "bye", pair.nowMs);
      pair.run(500);
      expect(closeReason(pair.client)).toMatchObject({ code: "kicked", by: "remote", text: "bye" });
      expect(await receipt.outcome).toBe("acked");
      assertNoLeaks({ connections: [pair.client, pair.server] });
    });

    it("after a flush as well", async () => {
      const pair = connected();
      pair.server.send(new Uint8Array(5000), RELIABLE, pair.nowMs);
      pair.server.close(CloseCode.Normal, "", pair.nowMs, pair.nowMs + 5000);
      // Comes just before the last acknowledgement that the flush waits for.
      pair.run(24);
      const receipt = pair.client.send(encodeUtf8("last"), RELIABLE, pair.nowMs);
      const read: string[] = [];
      while (pair.server.state !== "closed" && pair.nowMs < 10_000) {
        pair.run(1);
        read.push(...wordsOf(pair.server));
      }
      expect(read).toEqual(["last"]);
      expect(await receipt.outcome).toBe("acked");
    });

    it("but not while a message waits to be read", async () => {
      const pair = connected();
      const receipts = ["one", "two"].map((word) => pair.client.send(encodeUtf8(word), RELIABLE, pair.nowMs));
      pair.run(25.5);
      expect(pair.server.pollMessage()).toBeDefined();
      pair.server.close(CloseCode.Normal, "", pair.nowMs);
      pair.run(500);
      expect(await Promise.all(receipts.map(({ outcome }) => outcome))).toEqual(["closed", "closed"]);
    });

    it("but not while a message waits for its turn", async () => {
      const pair = connected();
      pair.interceptor = () => undefined;
      const lost = pair.client.send(new Uint8Array(20), ORDERED, pair.nowMs);
      pair.run(1);
      pair.interceptor = undefined;
      const early = pair.client.send(new Uint8Array(20), ORDERED, pair.nowMs);
      pair.run(25.5);
      pair.server.close(CloseCode.Normal, "", pair.nowMs);
      pair.run(500);
      expect(wordsOf(pair.server)).toEqual([]);
      expect(await Promise.all([lost.outcome, early.outcome])).toEqual(["closed", "closed"]);
    });

    it("however many numbers are missing, and words there are", () => {
      const pair = connected();
      let sent = 0;
      pair.interceptor = (datagram, to) => (to === "server" && sent++ % 2 === 0 ? undefined : datagram);
      for (let i = 0; i < 1200; i++) {
        pair.client.send(new Uint8Array(900), undefined, pair.nowMs);
        pair.run(1);
        wordsOf(pair.server);
      }
      pair.interceptor = undefined;
      pair.server.close(CloseCode.Normal, "w".repeat(1000), pair.nowMs);
      pair.run(500);
      expect(closeReason(pair.client)?.text).toBe("w".repeat(256));
      expect(closeReason(pair.server)?.text).toBe("w".repeat(256));
    });
  });

  it("in the closing state answers nothing but by its timer: a flood of packets draws no packets", () => {
    const pair = connected();
    pair.interceptor = (datagram, to) => (to === "client" ? datagram : undefined);
    pair.client.close(CloseCode.Normal, "", pair.nowMs);
    pair.run(1);
    const before = pair.client.statistics(pair.nowMs).packetsSent;
    for (let i = 0; i < 200; i++) pair.injectForged("server", 5000 + i, Uint8Array.of(0x01));
    pair.run(5);
    expect(pair.client.statistics(pair.nowMs).packetsSent).toBe(before);
    expect(pair.client.state).toBe("closing");
  });

  it("is told four times at the most, when nobody answers, and then it is over", () => {
    const pair = connected();
    const trace: number[] = [];
    pair.interceptor = (_datagram, to) => {
      if (to === "server") trace.push(pair.nowMs);
      return undefined;
    };
    const startMs = pair.nowMs;
    pair.client.close(CloseCode.Normal, "", pair.nowMs);
    pair.run(5000);
    expect(trace.length).toBe(4);
    expect(trace[0]).toBe(startMs);
    expect((trace[3] as number) - startMs).toBeLessThan(1000);
    assertNoLeaks({ connections: [pair.client] });
  });

  it("by abort says nothing to the peer, once", () => {
    const trace = new TraceRecorder();
    const pair = connected({ clientTrace: trace.sink });
    const sent = trace.of("packet-sent").length;
    pair.client.abort({ code: "network", by: "local", text: "cable" }, pair.nowMs);
    pair.client.abort({ code: "closed", by: "local", text: "again" }, pair.nowMs);
    expect(closeReason(pair.client)).toEqual({ code: "network", by: "local", text: "cable" });
    pair.run(100);
    expect(trace.of("packet-sent").length).toBe(sent);
    assertNoLeaks({ connections: [pair.client] });
  });
});
