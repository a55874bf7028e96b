import { type ClientOptions, type ClientSwarm, type ConnectError, openSwarm, type SwarmListener } from "@sortie/client";
import type { SwarmClient } from "@sortie/client";
import { Server } from "@sortie/server";
import type { DatagramBatch, SocketAddress } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import { GameNetwork, type GameNetworkOptions, text } from "../support/game-network.js";
import { createSeededNodeCrypto } from "../support/hostile-crypto.js";

/** What was heard of all clients of a swarm, by their index. */
class Hearing implements SwarmListener {
  readonly connected: number[] = [];
  readonly failures: string[] = [];
  readonly messages: string[][] = [];
  readonly ends: string[] = [];
  readonly errors: unknown[] = [];

  onConnect(client: SwarmClient): void {
    this.connected.push(client.index);
  }

  onFailure(client: SwarmClient, error: ConnectError): void {
    this.failures[client.index] = error.code;
  }

  onMessage(client: SwarmClient, message: { readonly payload: Uint8Array }): void {
    (this.messages[client.index] ??= []).push(text(message.payload));
  }

  onDisconnect(client: SwarmClient, reason: { readonly code: string; readonly by: string }): void {
    this.ends[client.index] = `${reason.code} by ${reason.by}`;
  }

  readonly onError = (error: unknown): void => void this.errors.push(error);
}

class Crowd {
  readonly game: GameNetwork;
  readonly hearing = new Hearing();

  constructor(options: GameNetworkOptions = {}) {
    const server = { maxPeers: 256, handshakesPerPrefix: { perSecond: 1000, burst: 1000 }, ...options.server };
    this.game = new GameNetwork({ crypto: createSeededNodeCrypto(options.seed ?? 1), ...options, server });
    this.game.server.on("message", (peer, message) => {
      peer.send(`${text(message.payload)}!`, { delivery: message.delivery, channel: message.channel });
    });
  }

  async open(options: Partial<ClientOptions> = {}): Promise<ClientSwarm> {
    await this.game.listen();
    return this.game.settle(openSwarm(this.game.clientOptions(options), this.hearing));
  }

  /** Everything ends, and nothing may be left. */
  async end(swarm: ClientSwarm): Promise<void> {
    await this.game.settle(swarm.close(), 60_000);
    expect(swarm.size).toBe(0);
    await this.game.end();
  }
}

