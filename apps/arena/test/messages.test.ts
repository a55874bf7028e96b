import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  byRoute,
  decodeClientMessage,
  decodeServerMessage,
  encodeAuditReply,
  encodeAuditRequest,
  encodeChat,
  encodeChatLine,
  encodeClaim,
  encodeClaimResult,
  encodeHits,
  encodeInput,
  encodePickup,
  encodePlaced,
  encodeProbe,
  encodeProbeReply,
  encodeRoster,
  encodeScores,
  encodeShot,
  encodeShotResult,
  encodeSnapshot,
  encodeTracers,
  encodeWelcome,
  MAX_CHAT_BYTES,
  MAX_ENTRIES,
  MAX_PLAYERS,
  MessageWriter,
  renumber,
  Snapshot,
  World,
} from "../src/index.js";

const writer = new MessageWriter();
const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
/** A coordinate that 16 bits carry exactly. */
const coordinate = u16.map((steps) => steps / 256);
const line = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 24 })
  .filter((text) => isLine(text) && new TextEncoder().encode(text).length <= MAX_CHAT_BYTES);
const received = fc.record({ distinct: u32, duplicates: u32, late: u32, missing: u32 });
const counts = fc.array(u32, { minLength: 5, maxLength: 5 });
const receivedCounts = fc.array(received, { minLength: 5, maxLength: 5 });

function isLine(text: string): boolean {
  return [...new TextEncoder().encode(text)].every((byte) => byte >= 0x20 && byte !== 0x7f);
}

function perRoute<Value>(values: readonly Value[]): Record<string, Value> & ReturnType<typeof byRoute<Value>> {
  let next = 0;
  return byRoute(() => values[next++] as Value);
}

/** One of every message, with the side that decodes it. */
function everyMessage(): { name: string; bytes: Uint8Array; decode: (bytes: Uint8Array) => unknown }[] {
  const w = (): MessageWriter => new MessageWriter();
  const place = { epoch: 3, x: 10.5, y: 20.25 };
  const shot = { shooter: 1, x: 2, y: 3, heading: 4 };
  const hit = { shooter: 1, victim: 2, health: 80 };
  const none = { distinct: 0, duplicates: 0, late: 0, missing: 0 };
  const world = new World({ seed: 1 });
  world.addPlayer();
  world.addPlayer();
  const client: [string, Uint8Array][] = [
    ["input", encodeInput(w(), { sequence: 7, epoch: 1, x: 1, y: 2, heading: 3 })],
    ["shot", encodeShot(w(), 1, 2)],
    ["probe", encodeProbe(w(), 1)],
    ["chat", encodeChat(w(), 1, "hello")],
    ["claim", encodeClaim(w(), 1, 2, 3)],
    [
      "audit-request",
      encodeAuditRequest(
        w(),
        1,
        byRoute(() => 5),
      ),
    ],
  ];
  const server: [string, Uint8Array][] = [
    ["welcome", encodeWelcome(w(), 0, { player: 1, tick: 9, ...place })],
    ["joined", encodeRoster(w(), 1, "joined", 2)],
    ["left", encodeRoster(w(), 1, "left", 2)],
    ["placed", encodePlaced(w(), 1, { cause: "spawn", ...place })],
    ["hits", encodeHits(w(), 1, [hit, hit])],
    ["scores", encodeScores(w(), 1, [{ player: 1, score: 2 }])],
    ["claim-result", encodeClaimResult(w(), 1, 2, "gone")],
    [
      "audit-reply",
      encodeAuditReply(
        w(),
        1,
        byRoute(() => 5),
        byRoute(() => none),
      ),
    ],
    ["chat-line", encodeChatLine(w(), 1, 2, "hello")],
    ["pickup", encodePickup(w(), 1, { id: 2, version: 3, x: 4, y: 5 })],
    ["snapshot", encodeSnapshot(w(), 1, world.players)],
    ["tracers", encodeTracers(w(), 1, [shot])],
    ["probe-reply", encodeProbeReply(w(), 1)],
    ["shot-result", encodeShotResult(w(), 1, "fired")],
  ];
  return [
    ...client.map(([name, bytes]) => ({ name, bytes, decode: decodeClientMessage })),
    ...server.map(([name, bytes]) => ({ name, bytes, decode: decodeServerMessage })),
  ];
}

