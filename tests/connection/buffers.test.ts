import { assertNoLeaks, ConnectionPair, TraceRecorder } from "@sortie/testkit";
import { CloseCode, encodeUtf8 } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { messagesOf, wordsOf } from "../support/pair-reading.js";

const LIMITS = { maxInboxMessages: 100, maxInboxBytes: 50_000, maxQueuedMessages: 200, maxQueuedBytes: 100_000 };
const WINDOW_BYTES = 10_000;
/** What a channel may have unread: 320 KiB above the window, each message charged 256 bytes on top of its own. */
const CREDIT_BYTES = WINDOW_BYTES + 320 * 1024;

function connected(serverTrace?: TraceRecorder): ConnectionPair {
  const sinks = serverTrace === undefined ? {} : { serverTrace: serverTrace.sink };
  const serverParameters = { maxMessageBytes: WINDOW_BYTES, receiveWindowBytes: WINDOW_BYTES };
  const settings = { limits: LIMITS };
  const pair = new ConnectionPair({ seed: 8, link: { latencyMs: 10 }, settings, serverParameters, ...sinks });
  expect(pair.runUntil(() => pair.client.state === "connected", 2000)).toBe(true);
  return pair;
}

describe("a receiver that never polls", () => {
  it("holds what its credit allows; the sender sees queue-full; nothing is lost once it polls again", () => {
    const trace = new TraceRecorder();
    const pair = connected(trace);
    const sent: string[] = [];
    let refused = 0;
    // 28 s: longer than the idle timeout.
    for (let i = 0; i < 1400; i++) {
      const word = `${i}`.padEnd(300, ".");
      const receipt = pair.client.send(encodeUtf8(word), { delivery: "ordered" }, pair.nowMs);
      if (receipt.accepted) sent.push(word);
      else {
        refused += 1;
        expect(receipt.refusal).toBe("queue-full");
      }
      pair.run(20);
    }
    const { endpoint } = pair.server.statistics(pair.nowMs);
    expect(endpoint.inboxMessages).toBe(Math.floor(CREDIT_BYTES / 556));
    const sender = pair.client.statistics(pair.nowMs).endpoint;
    expect(sender.queuedMessages).toBe(LIMITS.maxQueuedMessages);
    expect([sender.blockedChannels, sender.retransmittedBytes, sender.packetsInFlight]).toEqual([1, 0, 0]);
    expect(refused).toBeGreaterThan(400);
    expect(trace.of("packet-dropped")).toEqual([]);
    expect([pair.client.state, pair.server.state]).toEqual(["connected", "connected"]);
    const heard: string[] = [];
    for (let i = 0; i < 500; i++) {
      heard.push(...wordsOf(pair.server));
      pair.run(20);
    }
    expect(heard).toEqual(sent);
    expect(pair.client.send(encodeUtf8("again"), { delivery: "ordered" }, pair.nowMs).accepted).toBe(true);
  });

  it("keeps the newest of what may be lost, and still hears what else comes", () => {
    const pair = connected();
    for (let i = 0; i < 400; i++) {
      pair.client.send(encodeUtf8(`${i}`), undefined, pair.nowMs);
      pair.run(5);
    }
    pair.run(100);
    const words = wordsOf(pair.server);
    expect(words).toEqual(Array.from({ length: 100 }, (_, i) => `${300 + i}`));
    expect(pair.server.statistics(pair.nowMs).endpoint.inboxDropped).toBe(300);
  });

  it("leaves nothing behind when it is closed; what had arrived can still be read", () => {
    const pair = connected();
    for (let i = 0; i < 300; i++) {
      pair.client.send(new Uint8Array(400), { delivery: "ordered" }, pair.nowMs);
      pair.run(5);
    }
    pair.server.close(CloseCode.Normal, "", pair.nowMs);
    pair.run(2000);
    expect(messagesOf(pair.server).length).toBeGreaterThanOrEqual(100);
    assertNoLeaks({ connections: [pair.client, pair.server] });
    expect(pair.server.statistics(pair.nowMs).endpoint.inboxBytes).toBe(0);
  });
});

