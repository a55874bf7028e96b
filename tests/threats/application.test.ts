import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { AuthenticateResult } from "@sortie/server";
import { ByteWriter, DeliveryCode } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { GameNetwork, text } from "../support/game-network.js";
import { ack, exactPacketOf, message, pattern } from "../support/hostile-frames.js";
import { createSeededNodeCrypto } from "../support/hostile-crypto.js";
import { HostilePeer } from "../support/hostile-peer.js";
import { closeReason, messagesOf } from "../support/pair-reading.js";

const { Unreliable, Sequenced, BestEffort, Reliable, Ordered } = DeliveryCode;
const EMPTY = new Uint8Array(0);

type Answer = AuthenticateResult<unknown> | Promise<AuthenticateResult<unknown>>;

/** A game whose first client is answered by `answer`, all others accepted. */
async function gameWhere(answer: () => unknown, options: { maxPeers?: number } = {}) {
  let asked = 0;
  const authenticate = (): Answer => (asked++ === 0 ? (answer() as Answer) : { accept: true });
  const server = { authenticate, handshakeTimeoutMs: 2000, ...options };
  const game = new GameNetwork({ crypto: createSeededNodeCrypto(34), server });
  const errors: string[] = [];
  game.server.on("error", (error) => errors.push(String(error)));
  await game.listen();
  const first = game.connect({ timeoutMs: 5000 }).then(
    () => "connected",
    (error: { code: string }) => error.code,
  );
  return { game, errors, first: await first };
}

/** Rejections that nobody handled while `work` ran. */
async function unhandledDuring(work: () => Promise<void>): Promise<unknown[]> {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on("unhandledRejection", note);
  try {
    await work();
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.off("unhandledRejection", note);
  }
  return unhandled;
}

