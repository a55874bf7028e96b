import { DeliveryCode } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { bytesPart, type FramePart, message, packetOf, pattern, piece, pieceOf } from "../support/hostile-frames.js";
import { HostilePeer } from "../support/hostile-peer.js";
import { closeReason, messagesOf } from "../support/pair-reading.js";
import { GameNetwork } from "../support/game-network.js";
import { HandMadeClient } from "../support/hand-made-client.js";
import { createNodeProvider } from "@sortie/handshake/node";
import { SocketAddress } from "@sortie/transport";

const { Unreliable, Sequenced, BestEffort, Reliable, Ordered } = DeliveryCode;
const KIB = 1024;
const SMALLEST = new Uint8Array(64);
/** bytes charged for a message of which one piece of 64 bytes is here: what V8 takes for it. */
const PIECE_COST = 1024 + 48 + 64;

/** The smallest legal pieces, one for each of `count` messages, in one packet. */
function bombs(delivery: DeliveryCode, first: number, count: number, total: number): FramePart[] {
  return Array.from({ length: count }, (_, i) => {
    const n = first + i;
    return piece({ delivery, channel: (n >> 9) & 255, id: n & 511, total, bytes: SMALLEST });
  });
}

describe("T25 a fragment bomb", () => {
  const serverParameters = { maxMessageBytes: 256 * KIB, receiveWindowBytes: 256 * KIB };

  it("T25 reliable pieces that claim huge messages cost what came, and end the connection at the window", () => {
    const peer = new HostilePeer({ serverParameters });
    let most = 0;
    let pieces = 0;
    while (peer.victim.state === "connected" && pieces < 20_000) {
      peer.send(...bombs(pieces % 2 === 0 ? Reliable : Ordered, pieces, 16, 256 * KIB));
      pieces += 16;
      if (peer.victim.state !== "connected") break;
      most = Math.max(most, peer.stats.heldBytes);
      expect(peer.stats.heldBytes).toBe(pieces * PIECE_COST);
    }
    // They claimed 288 MiB.
    expect(pieces).toBeGreaterThan(1150);
    expect(pieces).toBeLessThan(1180);
    expect(most).toBeLessThanOrEqual(3 * 256 * KIB + 512 * KIB);
    expect(closeReason(peer.victim)).toMatchObject({ code: "flow-control", by: "local", text: "window-exceeded" });
    expect(peer.stats.heldBytes).toBe(0);
    peer.end();
  });

  it("T25b unreliable and sequenced ones push each other out at 64 sets, bestEffort ones at the window", () => {
    const peer = new HostilePeer({ serverParameters });
    for (let i = 0; i < 200; i++) {
      peer.send(
        ...bombs(Unreliable, i * 5, 5, 128 * KIB),
        ...bombs(Sequenced, i * 5, 5, 128 * KIB),
        ...bombs(BestEffort, i * 5, 5, 256 * KIB),
      );
    }
    expect(peer.victim.state).toBe("connected");
    expect(peer.stats.reassembliesActive).toBe(64 + 1000);
    expect(peer.stats.reassembliesExpired).toBe(2000 - 64);
    // What could never be held as a whole is not begun.
    peer.send(...bombs(Unreliable, 40_000, 10, 256 * KIB));
    expect(peer.stats.reassembliesActive).toBe(64 + 1000);
    for (let i = 200; i < 1000; i++) peer.send(...bombs(BestEffort, i * 16, 16, 256 * KIB));
    expect(peer.victim.state).toBe("connected");
    expect(peer.stats.heldBytes).toBeLessThanOrEqual(256 * KIB + 3 * 256 * KIB + 512 * KIB);
    expect(peer.stats.reassembliesExpired).toBeGreaterThan(8000);
    expect(messagesOf(peer.victim)).toEqual([]);
    peer.end();
  });

  it("T25c a claim of a gibibyte reserves nothing", () => {
    const gibibyte = 2 ** 30 - 1;
    const peer = new HostilePeer({ serverParameters: { maxMessageBytes: gibibyte, receiveWindowBytes: gibibyte } });
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 50; i++) peer.send(...bombs(Reliable, i * 16, 16, gibibyte));
    expect(peer.stats.reassembliesActive).toBe(800);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * KIB * KIB);
    peer.send(piece({ delivery: Reliable, total: gibibyte, offset: gibibyte - 1, bytes: new Uint8Array(1) }));
    expect(peer.stats.heldBytes).toBe(800 * PIECE_COST + 1452 + 256 + 48);
    peer.end();
  });

  it("T25d a message above what was agreed is refused with its first piece", () => {
    for (const delivery of [Unreliable, Sequenced, BestEffort, Reliable, Ordered]) {
      const peer = new HostilePeer({ serverParameters });
      peer.send(piece({ delivery, total: 256 * KIB, bytes: SMALLEST }));
      expect(peer.victim.state).toBe("connected");
      peer.send(piece({ delivery, id: 1, total: 256 * KIB + 1, bytes: SMALLEST }));
      expect(closeReason(peer.victim)).toMatchObject({ code: "protocol-error", text: "message-too-large" });
      expect(peer.stats.heldBytes).toBe(0);
    }
  });
});

