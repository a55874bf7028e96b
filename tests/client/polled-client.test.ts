import { createClient, type ClientOptions, type PolledClient } from "@sortie/client";
import { type DatagramTransport, type SocketAddress, TransportError } from "@sortie/transport";
import type { MemoryTransport } from "@sortie/transport-memory";
import { describe, expect, it } from "vitest";
import { GameNetwork, type GameNetworkOptions, text } from "../support/game-network.js";
import { recordDatagrams } from "../support/recorder.js";

const FRAME_MS = 16;

interface Polled {
  readonly game: GameNetwork;
  readonly client: PolledClient;
  readonly transport: MemoryTransport;
}

/** An echo server and a polled client that has not been updated yet. */
async function polled(options: Partial<ClientOptions> = {}, network: GameNetworkOptions = {}): Promise<Polled> {
  const game = new GameNetwork({ link: { latencyMs: 10 }, ...network });
  game.server.on("message", (peer, message) => void peer.send(message.payload, { delivery: message.delivery }));
  await game.listen();
  const transport = game.network.createTransport();
  const client = createClient(game.clientOptions({ transport, ...options }));
  await game.run(0);
  return { game, client, transport };
}

/** Frames of the game loop until the condition holds; what was received on the way. */
async function play({ game, client }: Polled, until: () => boolean, maxMs: number = 5000): Promise<string[]> {
  const words: string[] = [];
  for (let elapsed = 0; elapsed < maxMs && !until(); elapsed += FRAME_MS) {
    client.update(game.clock.now());
    for (let message = client.receive(); message !== undefined; message = client.receive()) {
      words.push(text(message.payload));
    }
    await game.run(FRAME_MS);
  }
  expect(until()).toBe(true);
  return words;
}

async function connected(options?: Partial<ClientOptions>, network?: GameNetworkOptions): Promise<Polled> {
  const all = await polled(options, network);
  await play(all, () => all.client.state === "connected");
  return all;
}