describe("T34 an application that fails", () => {
  it("T34 listeners that throw or reject: reported with their peer, and everybody is served", async () => {
    const game = new GameNetwork({ crypto: createSeededNodeCrypto(34) });
    const errors: string[] = [];
    const heard: string[] = [];
    game.server.on("connect", (peer) => {
      if (peer.id === 1) throw new Error("connect");
    });
    game.server.on("message", (peer, { payload }) => {
      if (peer.id === 1) throw new Error("message");
      heard.push(text(payload));
    });
    game.server.on("message", async (peer) => {
      await undefined;
      if (peer.id === 1) throw new Error("later");
    });
    game.server.on("tick", ({ tick }) => {
      if (tick === 20) throw new Error("tick");
    });
    game.server.on("disconnect", () => {
      throw new Error("disconnect");
    });
    game.server.on("error", (error, peer) => {
      errors.push(`${(error as Error).message} ${peer?.id}`);
      throw new Error("the listener for errors");
    });
    await game.listen();
    const unhandled = await unhandledDuring(async () => {
      const first = await game.connect();
      const second = await game.connect();
      await game.run(100);
      first.send("lost", { delivery: "ordered" });
      second.send("kept", { delivery: "ordered" });
      await game.run(500);
      expect(first.isConnected && second.isConnected).toBe(true);
      await game.settle(first.close());
      await game.run(200);
    });
    expect(heard).toEqual(["kept"]);
    expect(errors.sort()).toEqual(["connect 1", "disconnect 1", "later 1", "message 1", "tick undefined"]);
    expect(game.server.stats.listenerErrors).toBe(10);
    expect(unhandled).toEqual([]);
    await game.end();
  });

  const unprintable = (): object => Object.create(null) as object;
  it.each<[string, () => unknown, string]>([
    [
      "throws",
      () => {
        throw new Error("no database");
      },
      "rejected",
    ],
    ["rejects", () => Promise.reject(new Error("no database")), "rejected"],
    ["answers with nothing", () => undefined, "rejected"],
    ["answers with what cannot be printed", unprintable, "rejected"],
    ["resolves to what cannot be printed", async () => unprintable(), "rejected"],
    ["refuses for a reason that cannot be printed", async () => ({ accept: false, reason: unprintable() }), "rejected"],
    [
      "gives a thenable whose then throws",
      () => ({
        then() {
          throw new Error("then");
        },
      }),
      "rejected",
    ],
    [
      "gives a thenable whose then cannot be read",
      () => ({
        get then() {
          throw new Error("get");
        },
      }),
      "rejected",
    ],
    ["never answers", () => new Promise(() => {}), "timeout"],
  ])("T34b authenticate %s: that client is turned away, the next is let in", async (_what, answer, code) => {
    const unhandled = await unhandledDuring(async () => {
      const { game, errors, first } = await gameWhere(answer);
      expect(first).toBe(code);
      expect(errors).toHaveLength(code === "timeout" ? 0 : 1);
      const second = await game.connect();
      expect(second.isConnected).toBe(true);
      await game.run(3000);
      expect(game.server.stats).toMatchObject({ peers: 1, halfOpen: 0 });
      await game.end();
    });
    expect(unhandled).toEqual([]);
  });

  it.each<[string, (resolve: (answer: unknown) => void, reject: (error: unknown) => void) => void]>([
    ["accepts twice", (resolve) => [resolve({ accept: true }), resolve({ accept: true })]],
    ["accepts, then refuses", (resolve) => [resolve({ accept: true }), resolve({ accept: false })]],
    ["accepts, then rejects", (resolve, reject) => [resolve({ accept: true }), reject(new Error("late"))]],
  ])("T34c a thenable that %s: the first answer counts", async (_what, answers) => {
    // With one slot a second acceptance would find the server full, and end the peer.
    const { game, errors, first } = await gameWhere(() => ({ then: answers }), { maxPeers: 1 });
    expect(first).toBe("connected");
    await game.run(500);
    expect(game.clients[0]?.isConnected).toBe(true);
    expect(game.server.stats.peers).toBe(1);
    expect(errors).toEqual([]);
    await game.end();
  });

  it("T34d an answer that comes after the client has gone admits nobody", async () => {
    let accept: (answer: AuthenticateResult<unknown>) => void = () => {};
    const { game, errors, first } = await gameWhere(() => new Promise((resolve) => (accept = resolve)));
    expect(first).toBe("timeout");
    await game.run(10_000);
    accept({ accept: true });
    await game.run(100);
    expect(game.server.stats).toMatchObject({ peers: 0, halfOpen: 0, peersAccepted: 0 });
    expect(errors).toEqual([]);
    await game.end();
  });

  it("T34e a listener that closes the server, kicks its peer or sends to the gone is no trouble", async () => {
    const game = new GameNetwork({ crypto: createSeededNodeCrypto(34) });
    const errors: unknown[] = [];
    game.server.on("error", (error) => errors.push(error));
    game.server.on("message", (peer, { payload }) => {
      peer.disconnect("enough");
      expect(peer.send("too late").refusal).toBe("closed");
      if (text(payload) === "all") void game.server.close();
    });
    await game.listen();
    const first = await game.connect();
    const second = await game.connect();
    await game.run(50);
    first.send("one");
    await game.run(100);
    second.send("all");
    await game.run(2000);
    expect(errors).toEqual([]);
    expect(game.server.stats.peers).toBe(0);
    await game.end();
  });
});