describe("T26 many tiny fragments", () => {
  it("T26 each separate piece is charged 48 bytes, each chunk 256 and its size, each message 1024", () => {
    const peer = new HostilePeer();
    for (let i = 0; i < 100; i++) {
      peer.send(piece({ delivery: Reliable, total: 100_000, offset: i * 200, bytes: SMALLEST }));
    }
    expect(peer.stats.heldBytes).toBe(1024 + 100 * 48 + 64 + (1452 + 1516 + 3032 + 4096 + 4 * 256));
    expect(peer.stats.reassembliesActive).toBe(1);
    peer.end();
  });

  it.each([
    ["unreliable", Unreliable],
    ["sequenced", Sequenced],
    ["bestEffort", BestEffort],
    ["reliable", Reliable],
    ["ordered", Ordered],
  ])("T26b %s: 64 bytes are the least, but for the end of a message", (_name, delivery) => {
    const peer = new HostilePeer();
    peer.send(
      piece({ delivery, total: 300, bytes: SMALLEST }),
      piece({ delivery, total: 300, offset: 299, bytes: new Uint8Array(1) }),
    );
    expect(peer.victim.state).toBe("connected");
    peer.send(piece({ delivery, total: 300, offset: 100, bytes: new Uint8Array(63) }));
    expect(closeReason(peer.victim)).toMatchObject({ code: "protocol-error", text: "fragment-too-small" });
    peer.end();
  });

  it("T26c one message in more than 4096 separate stretches ends the connection, however large the window", () => {
    const peer = new HostilePeer();
    let stretches = 0;
    while (peer.victim.state === "connected" && stretches < 8000) {
      const parts = Array.from({ length: 16 }, (_, i) => {
        return piece({ delivery: Reliable, total: KIB * KIB, offset: (stretches + i) * 128, bytes: SMALLEST });
      });
      peer.send(...parts);
      stretches += 16;
    }
    expect(stretches).toBe(4096 + 16);
    expect(closeReason(peer.victim)).toMatchObject({ code: "flow-control" });
    peer.end();
  });
});

