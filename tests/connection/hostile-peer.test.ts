import { ConnectionPair, type ConnectionPairOptions, TraceRecorder } from "@sortie/testkit";
import {
  ByteWriter,
  DeliveryCode,
  encodeAccept,
  encodeAck,
  encodeClose,
  encodeConnect,
  encodeFragment,
  encodeMessage,
  encodePathChallenge,
  encodePing,
  encodeUtf8,
} from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { closeReason, messagesOf, wordsOf } from "../support/pair-reading.js";

/** A number that neither side has reached. */
const NEXT = 5000;

function frames(...parts: ((writer: ByteWriter) => void)[]): Uint8Array {
  const writer = new ByteWriter().reset(new Uint8Array(1400));
  for (const part of parts) part(writer);
  return writer.bytes.slice(0, writer.offset);
}

const unreliable = (word: string) => (w: ByteWriter) =>
  encodeMessage(w, DeliveryCode.Unreliable, 0, 0, encodeUtf8(word));
const ping = (w: ByteWriter): void => encodePing(w);
const bytes =
  (...values: number[]) =>
  (w: ByteWriter) =>
    w.copy(Uint8Array.from(values));

interface Attack {
  readonly pair: ConnectionPair;
  readonly trace: TraceRecorder;
}

function connected(options: Partial<ConnectionPairOptions> = {}): Attack {
  const trace = new TraceRecorder();
  const sinks = { serverTrace: trace.sink };
  const pair = new ConnectionPair({ seed: 21, link: { latencyMs: 10 }, ...sinks, ...options });
  expect(pair.runUntil(() => pair.client.state === "connected", 2000)).toBe(true);
  pair.run(100);
  return { pair, trace };
}

/** As an array of bytes, so that a failed case is named. */
const MALFORMED: [what: string, body: Uint8Array, word: string][] = [
  ["an unknown frame type", frames(unreliable("lost"), bytes(0x0b)), "unknown-frame"],
  ["a CREDIT cut short", frames(unreliable("lost"), bytes(0x08, 1)), "truncated"],
  ["a reserved TICKET", frames(unreliable("lost"), bytes(0x09)), "unknown-frame"],
  ["a delivery that does not exist", frames(unreliable("lost"), bytes(0x1a, 0, 0, 0)), "unknown-frame"],
  ["an ACK cut short", frames(unreliable("lost"), bytes(0x02, 0x00)), "truncated"],
  ["an ACK with a bitmap longer than the packet", frames(unreliable("lost"), bytes(0x02, 5, 0, 4, 1)), "truncated"],
  ["an ACK with an empty last byte", frames(unreliable("lost"), bytes(0x02, 40, 0, 1, 0)), "non-canonical"],
  ["an ACK of numbers below 0", frames(unreliable("lost"), bytes(0x02, 1, 0, 1, 0x80)), "out-of-range"],
  ["a message longer than the packet", frames(unreliable("lost"), bytes(0x11, 0, 60, 1, 2)), "truncated"],
  ["a length in the last frame", frames(bytes(0x11, 0, 2, 7, 7)), "non-canonical"],
  ["padding with something in it", frames(unreliable("lost"), bytes(0, 0, 0, 1)), "non-canonical"],
  ["an empty piece of a message", frames(unreliable("lost"), bytes(0x20, 0, 0, 0, 9, 0)), "out-of-range"],
  ["a piece that overshoots its message", frames(bytes(0x20, 0, 0, 0, 3, 2, 1, 1)), "out-of-range"],
  ["a CLOSE whose text is not UTF-8", frames(unreliable("lost"), bytes(0x05, 0, 1, 0xff)), "bad-text"],
  ["257 frames", frames(unreliable("lost"), bytes(...new Array<number>(256).fill(0x01))), "too-many-frames"],
];

describe("a hostile peer with valid keys: a packet that does not decode", () => {
  it.each(MALFORMED)("%s closes with a protocol error, and nothing of the packet is applied", (_what, body, word) => {
    const { pair, trace } = connected();
    pair.injectForged("client", NEXT, body);
    pair.run(5);
    expect(pair.server.state).toBe("closing");
    expect(messagesOf(pair.server)).toEqual([]);
    const reason = { code: "protocol-error", text: `malformed packet: ${word}` };
    expect(closeReason(pair.server)).toEqual({ ...reason, by: "local" });
    expect(trace.of("packet-dropped").map((event) => event.reason)).toEqual(["malformed-frames"]);
    pair.run(100);
    expect(closeReason(pair.client)).toEqual({ ...reason, by: "remote" });
    pair.run(2000);
    expect(pair.server.state).toBe("closed");
  });

  it("closes a client that its server attacks in the same way", () => {
    const { pair } = connected();
    pair.injectForged("server", NEXT, frames(unreliable("lost"), bytes(0x3f)));
    pair.run(50);
    expect(messagesOf(pair.client)).toEqual([]);
    expect(closeReason(pair.client)).toMatchObject({ code: "protocol-error", by: "local" });
    expect(closeReason(pair.server)).toMatchObject({ code: "protocol-error", by: "remote" });
  });

  it("closes before acceptance too: there was never a peer", () => {
    const pair = new ConnectionPair({ seed: 3, link: { latencyMs: 10 }, autoAccept: false });
    pair.run(50);
    pair.injectForged("client", NEXT, frames(bytes(0x0b)));
    pair.run(5);
    expect(pair.accept()).toBe(false);
    expect(closeReason(pair.server)).toMatchObject({ code: "protocol-error" });
    pair.run(50);
    expect(closeReason(pair.client)).toMatchObject({ code: "protocol-error", by: "remote" });
  });
});