describe("round trips", () => {
  it("carries an input", () => {
    fc.assert(
      fc.property(u32, u8, coordinate, coordinate, u16, (sequence, epoch, x, y, heading) => {
        const input = { sequence, epoch, x, y, heading };
        expect(decodeClientMessage(encodeInput(writer, input))).toEqual({ type: "input", ...input });
      }),
      { seed: 2 },
    );
  });

  it("carries shots, probes and claims and their answers", () => {
    fc.assert(
      fc.property(u32, u16, u32, (number, small, large) => {
        expect(decodeClientMessage(encodeShot(writer, number, small))).toEqual({
          type: "shot",
          number,
          heading: small,
        });
        expect(decodeClientMessage(encodeProbe(writer, number))).toEqual({ type: "probe", number });
        expect(decodeServerMessage(encodeProbeReply(writer, number))).toEqual({ type: "probe-reply", number });
        expect(decodeClientMessage(encodeClaim(writer, number, small, large))).toEqual({
          type: "claim",
          number,
          pickup: small,
          version: large,
        });
      }),
      { seed: 3 },
    );
    for (const verdict of ["fired", "dead", "rate-of-fire", "sky-full"] as const) {
      const message = { type: "shot-result", number: 3, verdict };
      expect(decodeServerMessage(encodeShotResult(writer, 3, verdict))).toEqual(message);
    }
    for (const verdict of ["granted", "gone", "too-far", "dead", "too-many", "no-such-pickup"] as const) {
      const message = { type: "claim-result", number: 3, claim: 4, verdict };
      expect(decodeServerMessage(encodeClaimResult(writer, 3, 4, verdict))).toEqual(message);
    }
  });

  it("carries chat in any language", () => {
    fc.assert(
      fc.property(u32, u16, line, (number, player, text) => {
        expect(decodeClientMessage(encodeChat(writer, number, text))).toEqual({ type: "chat", number, text });
        const echoed = { type: "chat-line", number, player, text };
        expect(decodeServerMessage(encodeChatLine(writer, number, player, text))).toEqual(echoed);
      }),
      { seed: 4 },
    );
  });

  it("carries audits", () => {
    fc.assert(
      fc.property(u32, counts, receivedCounts, (number, sentList, receivedList) => {
        const sent = perRoute(sentList);
        const got = perRoute(receivedList);
        const request = { type: "audit-request", number, sent };
        expect(decodeClientMessage(encodeAuditRequest(writer, number, sent))).toEqual(request);
        const reply = { type: "audit-reply", number, sent, received: got };
        expect(decodeServerMessage(encodeAuditReply(writer, number, sent, got))).toEqual(reply);
      }),
      { seed: 5 },
    );
  });

  it("carries welcome, roster, places and pickups", () => {
    fc.assert(
      fc.property(u32, u16, u8, coordinate, coordinate, (number, player, epoch, x, y) => {
        const welcome = { player, epoch, x, y, tick: number };
        expect(decodeServerMessage(encodeWelcome(writer, number, welcome))).toEqual({
          type: "welcome",
          number,
          ...welcome,
        });
        for (const change of ["joined", "left"] as const) {
          const message = { type: change, number, player };
          expect(decodeServerMessage(encodeRoster(writer, number, change, player))).toEqual(message);
        }
        for (const cause of ["spawn", "correction"] as const) {
          const message = { type: "placed", number, epoch, x, y, cause };
          expect(decodeServerMessage(encodePlaced(writer, number, { epoch, x, y, cause }))).toEqual(message);
        }
        const pickup = { id: player, version: number, x, y };
        expect(decodeServerMessage(encodePickup(writer, number, pickup))).toEqual({
          type: "pickup",
          number,
          ...pickup,
        });
      }),
      { seed: 6 },
    );
  });

  it("carries lists of hits, scores and tracers", () => {
    const some = { minLength: 1, maxLength: 40 };
    const hitList = fc.array(fc.record({ shooter: u16, victim: u16, health: u8 }), some);
    const scoreList = fc.array(fc.record({ player: u16, score: u32 }), some);
    const shotList = fc.array(fc.record({ shooter: u16, x: coordinate, y: coordinate, heading: u16 }), some);
    fc.assert(
      fc.property(u32, hitList, scoreList, shotList, (number, hits, scores, shots) => {
        expect(decodeServerMessage(encodeHits(writer, number, hits))).toEqual({ type: "hits", number, hits });
        expect(decodeServerMessage(encodeScores(writer, number, scores))).toEqual({ type: "scores", number, scores });
        const tracers = { type: "tracers", tick: number, shots };
        expect(decodeServerMessage(encodeTracers(writer, number, shots))).toEqual(tracers);
      }),
      { seed: 7 },
    );
  });

  it("splits a list that is too long for one message", () => {
    const hits = Array.from({ length: 300 }, (_, victim) => ({ shooter: 1, victim, health: 20 }));
    const first = decodeServerMessage(encodeHits(writer, 0, hits));
    const second = decodeServerMessage(encodeHits(writer, 1, hits, MAX_ENTRIES));
    if (first?.type !== "hits" || second?.type !== "hits") throw new Error("expected hits");
    expect([...first.hits, ...second.hits]).toEqual(hits);
    expect(() => encodeHits(writer, 2, hits, 300)).toThrow('"from" expected an index below 300, got 300');
  });

  it("carries a snapshot of a full world, and rounds as documented", () => {
    const world = new World({ seed: 5 });
    while (world.addPlayer() !== undefined) continue;
    const snapshot = decodeServerMessage(encodeSnapshot(writer, 77, world.players));
    if (!(snapshot instanceof Snapshot)) throw new Error("expected a snapshot");
    expect(snapshot.tick).toBe(77);
    expect(snapshot.count).toBe(MAX_PLAYERS);
    world.players.forEach((player, index) => {
      expect(snapshot.idAt(index)).toBe(player.id);
      expect(Math.abs(snapshot.xAt(index) - player.x)).toBeLessThanOrEqual(1 / 512);
      expect(Math.abs(snapshot.yAt(index) - player.y)).toBeLessThanOrEqual(1 / 512);
      expect(snapshot.healthAt(index)).toBe(player.health);
      expect(snapshot.headingAt(index)).toBe(player.heading & 0xff00);
    });
    expect(() => snapshot.idAt(MAX_PLAYERS)).toThrow(RangeError);
  });

  it("carries an empty snapshot", () => {
    expect(decodeServerMessage(encodeSnapshot(writer, 1, []))).toMatchObject({ tick: 1, count: 0 });
  });

  it("renumbers a finished message in place", () => {
    const bytes = encodeRoster(writer, 1, "joined", 9);
    renumber(bytes, 0xffff_fffe);
    expect(decodeServerMessage(bytes)).toEqual({ type: "joined", number: 0xffff_fffe, player: 9 });
  });
});