describe("T27 fragments that disagree", () => {
  const whole = pattern(1, 300);
  const longer = pattern(2, 301);

  it("T27 on the size: an unreliable, sequenced or bestEffort message is dropped, and its ID is of use again", () => {
    const peer = new HostilePeer();
    for (const delivery of [Unreliable, Sequenced, BestEffort]) {
      peer.send(pieceOf(delivery, 3, 0, whole, 0, 100), pieceOf(delivery, 3, 0, longer, 100, 200));
    }
    expect(peer.stats.reassembliesMismatched).toBe(3);
    expect(peer.stats.reassembliesActive).toBe(0);
    expect(peer.stats.heldBytes).toBe(0);
    for (const delivery of [Unreliable, Sequenced, BestEffort]) {
      peer.send(pieceOf(delivery, 3, 0, longer, 0, 150), pieceOf(delivery, 3, 0, longer, 150, 301));
    }
    expect(messagesOf(peer.victim).map(({ payload }) => payload)).toEqual([longer, longer, longer]);
    peer.end();
  });

  it.each([
    ["reliable", Reliable],
    ["ordered", Ordered],
  ])("T27b on the size of a %s one: the connection ends, nothing is delivered", (_name, delivery) => {
    const peer = new HostilePeer();
    peer.send(pieceOf(delivery, 0, 0, whole, 0, 100), pieceOf(delivery, 0, 0, longer, 100, 200));
    expect(closeReason(peer.victim)).toMatchObject({ code: "protocol-error", text: "fragment-mismatch" });
    expect(messagesOf(peer.victim)).toEqual([]);
    peer.end();
  });

  it("T27c on the mode or the channel: they are other messages and never mix", () => {
    const peer = new HostilePeer();
    const modes = [Unreliable, Sequenced, BestEffort, Reliable, Ordered];
    for (const delivery of modes) {
      for (const channel of [0, 255]) peer.send(pieceOf(delivery, channel, 0, pattern(delivery, 300), 0, 150));
    }
    expect(peer.stats.reassembliesActive).toBe(10);
    for (const delivery of modes) {
      for (const channel of [0, 255]) peer.send(pieceOf(delivery, channel, 0, pattern(delivery, 300), 150, 300));
    }
    const received = messagesOf(peer.victim);
    expect(received).toHaveLength(10);
    for (let i = 0; i < 10; i++) expect(received[i]?.payload).toEqual(pattern(modes[i >> 1] as number, 300));
    peer.end();
  });

  it.each<[string, Uint8Array, number, number]>([
    ["beyond the end", new Uint8Array(100), 300, 201],
    ["at the end", new Uint8Array(100), 300, 300],
    ["far beyond", new Uint8Array(100), 300, 2 ** 52],
    ["empty", new Uint8Array(0), 300, 0],
    ["the whole message", new Uint8Array(300), 300, 0],
    ["of a message of no bytes", new Uint8Array(1), 0, 0],
    ["of more than the protocol knows", new Uint8Array(100), 2 ** 30, 0],
  ])("T27d a piece %s does not decode: the connection ends", (_what, bytes, total, offset) => {
    for (const delivery of [Unreliable, Reliable]) {
      const peer = new HostilePeer();
      peer.send(message(Unreliable, 0, 0, whole), piece({ delivery, total, offset, bytes }));
      expect(closeReason(peer.victim)).toMatchObject({ text: "malformed packet: out-of-range" });
      expect(peer.drops).toEqual(["malformed-frames"]);
      expect(messagesOf(peer.victim)).toEqual([]);
      peer.end();
    }
  });

  it("T27e repeated and overlapping pieces: counted, the bytes that came first stay, the message becomes whole", () => {
    const peer = new HostilePeer();
    const other = pattern(9, 300);
    for (const delivery of [Unreliable, BestEffort, Reliable, Ordered]) {
      peer.send(pieceOf(delivery, 0, 0, whole, 100, 200));
      peer.send(pieceOf(delivery, 0, 0, other, 100, 200), pieceOf(delivery, 0, 0, other, 110, 180));
      peer.send(pieceOf(delivery, 0, 0, other, 50, 250), bytesPart(0x01));
      peer.send(pieceOf(delivery, 0, 0, other, 0, 299), pieceOf(delivery, 0, 0, other, 299, 300));
      const expected = other.slice();
      expected.set(whole.subarray(100, 200), 100);
      expect(messagesOf(peer.victim).map(({ payload }) => payload)).toEqual([expected]);
    }
    expect(peer.stats.duplicatesRejected).toBe(8);
    expect(peer.stats.reassembliesActive).toBe(0);
    peer.end();
  });
});