describe("a hostile peer with valid keys: frames that break the rules", () => {
  const acceptFrame = (w: ByteWriter): void => encodeAccept(w, new Uint8Array(16), new Uint8Array(16));
  const cases: [what: string, as: "client" | "server", body: Uint8Array, text: string][] = [
    ["ACCEPT from a client", "client", frames(acceptFrame, ping), "accept-from-client"],
    [
      "CONNECT from a server",
      "server",
      frames((w) => encodeConnect(w, encodeUtf8("who are you?"))),
      "connect-from-server",
    ],
    [
      "an ACK of a packet never sent",
      "client",
      frames((w) => encodeAck(w, 900, 0, new Uint8Array(0), 0)),
      "ack-of-unsent",
    ],
    [
      "a message beyond the receiver's limit",
      "client",
      frames((w) => encodeFragment(w, DeliveryCode.Reliable, 0, 0, new Uint8Array(1_048_577), 0, 100), ping),
      "message-too-large",
    ],
    [
      "a tiny piece",
      "client",
      frames((w) => encodeFragment(w, DeliveryCode.Reliable, 0, 0, new Uint8Array(5000), 0, 63), ping),
      "fragment-too-small",
    ],
    [
      "a message ID beyond the window",
      "client",
      frames((w) => encodeMessage(w, DeliveryCode.Ordered, 0, 1024, new Uint8Array(1)), ping),
      "id-beyond-window",
    ],
  ];

  it.each(cases)("%s closes with a protocol error", (_what, as, body, text) => {
    const { pair } = connected();
    pair.injectForged(as, NEXT, body);
    pair.run(50);
    const victim = as === "client" ? pair.server : pair.client;
    expect(closeReason(victim)).toEqual({ code: "protocol-error", by: "local", text });
    expect(messagesOf(victim)).toEqual([]);
  });

  it("more data than the receive window closes with flow-control, at a bound, and frees it", () => {
    const serverParameters = { maxMessageBytes: 64 * 1024, receiveWindowBytes: 64 * 1024 };
    const { pair } = connected({ serverParameters });
    const message = new Uint8Array(60_000);
    let held = 0;
    for (let id = 0; id < 1000 && pair.server.state === "connected"; id++) {
      // One piece of 1000 bytes of each message, so that none is ever whole.
      const piece = frames((w) => encodeFragment(w, DeliveryCode.Reliable, 0, id, message, 0, 1000), ping);
      pair.injectForged("client", NEXT + id, piece);
      pair.run(1);
      held = Math.max(held, pair.server.statistics(pair.nowMs).endpoint.heldBytes);
    }
    expect(closeReason(pair.server)).toMatchObject({ code: "flow-control", by: "local" });
    expect(held).toBeGreaterThan(3 * 64 * 1024);
    expect(held).toBeLessThan(3 * 64 * 1024 + 512 * 1024);
    expect(pair.server.statistics(pair.nowMs).endpoint.heldBytes).toBe(0);
  });

  it("a second CONNECT changes nothing but that ACCEPT goes again; a second ACCEPT nothing at all", () => {
    const { pair } = connected({ connectPayload: encodeUtf8("first") });
    const before = pair.server.statistics(pair.nowMs).packetsSent;
    pair.injectForged(
      "client",
      NEXT,
      frames((w) => encodeConnect(w, encodeUtf8("second")), ping),
    );
    pair.injectForged("server", NEXT, frames(acceptFrame, ping));
    pair.run(100);
    expect(new TextDecoder().decode(pair.connectRequest)).toBe("first");
    expect(pair.server.takeConnectRequest()).toBeUndefined();
    expect(pair.server.statistics(pair.nowMs).packetsSent).toBeGreaterThan(before);
    expect(pair.client.state).toBe("connected");
    expect(pair.client.pollEvent()).toMatchObject({ type: "connected" });
    expect(pair.client.pollEvent()).toBeUndefined();
  });

  it("frames behind a CLOSE in one packet are not applied", () => {
    const { pair } = connected();
    const close = (w: ByteWriter): void => encodeClose(w, 0, encodeUtf8("bye"));
    pair.injectForged("client", NEXT, frames(unreliable("before"), close, unreliable("after"), close, ping));
    pair.run(1);
    expect(wordsOf(pair.server)).toEqual(["before"]);
    expect(closeReason(pair.server)).toEqual({ code: "closed", by: "remote", text: "bye" });
    expect(pair.server.state).toBe("closed");
  });

  it("a flood of path challenges gets at most one answer for each packet, and only the newest", () => {
    const { pair } = connected();
    const challenges = Array.from(
      { length: 100 },
      (_, i) => (w: ByteWriter) => encodePathChallenge(w, new Uint8Array(8).fill(i)),
    );
    const before = pair.server.statistics(pair.nowMs);
    for (let i = 0; i < 50; i++) pair.injectForged("client", NEXT + i, frames(...challenges));
    pair.run(5);
    const after = pair.server.statistics(pair.nowMs);
    expect(after.packetsSent - before.packetsSent).toBeLessThanOrEqual(50);
    expect(after.bytesSent - before.bytesSent).toBeLessThan(50 * 100);
    expect(pair.server.state).toBe("connected");
  });
});