describe("bytes of the network", () => {
  it("knows every message it writes, and none cut short or with a byte too many", () => {
    for (const { name, bytes, decode } of everyMessage()) {
      expect(decode(bytes), name).toMatchObject({ type: name });
      for (let length = 0; length < bytes.length; length++) {
        const cut = bytes.slice(0, length);
        // Text goes to the message's end: cut, it is a shorter text.
        const shorterText = name.startsWith("chat") && length > bytes.length - "hello".length;
        if (!shorterText) expect(decode(cut), `${name} cut to ${length}`).toBeUndefined();
      }
      const longer = new Uint8Array([...bytes, 0]);
      expect(decode(longer), `${name} and a zero`).toBeUndefined();
    }
  });

  it("never takes a message of the other direction", () => {
    for (const { name, bytes, decode } of everyMessage()) {
      const other = decode === decodeClientMessage ? decodeServerMessage : decodeClientMessage;
      expect(other(bytes), name).toBeUndefined();
    }
  });

  it("never throws on random bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        decodeClientMessage(bytes);
        decodeServerMessage(bytes);
      }),
      { seed: 1, numRuns: 2_000 },
    );
  });

  it("never throws on mutated messages, and reads what it takes for a snapshot without throwing", () => {
    const messages = everyMessage();
    fc.assert(
      fc.property(fc.nat(messages.length - 1), fc.nat(200), u8, fc.nat(200), (pick, at, value, length) => {
        const { bytes, decode } = messages[pick] as (typeof messages)[number];
        const mutated = bytes.slice(0, length);
        if (mutated.length > 0) mutated[at % mutated.length] = value;
        const message = decode(mutated);
        if (!(message instanceof Snapshot)) return;
        for (let i = 0; i < message.count; i++) {
          expect(message.idAt(i)).toBeLessThanOrEqual(0xffff);
          expect(message.yAt(i)).toBeLessThan(256);
          expect(message.healthAt(i)).toBeLessThanOrEqual(0xff);
        }
      }),
      { seed: 1, numRuns: 5_000 },
    );
  });

  it("reads a message that lies inside a larger buffer", () => {
    const framed = new Uint8Array([0xff, 0xff, ...encodeShot(writer, 5, 6), 0xff]);
    expect(decodeClientMessage(framed.subarray(2, framed.length - 1))).toEqual({ type: "shot", number: 5, heading: 6 });
  });

  it("refuses text that is empty, too long, no UTF-8 or has control characters", () => {
    const chat = (text: number[]): Uint8Array => new Uint8Array([0x04, 0, 0, 0, 0, ...text]);
    expect(decodeClientMessage(chat([0x41]))).toMatchObject({ text: "A" });
    expect(decodeClientMessage(chat([]))).toBeUndefined();
    expect(decodeClientMessage(chat([0xc3]))).toBeUndefined();
    expect(decodeClientMessage(chat([0x1b, 0x5b]))).toBeUndefined();
    expect(decodeClientMessage(chat(Array<number>(MAX_CHAT_BYTES).fill(0x41)))).toBeDefined();
    expect(decodeClientMessage(chat(Array<number>(MAX_CHAT_BYTES + 1).fill(0x41)))).toBeUndefined();
  });

  it("refuses an unknown verdict, and a list that claims none", () => {
    expect(decodeServerMessage(new Uint8Array([0xa3, 0, 0, 0, 0, 4]))).toBeUndefined();
    expect(decodeServerMessage(new Uint8Array([0x84, 0, 0, 0, 0, 0]))).toBeUndefined();
  });
});

describe("a caller's mistakes", () => {
  it("throws on text that is too long or empty", () => {
    expect(() => encodeChat(writer, 0, "")).toThrow('"text" expected 1..120 bytes of UTF-8, got 0');
    expect(() => encodeChat(writer, 0, "ä".repeat(61))).toThrow('"text" expected 1..120 bytes of UTF-8, got 122');
  });

  it("throws on a verdict that does not exist", () => {
    expect(() => encodeShotResult(writer, 0, "maybe" as "fired")).toThrow(RangeError);
  });
});