describe("T28 a late duplicate of a fragment", () => {
  const whole = pattern(4, 300);

  it("T28 after completion, sent anew: opens no set and delivers nothing", () => {
    const peer = new HostilePeer();
    for (const delivery of [BestEffort, Reliable, Ordered]) {
      peer.send(pieceOf(delivery, 0, 0, whole, 0, 150), pieceOf(delivery, 0, 0, whole, 150, 300));
    }
    expect(messagesOf(peer.victim)).toHaveLength(3);
    for (const delivery of [BestEffort, Reliable, Ordered]) {
      peer.send(pieceOf(delivery, 0, 0, whole, 0, 150), pieceOf(delivery, 0, 0, whole, 150, 300));
      peer.send(message(delivery, 0, 0, whole));
    }
    expect(messagesOf(peer.victim)).toEqual([]);
    expect(peer.stats.duplicatesRejected).toBe(9);
    expect(peer.stats.reassembliesActive).toBe(0);
    peer.end();
  });

  it("T28b replayed by an attacker without keys: dropped as a packet, in every mode", () => {
    const peer = new HostilePeer();
    const { pair } = peer;
    const recorded: Uint8Array[] = [];
    pair.interceptor = (datagram, to) => {
      if (to === "server") recorded.push(datagram.slice());
      return datagram;
    };
    for (const delivery of ["unreliable", "sequenced", "bestEffort", "reliable", "ordered"] as const) {
      pair.client.send(pattern(1, 5000), { delivery }, pair.nowMs);
    }
    pair.run(1000);
    expect(messagesOf(peer.victim)).toHaveLength(5);
    const before = peer.stats.fragmentsReceived;
    const dropped = peer.drops.length;
    for (const datagram of recorded) pair.inject(datagram, "server", pair.clientAddress);
    pair.run(0);
    expect(peer.drops.slice(dropped)).toEqual(recorded.map(() => "duplicate"));
    expect(peer.stats.fragmentsReceived).toBe(before);
    expect(peer.stats.reassembliesActive).toBe(0);
    expect(messagesOf(peer.victim)).toEqual([]);
  });
});

describe("T29 sets that are never finished", () => {
  it.each([
    ["unreliable", Unreliable, 5000],
    ["sequenced", Sequenced, 5000],
    ["bestEffort", BestEffort, 30_000],
  ])("T29 %s: a drip of pieces does not prolong the life of the set", (_name, delivery, lifeMs) => {
    const peer = new HostilePeer();
    const whole = pattern(1, 60_000);
    const pieces = 40;
    for (let i = 0; i < pieces; i++) {
      peer.send(pieceOf(delivery, 0, 0, whole, i * 100, i * 100 + 100));
      expect(peer.stats.reassembliesActive).toBe(1);
      peer.run((lifeMs - 10) / pieces);
    }
    expect(peer.stats.reassembliesExpired).toBe(0);
    peer.run(11);
    expect(peer.stats.reassembliesExpired).toBe(1);
    expect(peer.stats.heldBytes).toBe(0);
    peer.end();
  });

  it("T29b reliable: never given up, so bounded by the window, and gone with the connection", () => {
    const peer = new HostilePeer();
    const whole = pattern(1, 60_000);
    peer.send(pieceOf(Reliable, 0, 0, whole, 0, 100));
    peer.linger(120_000);
    expect(peer.victim.state).toBe("connected");
    expect(peer.stats.heldBytes).toBe(PIECE_COST + 36);
    for (let from = 100; from < 60_000; from += 1000) {
      peer.send(pieceOf(Reliable, 0, 0, whole, from, Math.min(from + 1000, 60_000)));
    }
    expect(messagesOf(peer.victim).map(({ payload }) => payload)).toEqual([whole]);
    peer.send(pieceOf(Reliable, 0, 1, whole, 0, 100));
    peer.end();
  });

  it("T29c a sequenced message in pieces ranks by its first: overtaken by a newer one it is dropped when whole", () => {
    const peer = new HostilePeer();
    const old = pattern(1, 300);
    const late = pattern(2, 300);
    peer.send(pieceOf(Sequenced, 0, 0, old, 0, 150));
    peer.send(message(Sequenced, 0, 0, Uint8Array.of(1)));
    peer.send(pieceOf(Sequenced, 0, 0, old, 150, 300));
    // The end of another comes before its beginning: it is as new as its beginning.
    peer.send(pieceOf(Sequenced, 0, 1, late, 150, 300));
    peer.send(message(Sequenced, 0, 0, Uint8Array.of(2)));
    peer.send(pieceOf(Sequenced, 0, 1, late, 0, 150));
    expect(messagesOf(peer.victim).map(({ payload }) => payload)).toEqual([Uint8Array.of(1), Uint8Array.of(2), late]);
    expect(peer.stats.staleSequenced).toBe(1);
    expect(peer.stats.reassembliesActive).toBe(0);
    peer.end();
  });
});