describe("T35 a receiver that never acknowledges", () => {
  it("T35 but stays alive: the queue fills to its limit, send says so, nothing grows, close is prompt", async () => {
    const peer = new HostilePeer({ serverParameters: { idleTimeoutMs: 60_000 } });
    const refusals = new Set<string | undefined>();
    let accepted = 0;
    let queuedBytes = 0;
    let inFlight = 0;
    const receipts = [];
    // Above 1024 bytes the cap of bytes comes before that of messages.
    const payload = pattern(35, 1150);
    for (let i = 0; i < 3000; i++) {
      for (const delivery of ["reliable", "ordered", "unreliable"] as const) {
        const receipt = peer.victim.send(payload, { delivery }, peer.nowMs);
        if (receipt.accepted) accepted += 1;
        else refusals.add(receipt.refusal);
        if (i === 0) receipts.push(receipt);
      }
      if (i % 50 === 0) peer.send();
      peer.run(10);
      queuedBytes = Math.max(queuedBytes, peer.stats.queuedBytes);
      inFlight = Math.max(inFlight, peer.stats.packetsInFlight);
    }
    expect(peer.victim.state).toBe("connected");
    expect([...refusals]).toEqual(["queue-full"]);
    expect(accepted).toBeGreaterThan(3500);
    expect(queuedBytes).toBeGreaterThan(4_000_000);
    // With the eighth that is kept for what may be dropped.
    expect(queuedBytes).toBeLessThanOrEqual(4.5 * 1024 * 1024);
    expect(inFlight).toBeLessThanOrEqual(1024);
    expect(await receipts[2]?.outcome).toBe("dropped");
    // A stalled sender still sends, but no more than 40 packets a second and its probes.
    const before = peer.heard.length;
    peer.linger(5000);
    expect(peer.heard.length - before).toBeLessThan(5 * 60);
    peer.victim.close(0, "", peer.nowMs, peer.nowMs + 2000);
    peer.run(2100);
    expect(peer.victim.state).toBe("closing");
    expect(await receipts[0]?.outcome).toBe("closed");
    peer.end();
  });

  it("T35b and is silent: ends by the idle timeout, everything settled", async () => {
    const peer = new HostilePeer();
    const receipts = Array.from({ length: 500 }, (_, i) =>
      peer.victim.send(pattern(i, 5000), { delivery: "reliable" }, peer.nowMs),
    );
    peer.run(10_100);
    expect(closeReason(peer.victim)).toMatchObject({ code: "timeout" });
    expect(new Set(await Promise.all(receipts.map(({ outcome }) => outcome)))).toEqual(new Set(["closed"]));
    peer.end();
  });
});

describe("T35 a receiver whose application never reads", () => {
  it("T35c the honest sender stops at its credit, its queue fills, and in the end all arrives", () => {
    const serverParameters = { maxMessageBytes: 1000, receiveWindowBytes: 1000 };
    const peer = new HostilePeer({ serverParameters, settings: { limits: { maxQueuedMessages: 500 } } });
    const { pair } = peer;
    pair.interceptor = undefined;
    let accepted = 0;
    for (let i = 0; i < 3000; i++) {
      const payload = new ByteWriter().reset(new Uint8Array(300));
      payload.u32(accepted);
      if (pair.client.send(payload.bytes, { delivery: "ordered" }, pair.nowMs).accepted) accepted += 1;
      pair.run(5);
    }
    // Each message is charged 256 bytes on top of its own 300.
    expect(peer.stats.inboxMessages).toBe(Math.floor((1000 + 320 * 1024) / 556));
    expect(accepted).toBe(peer.stats.inboxMessages + 500);
    expect(pair.client.statistics(pair.nowMs).endpoint.messagesRefused).toBe(3000 - accepted);
    expect(peer.drops).toEqual([]);
    expect(pair.client.statistics(pair.nowMs).endpoint.retransmittedBytes).toBe(0);
    const received: number[] = [];
    for (let i = 0; i < 100; i++) {
      for (const { payload } of messagesOf(pair.server))
        received.push(new DataView(payload.buffer, payload.byteOffset).getUint32(0));
      pair.run(100);
    }
    expect(received).toEqual(Array.from({ length: accepted }, (_, i) => i));
    expect(pair.client.undelivered).toBe(0);
  });

  it.each([
    ["unreliable", Unreliable],
    ["sequenced", Sequenced],
    ["bestEffort", BestEffort],
  ])("T35d a flood of %s messages of no bytes: the newest are kept, to the cap", (_name, delivery) => {
    const { peer } = flood(delivery);
    expect(peer.victim.state).toBe("connected");
    expect(peer.stats.inboxMessages).toBe(8192);
    expect(peer.stats.inboxDropped).toBe(50_000 - 8192);
    expect(messagesOf(peer.victim)).toHaveLength(8192);
    peer.end();
  });

  it.each([
    ["reliable", Reliable],
    ["ordered", Ordered],
  ])("T35d a flood of %s messages of no bytes: an end at the credit", (_name, delivery) => {
    const { peer, most } = flood(delivery);
    expect(closeReason(peer.victim)).toMatchObject({ code: "flow-control", text: "credit-exceeded" });
    // 4 MiB and 320 KiB, 256 bytes each.
    expect(most).toBeLessThanOrEqual((4096 + 320) * 4);
    expect(most).toBeGreaterThan((4096 + 320) * 4 - 200);
    peer.end();
  });

  function flood(delivery: DeliveryCode): { peer: HostilePeer; most: number } {
    const peer = new HostilePeer();
    let id = 0;
    let most = 0;
    for (let packet = 0; packet < 250 && peer.victim.state === "connected"; packet++) {
      most = peer.stats.inboxMessages;
      peer.send(...Array.from({ length: 200 }, () => message(delivery, 0, id++ & 0xffff, EMPTY)));
    }
    return { peer, most };
  }

  it("T35e 65536 tiny ordered messages that come early, on 64 channels: an end at the window, and all is freed", () => {
    const peer = new HostilePeer({ serverParameters: { maxMessageBytes: 65_536, receiveWindowBytes: 1024 * 1024 } });
    let sent = 0;
    let held = 0;
    for (let channel = 0; channel < 64; channel++) {
      for (let id = 1; id < 1024 && peer.victim.state === "connected"; id += 200) {
        const ids = Array.from({ length: Math.min(200, 1024 - id) }, (_, i) => id + i);
        peer.send(...ids.map((early) => message(Ordered, channel, early, EMPTY)));
        sent += ids.length;
        held = Math.max(held, peer.stats.heldBytes);
      }
    }
    expect(closeReason(peer.victim)).toMatchObject({ code: "flow-control", text: "window-exceeded" });
    expect(held).toBeLessThanOrEqual(3 * 1024 * 1024 + 1024 * 1024);
    // 384 bytes each, as that is what they cost.
    expect(sent * 384).toBeGreaterThan(3 * 1024 * 1024 + 1024 * 1024);
    expect(held).toBeGreaterThan(3 * 1024 * 1024 + 1024 * 1024 - 200 * 384);
    expect(messagesOf(peer.victim)).toEqual([]);
    peer.end();
  });

  it("T35f a peer that opens every channel in every mode costs less than 512 KiB, for good", () => {
    // The first one brings compiled code into the heap, which is none of a peer's.
    const peers = Array.from({ length: 13 }, () => new HostilePeer());
    let heapBefore = 0;
    for (const peer of peers) {
      if (peer === peers[1]) heapBefore = heapAfterCollection();
      for (let channel = 0; channel < 256; channel++) {
        for (let turn = 0; turn < 2; turn++) {
          const modes = [Unreliable, Sequenced, BestEffort, Reliable, Ordered];
          peer.send(...modes.map((mode) => message(mode, channel, turn, EMPTY)));
        }
      }
      expect(messagesOf(peer.victim)).toHaveLength(256 * 5 * 2);
      peer.sendRaw(exactPacketOf(ack(Math.max(...peer.heard), peer.heard.slice(-1000))));
      peer.trace.events.length = 0;
      peer.heard.length = 0;
      expect(peer.stats).toMatchObject({ heldBytes: 0, inboxMessages: 0, reassembliesActive: 0 });
    }
    expect((heapAfterCollection() - heapBefore) / 12).toBeLessThan(512 * 1024);
    for (const peer of peers) peer.end();
  });
});

