import { type Peer, Server } from "@sortie/server";
import { SocketAddress } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";
import { HeldClock } from "../support/held-clock.js";
import { recordingLogger } from "../support/recording-logger.js";

function failToLog(): never {
  throw new Error("the disk is full");
}

describe("an application with bugs", () => {
  it("is told of a listener whose promise rejects, with the peer", async () => {
    const game = new GameNetwork();
    const errors: string[] = [];
    game.server.on("connect", async () => {
      await Promise.resolve();
      throw new Error("late bug");
    });
    game.server.on("error", (error, peer) => errors.push(`${(error as Error).message} ${peer?.id}`));
    await game.listen();
    await game.connect();
    await game.run(100);
    expect(errors).toEqual(["late bug 1"]);
    expect(game.server.stats.listenerErrors).toBe(1);
    await game.end();
  });

  it.each(["connect", "message", "disconnect", "tick"] as const)("goes on when %s throws each time", async (name) => {
    const game = new GameNetwork();
    let calls = 0;
    let errors = 0;
    game.server.on(name, () => {
      calls += 1;
      throw new Error("bug");
    });
    game.server.on("error", () => (errors += 1));
    await game.listen();
    for (let i = 0; i < 3; i++) {
      const client = await game.connect();
      client.send("x", { delivery: "reliable" });
      await game.run(100);
      await game.settle(client.close());
      await game.run(100);
    }
    expect(calls).toBeGreaterThanOrEqual(3);
    expect(errors).toBe(calls);
    await game.end();
  });

  it("whose error listener throws has its log, and so has one without a listener", async () => {
    const { logger, lines } = recordingLogger("error");
    const onAccess = (): void => {
      throw new Error("no disk");
    };
    const game = new GameNetwork({ server: { logger, onAccess } });
    await game.listen();
    await game.connect();
    await game.run(100);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/unhandled error in the server [^]*no disk/);
    game.server.on("error", () => {
      throw new Error("worse");
    });
    await game.connect();
    await game.run(100);
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatch(/a listener of "error" threw[^]*worse/);
    expect(game.server.peers.size).toBe(2);
    await game.end();
  });

  it.each([
    ["tick", 20],
    ["message", 20],
    ["message", 0],
  ] as const)("may close the server from inside a %s, with %d ticks a second", async (name, tickRate) => {
    const game = new GameNetwork({ server: { tickRate } });
    const codes: string[] = [];
    await game.listen();
    const client = await game.connect();
    await game.run(100);
    let closed: Promise<void> | undefined;
    game.server.on(name, () => {
      closed ??= game.server.close();
    });
    client.on("disconnect", (reason) => codes.push(reason.code));
    client.send("x", { delivery: "reliable" });
    await game.run(3000);
    await game.settle(closed as Promise<void>);
    expect(codes).toEqual(["shutting-down"]);
    await game.end();
  });

  it.each([
    ["throws", (): void => failToLog()],
    ["rejects", (): Promise<void> => Promise.resolve().then(failToLog)],
  ])(
    "is told of a keyLog that %s; the client gets in all the same, and so does one with such a keyLog",
    async (_name, keyLog) => {
      const game = new GameNetwork({ server: { keyLog } });
      const errors: unknown[] = [];
      game.server.on("error", (error) => errors.push((error as Error).message));
      await game.listen();
      const { lines, logger } = recordingLogger();
      const client = await game.connect({ keyLog, logger });
      await game.run(50);
      expect(client.isConnected).toBe(true);
      expect(errors).toEqual(["the disk is full"]);
      expect(lines).toContainEqual(expect.stringContaining('"keyLog" failed'));
      await game.end();
    },
  );

  it("is told of an async onAccess that rejects", async () => {
    const game = new GameNetwork({
      server: {
        onAccess: async ({ event }) => {
          await Promise.resolve();
          throw new Error(`no log for ${event}`);
        },
      },
    });
    const errors: unknown[] = [];
    game.server.on("error", (error) => errors.push((error as Error).message));
    await game.listen();
    await game.connect();
    await game.run(50);
    expect(errors).toEqual(["no log for connect"]);
    expect(game.server.stats.listenerErrors).toBe(1);
    await game.end();
  });

  it("may close the server from inside its first connect: that client is turned away", async () => {
    for (const tickRate of [0, 60]) {
      const game = new GameNetwork({ server: { tickRate } });
      const events: string[] = [];
      game.server.on("connect", () => {
        events.push("connect");
        void game.server.close();
      });
      game.server.on("disconnect", (_peer, reason) => events.push(`disconnect ${reason.code}`));
      await game.listen();
      await game.connect().catch(() => {});
      await game.settle(game.server.close());
      expect(events).toEqual(["connect", "disconnect shutting-down"]);
      await game.end();
    }
  });

  it("may disconnect its peers from inside a message", async () => {
    const game = new GameNetwork();
    const log: string[] = [];
    const kept: Peer[] = [];
    game.server.on("message", (peer) => {
      kept.push(peer);
      log.push(`message ${peer.id}`);
      for (const other of game.server.peers.values()) other.disconnect("everybody out");
    });
    game.server.on("disconnect", (peer, reason) => log.push(`disconnect ${peer.id} ${reason.text}`));
    await game.listen();
    const clients = [await game.connect(), await game.connect()];
    await game.run(50);
    for (const word of ["a", "b"]) clients[0]?.send(word);
    await game.run(500);
    expect(log.filter((line) => line.startsWith("disconnect")).sort()).toEqual([
      "disconnect 1 everybody out",
      "disconnect 2 everybody out",
    ]);
    // A second message had arrived with it: of a peer that was sent away nothing more is told.
    expect(log.filter((line) => line.startsWith("message"))).toEqual(["message 1"]);
    // Nor is it kept with the Peer.
    expect(kept[0]?.stats.endpoint).toMatchObject({ inboxMessages: 0, inboxBytes: 0 });
    expect(game.server.peers.size).toBe(0);
    await game.end();
  });
});