describe("a client that was not accepted yet", () => {
  /** Sends for two seconds; the application never decides. */
  function flood(send: (pair: ConnectionPair, i: number) => void): ConnectionPair {
    const pair = new ConnectionPair({ seed: 8, link: { latencyMs: 10 }, autoAccept: false });
    for (let i = 0; i < 100; i++) {
      send(pair, i);
      pair.run(20);
    }
    expect(pair.server.state).toBe("authenticating");
    return pair;
  }

  function early({ server, nowMs }: ConnectionPair): number {
    const { inboxBytes, inboxMessages, heldBytes, receiveChannels } = server.statistics(nowMs).endpoint;
    return inboxBytes + inboxMessages * 256 + heldBytes + receiveChannels * 512;
  }

  it.each(["unreliable", "bestEffort", "reliable", "ordered"] as const)(
    "may fill 64 KiB with %s messages and no more, however many it sends",
    (delivery) => {
      const pair = flood(({ client, nowMs }) => {
        for (let i = 0; i < 3; i++) client.send(new Uint8Array(1000), { delivery }, nowMs);
      });
      expect(early(pair)).toBeGreaterThan(62 * 1024);
      expect(early(pair)).toBeLessThanOrEqual(64 * 1024);
    },
  );

  it.each(["unreliable", "reliable"] as const)("may fill 64 KiB with pieces of %s messages and no more", (delivery) => {
    const pair = flood(({ client, nowMs }, i) => {
      if (i === 0) client.send(new Uint8Array(delivery === "reliable" ? 200_000 : 120_000), { delivery }, nowMs);
    });
    expect(early(pair)).toBeGreaterThan(56 * 1024);
    expect(early(pair)).toBeLessThanOrEqual(64 * 1024);
  });

  it("takes none of the memory that the payloads of peers share, where a few bytes would keep much alive", () => {
    const pair = new ConnectionPair({ seed: 9, link: { latencyMs: 10 }, autoAccept: false });
    expect(pair.runUntil(() => pair.server.state === "authenticating", 1000)).toBe(true);
    pair.client.send(encodeUtf8("early"), undefined, pair.nowMs);
    pair.run(50);
    expect(pair.server.accept(new Uint8Array(16), new Uint8Array(16), pair.nowMs)).toBe(true);
    pair.run(50);
    pair.client.send(encodeUtf8("later"), undefined, pair.nowMs);
    pair.run(50);
    const own = messagesOf(pair.server).map(({ payload }) => payload.buffer.byteLength === payload.length);
    expect(own).toEqual([true, false]);
  });

  it("is charged for empty messages too", () => {
    const pair = flood(({ client, nowMs }) => {
      for (let i = 0; i < 20; i++) client.send(new Uint8Array(0), undefined, nowMs);
    });
    expect(pair.server.statistics(pair.nowMs).endpoint.inboxMessages).toBeLessThan(600);
  });

  it("gets in all the same when its first packets were lost and its data came first", () => {
    const pair = new ConnectionPair({ seed: 8, link: { latencyMs: 10 } });
    let swallowed = 0;
    pair.interceptor = (datagram, to) => (to === "server" && swallowed++ < 1 ? undefined : datagram);
    pair.client.send(encodeUtf8("one"), { delivery: "ordered" }, 0);
    for (let i = 0; i < 200; i++) pair.client.send(new Uint8Array(1000), { delivery: "ordered" }, 0);
    pair.run(3000);
    expect(pair.client.state).toBe("connected");
    expect(messagesOf(pair.server)).toHaveLength(201);
  });

  it("loses nothing reliable that it sent too early", () => {
    const pair = flood(({ client, nowMs }, i) => {
      client.send(encodeUtf8(`${i}`.padEnd(1000)), { delivery: "ordered" }, nowMs);
    });
    expect(pair.accept()).toBe(true);
    pair.run(3000);
    expect(wordsOf(pair.server).map(Number)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });
});