describe("T29 the reassembly budget of a server, held by peers that drip", () => {
  it("T29d others go beyond it in turn, and after 30 s get their share from whoever waited longest", async () => {
    const game = new GameNetwork({
      crypto: createNodeProvider(),
      link: { latencyMs: 5 },
      server: { reassemblyBudgetBytes: 256 * KIB, tickRate: 20 },
    });
    const ended: string[] = [];
    const heard: number[] = [];
    game.server.on("disconnect", (_peer, reason) => ended.push(`${reason.code}: ${reason.text}`));
    game.server.on("message", (_peer, message) => heard.push(message.payload.length));
    await game.listen();
    const hostiles: HandMadeClient[] = [];
    for (let i = 0; i < 2; i++) {
      const hostile = await new HandMadeClient(game, SocketAddress.parse("203.0.113.9", 5000 + i)).shakeHands();
      hostile.send(packetOf(bytesPart(0x03, 0)));
      hostiles.push(hostile);
    }
    await game.run(100);
    // Each holds about 128 KiB, well within its own window.
    for (let i = 0; i < 20; i++) {
      for (const hostile of hostiles) hostile.send(packetOf(...bombs(Reliable, i * 6, 6, 100_000)));
      await game.run(10);
    }
    const held = [...game.server.peers.values()].reduce((sum, peer) => sum + peer.stats.endpoint.heldBytes, 0);
    // Packets of six pieces are refused when they could take more than is left.
    expect(held).toBeGreaterThan(225 * KIB);
    expect(held).toBeLessThanOrEqual(256 * KIB);
    const client = await game.connect();
    const receipts = [client.send(new Uint8Array(1000), { delivery: "ordered", channel: 9 })];
    receipts.push(client.send(pattern(1, 20_000), { delivery: "reliable" }));
    const drip = async (seconds: number): Promise<void> => {
      for (let i = 0; i < seconds; i += 2) {
        for (const hostile of hostiles) hostile.send(packetOf(...bombs(Reliable, i / 2, 1, 100_000)));
        await game.run(2000);
      }
    };
    await drip(28);
    // What needs no such memory goes on; the rest had its turn, and nobody was ended.
    for (const { outcome } of receipts) expect(await Promise.race([outcome, Promise.resolve("open")])).toBe("acked");
    expect([heard, ended, game.server.peers.size]).toEqual([[1000, 20_000], [], 3]);
    await drip(4);
    const last = client.send(pattern(2, 30_000), { delivery: "reliable" });
    await game.run(500);
    expect(await Promise.race([last.outcome, Promise.resolve("open")])).toBe("acked");
    expect(heard).toEqual([1000, 20_000, 30_000]);
    await drip(6);
    expect(ended).toEqual(["flow-control: reassembly-overdue"]);
    await game.end();
  });
});