describe("a polled client", () => {
  it("connects, sends, receives and closes, all by its own calls", async () => {
    const all = await connected({ payload: "token" });
    const { game, client, transport } = all;
    expect(client.sessionId).toMatch(/^[0-9a-f]{32}$/);
    expect([client.error, client.reason]).toEqual([undefined, undefined]);
    const receipts = ["one", "two", "three"].map((word) => client.send(word, { delivery: "ordered" }));
    const heard = await play(all, () => client.stats?.endpoint.messagesReceived[4] === 3);
    expect(heard).toEqual(["one", "two", "three"]);
    await play(all, () => client.stats?.endpoint.queuedMessages === 0);
    expect(await Promise.all(receipts.map((receipt) => receipt.outcome))).toEqual(["acked", "acked", "acked"]);
    expect(client.rttMs).toBeGreaterThan(15);
    expect(client.quality).toBe("good");
    await game.settle(client.close());
    expect(client.state).toBe("closed");
    expect(transport.localAddress).toBeUndefined();
    await game.run(100);
    expect(game.server.peers.size).toBe(0);
    await game.end();
  });

  it("does nothing between its calls: no datagram goes, nothing that came is taken up", async () => {
    const { game, client } = await polled();
    const seen = recordDatagrams(game.network);
    await game.run(5000);
    expect(seen).toEqual([]);
    client.update(5000);
    expect(seen).toHaveLength(1);
    await game.run(3000);
    // The server's RETRY waits for the next update.
    expect(seen).toHaveLength(2);
    expect(client.state).toBe("connecting");
    client.update(8000);
    expect(seen).toHaveLength(3);
    expect(client.send("x").refusal).toBe("closed");
    expect(client.receive()).toBeUndefined();
    expect([client.rttMs, client.stats, client.quality]).toEqual([undefined, undefined, undefined]);
    await game.settle(client.close());
    await game.run(12_000);
    await game.end();
  });

  it("keeps the connection while frames are slow, and tells the round trip that updates make", async () => {
    const all = await connected();
    const { game, client } = all;
    for (let frame = 0; frame < 100; frame++) {
      client.update(game.clock.now());
      await game.run(500);
    }
    expect(client.state).toBe("connected");
    expect(game.server.peers.size).toBe(1);
    await game.settle(client.close());
    await game.run(100);
    await game.end();
  });

  it("refuses time that is no number, is negative or runs backwards, and goes on after that", async () => {
    const { game, client } = await polled();
    for (const nowMs of [NaN, Infinity, -1, "5" as never]) {
      expect(() => client.update(nowMs)).toThrow(/^"nowMs" expected a number of at least 0, got /);
    }
    client.update(100.5);
    expect(() => client.update(100.25)).toThrow(
      new RangeError('"nowMs" expected a number of at least 100.5, got 100.25'),
    );
    client.update(100.5);
    expect(client.state).toBe("connecting");
    await game.settle(client.close());
    await game.end();
  });

  it("may count time from anywhere, and jump ahead", async () => {
    const { game, client } = await polled();
    const startMs = 1.7e12;
    for (let elapsed = 0; elapsed < 500; elapsed += FRAME_MS) {
      client.update(startMs + elapsed);
      await game.run(FRAME_MS);
    }
    expect(client.state).toBe("connected");
    client.update(startMs + 3_600_000);
    expect(client.reason).toMatchObject({ code: "timeout", by: "local" });
    expect(client.state).toBe("closed");
    expect(client.send("x").refusal).toBe("closed");
    await game.run(12_000);
    await game.end();
  });

  it("drops the newest datagrams when it is not updated for long, and counts them", async () => {
    const all = await connected();
    const { game, client, transport } = all;
    const local = transport.localAddress as SocketAddress;
    for (let i = 0; i < 2500; i++) game.network.inject(Uint8Array.of(0xff), game.serverAddress, local);
    await game.run(10);
    expect(client.overflowed).toBeGreaterThanOrEqual(2500 - 2048);
    client.update(game.clock.now());
    const before = client.overflowed;
    client.send("still there?", { delivery: "reliable" });
    expect(await play(all, () => client.stats?.endpoint.messagesReceived[3] === 1)).toEqual(["still there?"]);
    expect(client.overflowed).toBe(before);
    await game.settle(client.close());
    await game.run(100);
    await game.end();
  });

  it("tells by its reason that the server let it go; what came before can still be read", async () => {
    const all = await connected();
    const { game, client, transport } = all;
    const [peer] = [...game.server.peers.values()];
    peer?.send("last words", { delivery: "reliable" });
    peer?.flush();
    await game.run(50);
    peer?.disconnect("enough");
    await game.run(50);
    client.update(game.clock.now());
    client.update(game.clock.now());
    await game.run(0);
    expect(client.state).toBe("closed");
    expect(client.reason).toEqual({ code: "kicked", by: "remote", text: "enough" });
    expect(client.error).toBeUndefined();
    expect(transport.localAddress).toBeUndefined();
    expect(text(client.receive()?.payload as Uint8Array)).toBe("last words");
    client.update(game.clock.now());
    await game.settle(client.close());
    expect(client.error).toBeUndefined();
    await game.end();
  });

  it("remembers the last fault of its socket, and lives on", async () => {
    const all = await connected();
    const fault = new TransportError("resources", "no buffers");
    all.transport.raiseError(fault);
    await all.game.run(1);
    expect(all.client.socketError).toBe(fault);
    expect(all.client.state).toBe("connected");
    await all.game.settle(all.client.close());
    await all.game.run(100);
    await all.game.end();
  });
});