describe("a swarm of clients on one socket", () => {
  it("connects each of them, and brings each its own messages over a lossy link", async () => {
    const crowd = new Crowd({ seed: 61, link: { latencyMs: 20, jitterMs: 10, loss: 0.05 } });
    const { game, hearing } = crowd;
    const swarm = await crowd.open();
    const payloads = new Set<string>();
    game.server.on("connect", (peer) => payloads.add(peer.sessionId));
    const clients = Array.from({ length: 100 }, () => swarm.add());
    await game.run(3000);
    expect(hearing.failures).toEqual([]);
    expect(hearing.connected.toSorted((a, b) => a - b)).toEqual(clients.map(({ index }) => index));
    expect(new Set(clients.map(({ sessionId }) => sessionId))).toEqual(payloads);
    // One socket, so one address.
    const addresses = new Set([...game.server.peers.values()].map(({ address }) => address.toString()));
    expect([...addresses]).toEqual([swarm.localAddress?.toString()]);
    for (const client of clients) {
      for (const word of ["a", "b", "c"]) client.send(`${client.index}${word}`, { delivery: "ordered" });
    }
    await game.run(3000);
    for (const { index } of clients)
      expect(hearing.messages[index]).toEqual([`${index}a!`, `${index}b!`, `${index}c!`]);
    expect(hearing.errors).toEqual([]);
    await crowd.end(swarm);
    expect(hearing.ends).toEqual(clients.map(() => "closed by local"));
    expect(game.server.peers.size).toBe(0);
  });

  it("sends what several clients have in common batches", async () => {
    const crowd = new Crowd({ seed: 62 });
    const transport = crowd.game.network.createTransport();
    const batches: number[] = [];
    const send = transport.send.bind(transport);
    transport.send = (batch: DatagramBatch) => {
      batches.push(batch.count);
      send(batch);
    };
    const swarm = await crowd.open({ transport });
    const clients = Array.from({ length: 140 }, () => swarm.add());
    await crowd.game.run(2000);
    batches.length = 0;
    for (const client of clients) client.send("x");
    await crowd.game.run(1);
    expect(batches.slice(0, 3)).toEqual([64, 64, 12]);
    await crowd.end(swarm);
  });

  it("tells each client why it was refused, and lets the others play", async () => {
    const crowd = new Crowd({
      seed: 63,
      server: {
        maxPeers: 3,
        authenticate: ({ payload }) => (text(payload) === "bad" ? { accept: false, reason: "no" } : { accept: true }),
      },
    });
    const { game, hearing } = crowd;
    const swarm = await crowd.open({ payload: "good" });
    const bad = swarm.add({ payload: "bad" });
    for (let i = 0; i < 3; i++) swarm.add();
    await game.run(500);
    const late = swarm.add();
    await game.run(500);
    expect(hearing.failures[bad.index]).toBe("rejected");
    expect(hearing.failures[late.index]).toBe("server-full");
    expect(hearing.connected).toHaveLength(3);
    expect([bad.state, late.state]).toEqual(["closed", "closed"]);
    await game.run(5000);
    expect(swarm.size).toBe(3);
    await crowd.end(swarm);
  });

  it("fails all of them when nobody answers, each at its own time", async () => {
    const crowd = new Crowd({ seed: 64 });
    const swarm = await crowd.open({ port: 1475, timeoutMs: 1000 });
    swarm.add();
    await crowd.game.run(500);
    swarm.add();
    await crowd.game.run(600);
    expect(crowd.hearing.failures).toEqual(["timeout"]);
    await crowd.game.run(500);
    expect(crowd.hearing.failures).toEqual(["timeout", "timeout"]);
    expect(swarm.size).toBe(0);
    await crowd.end(swarm);
  });

  it("forgets a client that left, and finds others for its place", async () => {
    const crowd = new Crowd({ seed: 65, link: { latencyMs: 30 } });
    const { game, hearing } = crowd;
    const swarm = await crowd.open();
    const [first, second] = [swarm.add(), swarm.add()];
    await game.run(1000);
    first.close({ reason: "enough" });
    await game.run(2000);
    expect([first.state, second.state, swarm.size]).toEqual(["closed", "connected", 1]);
    expect(first.send("x").refusal).toBe("closed");
    expect(first.stats?.packetsSent).toBeGreaterThan(0);
    const third = swarm.add();
    await game.run(1000);
    second.send("2", { delivery: "reliable" });
    third.send("3", { delivery: "reliable" });
    await game.run(1000);
    expect(hearing.messages).toEqual([undefined, ["2!"], ["3!"]]);
    expect(third.index).toBe(2);
    await crowd.end(swarm);
  });

  it("brings the reset of a server that restarted to the client it concerns", async () => {
    const crowd = new Crowd({ seed: 66, link: { latencyMs: 20 } });
    const { game, hearing } = crowd;
    const swarm = await crowd.open();
    const clients = Array.from({ length: 5 }, () => swarm.add());
    await game.run(1000);
    const address = game.serverAddress;
    game.network.setFilter((_datagram: Uint8Array, from: SocketAddress) => !from.equals(address));
    await game.settle(game.server.close({ drainMs: 0 }), 10_000);
    game.network.setFilter(undefined);
    const second = new Server({
      protocol: "test/1",
      identity: game.identity,
      crypto: game.crypto,
      transport: game.network.createTransport({ host: "10.0.0.1", port: 1474 }),
      clock: game.clock,
    });
    await game.settle(second.listen());
    clients[3]?.send("anyone there?");
    await game.run(500);
    expect(hearing.ends).toEqual([undefined, undefined, undefined, "server-restarted by remote"]);
    await game.settle(swarm.close(), 60_000);
    await game.settle(second.close(), 10_000);
    await crowd.end(swarm);
  });

  it("passes over datagrams that are for none of them, and counts them", async () => {
    const crowd = new Crowd({ seed: 67 });
    const swarm = await crowd.open();
    swarm.add();
    await crowd.game.run(500);
    const stranger = crowd.game.network.createTransport();
    await crowd.game.settle(
      stranger.open({ onDatagram: () => {}, onBatchEnd: () => {}, onError: () => {}, onWritable: () => {} }),
    );
    for (const bytes of [
      [],
      [0x40],
      [0x02, 1, 2, 3, 4, 5, 6, 7, 8, 9],
      new Array<number>(40).fill(0x40),
      [0xff, ...new Array<number>(20).fill(0)],
    ]) {
      const batch = stranger.acquireBatch() as DatagramBatch;
      batch.buffer.set(bytes, batch.reserve());
      batch.commit(bytes.length, swarm.localAddress as SocketAddress);
      stranger.send(batch);
    }
    await crowd.game.run(100);
    expect(swarm.strays).toBe(5);
    expect(crowd.hearing.connected).toEqual([0]);
    await crowd.game.settle(stranger.close());
    await crowd.end(swarm);
  });

  it("lets a listener throw, send and add, and goes on", async () => {
    const crowd = new Crowd({ seed: 68 });
    const { game, hearing } = crowd;
    hearing.onConnect = (client) => {
      hearing.connected.push(client.index);
      client.send(`hello from ${client.index}`, { delivery: "reliable" });
      if (client.index < 4) swarm.add();
      throw new Error(`fault ${client.index}`);
    };
    const swarm = await crowd.open();
    swarm.add();
    await game.run(2000);
    expect(hearing.connected).toEqual([0, 1, 2, 3, 4]);
    expect(hearing.errors.map(String)).toEqual([0, 1, 2, 3, 4].map((index) => `Error: fault ${index}`));
    expect(hearing.messages.flat()).toEqual([0, 1, 2, 3, 4].map((index) => `hello from ${index}!`));
    await crowd.end(swarm);
    expect(() => swarm.add()).toThrow("the swarm is closed");
  });

  it("lets listeners be async: what they reject with is told, even by the listener for errors", async () => {
    const crowd = new Crowd({ seed: 70 });
    const { game, hearing } = crowd;
    hearing.onConnect = async (client) => {
      await Promise.resolve();
      throw new Error(`late fault ${client.index}`);
    };
    const swarm = await crowd.open();
    const client = swarm.add();
    await game.run(2000);
    expect(hearing.errors.map(String)).toEqual(["Error: late fault 0"]);
    expect(() => client.close({ reason: null as never })).toThrow('"reason" expected a string, got null');
    expect(() => client.close({ drainMs: -1 })).toThrow('"drainMs" expected a number in 0..3600000, got -1');
    expect(client.state).toBe("connected");
    await crowd.end(swarm);
  });

  it("ends by itself when the server is gone, without being told", async () => {
    const crowd = new Crowd({ seed: 69 });
    const swarm = await crowd.open({ idleTimeoutMs: 2000 });
    for (let i = 0; i < 10; i++) swarm.add();
    await crowd.game.run(1000);
    crowd.game.network.setFilter(() => false);
    await crowd.game.run(5000);
    expect(crowd.hearing.ends).toEqual(new Array(10).fill("timeout by local"));
    expect(swarm.size).toBe(0);
    crowd.game.network.setFilter(undefined);
    await crowd.end(swarm);
  });

  it("tells of bad options at once", async () => {
    const crowd = new Crowd();
    const options = crowd.game.clientOptions();
    await expect(openSwarm({ ...options, port: 0 }, {})).rejects.toThrow('"port" expected');
    await expect(openSwarm(options, null as unknown as SwarmListener)).rejects.toThrow('"listener" expected an object');
    for (const [onMessage, got] of [
      [5, "number"],
      [null, "null"],
    ]) {
      const opening = openSwarm(options, { onMessage } as unknown as SwarmListener);
      await expect(opening).rejects.toThrow(`"listener.onMessage" expected a function, got ${got}`);
    }
    const swarm = await crowd.open();
    expect(() => swarm.add({ paylod: "x" } as never)).toThrow('"options" expected only payload, trace, got "paylod"');
    expect(() => swarm.add({ trace: 5 as never })).toThrow('"trace" expected a function, got number');
    expect(() => swarm.add({ payload: new Uint8Array(1025) })).toThrow('"payload" expected at most 1024 bytes');
    expect(() => swarm.close({ drainMs: -1 })).toThrow('"drainMs" expected');
    expect(() => swarm.close({ drain: 5 } as never)).toThrow('"options" expected only drainMs, got "drain"');
    const client = swarm.add();
    expect(() => client.close({ raeson: "x" } as never)).toThrow('expected only drainMs, reason, got "raeson"');
    for (const bytes of [NaN, -5, 0, 1200.5, Infinity, "x", null]) {
      const message = `"bytes" expected an integer of at least 1, got ${String(bytes)}`;
      expect(() => client.ping(bytes as number)).toThrow(new RangeError(message));
    }
    expect(client.state).toBe("connecting");
    await crowd.end(swarm);
  });
});

describe("a client's ping", () => {
  it("is answered by the server's endpoint, padded to the size that was asked for", async () => {
    const crowd = new Crowd({ seed: 70, link: { latencyMs: 25 } });
    const { game } = crowd;
    const swarm = await crowd.open({ mtu: 1200 });
    const heard: { readonly type: string; readonly bytes?: number; readonly rttMs?: number }[] = [];
    const client = swarm.add({ trace: (event) => heard.push(event) });
    await game.run(1000);
    for (const [bytes, expected] of [
      [undefined, 42],
      [26, 26],
      [500, 500],
      [9000, 1200],
    ]) {
      heard.length = 0;
      client.ping(bytes);
      await game.run(100);
      expect(heard.filter(({ type }) => type === "packet-sent").map((event) => event.bytes)).toEqual([expected]);
      expect(heard.filter(({ type }) => type === "packet-acked")).toHaveLength(1);
      const rtt = heard.find(({ type }) => type === "congestion")?.rttMs as number;
      expect(rtt).toBeGreaterThanOrEqual(50);
      expect(rtt).toBeLessThan(51);
    }
    expect(crowd.hearing.messages).toEqual([]);
    await crowd.end(swarm);
  });
});