describe("T35 a sender that outruns the network", () => {
  it("T35g keeps to its queue: reliable data is refused, nothing arrives twice, the peer stays", async () => {
    const link = { latencyMs: 20, bandwidthBytesPerSecond: 50_000 };
    const game = new GameNetwork({ link, crypto: createSeededNodeCrypto(35), server: { tickRate: 30 } });
    await game.listen();
    const client = await game.connect();
    const heard: number[] = [];
    client.on("message", ({ payload }) => heard.push(new DataView(payload.buffer, payload.byteOffset).getUint32(0)));
    await game.run(100);
    const peer = [...game.server.peers.values()][0];
    let refused = 0;
    for (let i = 0; i < 300; i++) {
      for (let k = 0; k < 20; k++) {
        const payload = new Uint8Array(1000);
        new DataView(payload.buffer).setUint32(0, i * 20 + k);
        if (peer?.send(payload, { delivery: "reliable" }).accepted === false) refused += 1;
      }
      await game.run(20);
      expect(peer?.stats.endpoint.queuedBytes).toBeLessThanOrEqual(4 * 1024 * 1024);
    }
    expect(refused).toBeGreaterThan(500);
    expect(client.isConnected).toBe(true);
    expect(new Set(heard).size).toBe(heard.length);
    await game.end();
  });
});

/** bytes that are in use after a collection of garbage. */
function heapAfterCollection(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