describe("a polled client that does not get in", () => {
  it.each<[string, Partial<ClientOptions>, string]>([
    ["nobody listens", { port: 9, timeoutMs: 500 }, "timeout"],
    ["the protocol is another", { protocol: "other/1" }, "protocol-mismatch"],
    ["the name is unknown", { host: "nowhere.example" }, "network"],
    ["the signal has said stop before", { signal: AbortSignal.abort() }, "aborted"],
  ])("because %s is closed with the error", async (_what, options, code) => {
    const all = await polled(options);
    await play(all, () => all.client.state === "closed");
    expect(all.client.error?.code).toBe(code);
    expect(all.client.error?.message).not.toBe("");
    expect(all.client.reason).toBeUndefined();
    await play(all, () => true);
    await all.game.settle(all.client.close());
    expect(all.client.error?.code).toBe(code);
    await all.game.end();
  });

  it("because its socket does not open is closed with the error, and update does nothing", async () => {
    const game = new GameNetwork();
    const transport: DatagramTransport = game.network.createTransport();
    await transport.open({ onDatagram: () => {}, onBatchEnd: () => {}, onError: () => {}, onWritable: () => {} });
    const client = createClient(game.clientOptions({ transport }));
    await game.run(0);
    expect(client.state).toBe("closed");
    expect(client.error?.code).toBe("network");
    client.update(1);
    expect(client.receive()).toBeUndefined();
    await game.settle(client.close());
    await game.end();
  });

  it("because its signal says stop on the way tells the server, if that knows of it", async () => {
    const controller = new AbortController();
    const all = await polled({ signal: controller.signal }, { server: { authenticate: () => new Promise(() => {}) } });
    const { game, client } = all;
    await play(all, () => game.server.stats.halfOpen === 1);
    await play(all, () => client.stats !== undefined);
    controller.abort("cancelled");
    await play(all, () => client.state === "closed");
    expect([client.error?.code, client.error?.cause]).toEqual(["aborted", "cancelled"]);
    expect(client.error?.message).toBe("connecting to 10.0.0.1:1474 was given up by its signal");
    await play(all, () => game.server.stats.halfOpen === 0, 1000);
    await game.settle(client.close());
    await game.end();
  });

  it("because it was closed at once, or before the first update, says so and leaves nothing", async () => {
    const game = new GameNetwork();
    await game.listen();
    const seen = recordDatagrams(game.network);
    for (const waitMs of [undefined, 0, 100]) {
      const transport = game.network.createTransport();
      const client = createClient(game.clientOptions({ transport }));
      if (waitMs !== undefined) await game.run(waitMs);
      await game.settle(client.close());
      await game.settle(client.close());
      await game.run(100);
      expect(client.state).toBe("closed");
      expect(client.error?.code).toBe("aborted");
      expect(transport.localAddress).toBeUndefined();
      client.update(5);
    }
    expect(seen).toEqual([]);
    await game.end();
  });

  it("because it was closed while connecting tells the server, and the slot is free", async () => {
    const all = await polled({}, { server: { authenticate: () => new Promise(() => {}) } });
    const { game, client } = all;
    await play(all, () => game.server.stats.halfOpen === 1);
    await play(all, () => client.stats !== undefined);
    await game.settle(client.close());
    expect(client.error?.code).toBe("aborted");
    await game.run(100);
    expect(game.server.stats.halfOpen).toBe(0);
    await game.end();
  });
});

describe("a game loop that stands still", () => {
  it("loses the newest of more than 2048 datagrams, is told how many, and goes on", async () => {
    const all = await connected();
    const { game, client, transport } = all;
    const local = transport.localAddress as SocketAddress;
    for (let i = 0; i < 2100; i++) game.network.inject(new Uint8Array(40), game.serverAddress, local);
    await game.run(20);
    expect(client.overflowed).toBeGreaterThanOrEqual(52);
    expect(client.overflowed).toBeLessThan(60);
    const receipt = client.send("still here", { delivery: "ordered" });
    expect(await play(all, () => client.stats?.endpoint.messagesReceived[4] === 1)).toEqual(["still here"]);
    expect(await receipt.outcome).toBe("acked");
    await game.settle(client.close());
    await game.end();
  });
});