describe("a server whose port is taken", () => {
  it("listens once the port is free, and is closed like any other", async () => {
    const game = new GameNetwork();
    const taken = game.network.createTransport({ host: "10.0.0.1", port: 1474 });
    await taken.open({ onDatagram: () => {}, onBatchEnd: () => {}, onError: () => {}, onWritable: () => {} });
    await expect(game.server.listen()).rejects.toMatchObject({ code: "address-in-use" });
    expect(game.server.address).toBeUndefined();
    await taken.close();
    await game.listen();
    await expect(game.server.listen()).rejects.toThrow("listen() on a server that listens already");
    await game.connect();
    await game.end();
  });

  it("says that it listens already when it is asked twice at once", async () => {
    const game = new GameNetwork();
    const first = game.server.listen();
    await expect(game.server.listen()).rejects.toThrow("listen() on a server that listens already");
    await game.settle(first);
    await game.end();
  });
});

describe("a process that is held up", () => {
  it("for two seconds, with 10,000 datagrams waiting: catches up within bounds, and every peer survives", async () => {
    const game = new GameNetwork();
    const clock = new HeldClock(game.clock);
    const { crypto, identity, network } = game;
    const transport = network.createTransport({ host: "10.0.0.9", port: 9 });
    const server = new Server({ protocol: "test/1", crypto, identity, clock, transport, tickRate: 50 });
    await game.settle(server.listen());
    const clients = [];
    for (let i = 0; i < 5; i++) clients.push(await game.connect({ host: "10.0.0.9", port: 9 }));
    await game.run(500);
    const before = server.stats.ticks;
    let ticks = 0;
    let messages = 0;
    const late: number[] = [];
    server.on("tick", (event) => {
      ticks += 1;
      late.push(event.lateMs);
    });
    server.on("message", () => (messages += 1));
    for (const client of clients) client.send("reliable", { delivery: "reliable" });
    clock.hold(2000);
    const to = SocketAddress.parse("10.0.0.9", 9);
    for (let i = 0; i < 10_000; i++) {
      const from = SocketAddress.parse(`203.0.113.${i & 0xff}`, 1 + i);
      network.inject(new Uint8Array(100).fill(0x40), from, to, 1999);
    }
    await game.run(2001);
    expect(ticks).toBeLessThanOrEqual(4);
    // One says how long it was, those that make up for some of it that they are late by a tick or two each.
    const [first = 0, ...others] = late;
    expect(first).toBeGreaterThan(1900);
    expect(first).toBeLessThanOrEqual(2001);
    expect(Math.max(...others)).toBeLessThan(4 * 20);
    await game.run(2000);
    const after = server.stats.ticks;
    expect(ticks + (after?.skipped ?? 0) - (before?.skipped ?? 0)).toBe(200);
    expect(after?.skipped).toBeGreaterThan(90);
    expect(messages).toBe(5);
    expect(server.peers.size).toBe(5);
    expect(clients.every((client) => client.isConnected)).toBe(true);
    await game.settle(server.close());
    await game.end();
  });
});
