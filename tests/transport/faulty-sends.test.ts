import type { DatagramBatch, DatagramTransport } from "@sortie/transport";
import { createDgramTransport } from "@sortie/transport-dgram";
import { createMmsgTransport } from "@sortie/transport-mmsg";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";

describe("a transport whose send fails", () => {
  it("for one peer silences nobody else", async () => {
    const game = new GameNetwork({ server: { tickRate: 60 } });
    await game.listen();
    const errors: string[] = [];
    game.server.on("error", (error) => errors.push((error as Error).message));
    game.server.on("message", (peer, { payload }) => peer.send(payload, { delivery: "reliable" }));
    const innocent = await game.connect();
    let echoes = 0;
    innocent.on("message", () => (echoes += 1));
    const other = await game.connect();
    await game.run(50); // the server hears at its next tick that the client is in
    const address = [...game.server.peers.values()].at(-1)?.address;
    expect(game.server.peers.size).toBe(2);
    const { serverTransport } = game;
    const send = serverTransport.send.bind(serverTransport);
    serverTransport.send = (batch: DatagramBatch) => {
      for (let i = 0; i < batch.count; i++)
        if (batch.addresses[i]?.equals(address!) === true) throw new Error("no route");
      send(batch);
    };
    for (let i = 0; i < 60; i++) {
      innocent.send(Uint8Array.of(i), { delivery: "reliable" });
      if (i < 30) other.send(Uint8Array.of(i), { delivery: "reliable" });
      await game.run(100);
    }
    expect(errors.length).toBeGreaterThan(20);
    expect(new Set(errors)).toEqual(new Set(["no route"]));
    await game.run(2000);
    expect([innocent.isConnected, echoes]).toEqual([true, 60]);
    await game.end();
  });

  it("as it gives no batch any more is told to the server, once", async () => {
    const game = new GameNetwork({ server: { tickRate: 60 } });
    await game.listen();
    const errors: unknown[] = [];
    game.server.on("error", (error) => errors.push(error));
    await game.connect();
    while (game.serverTransport.acquireBatch() !== undefined);
    await game.run(900);
    expect(errors).toEqual([]);
    await game.run(3000);
    expect(errors).toMatchObject([{ name: "TransportError", code: "resources" }]);
    await game.end();
  });
});

describe.each<[string, () => DatagramTransport]>([
  ["dgram", () => createDgramTransport({ host: "127.0.0.1" })],
  ["mmsg", () => createMmsgTransport({ host: "127.0.0.1" })],
])("batches that were abandoned (%s)", (_, create) => {
  it("are sent as they are by who has them yet, and those in their place as well", async () => {
    const [from, to] = [create(), create()];
    const heard: number[] = [];
    const receiver = { onBatchEnd: () => {}, onError: () => {}, onWritable: () => {} };
    await from.open({ ...receiver, onDatagram: () => {} });
    const target = await to.open({ ...receiver, onDatagram: (payload) => void heard.push(payload[0] as number) });
    const fill = (value: number): DatagramBatch => {
      const batch = from.acquireBatch()!;
      batch.buffer[batch.reserve()] = value;
      batch.commit(1, target);
      return batch;
    };
    const abandoned: DatagramBatch[] = [];
    const pool = 8;
    for (let value = 0; value < 3 * pool; value++) {
      const batch = fill(value);
      expect(batch.abandon()).toBe(true);
      abandoned.push(batch);
    }
    const fresh = Array.from({ length: pool }, (_unused, i) => fill(100 + i));
    expect(from.acquireBatch()).toBeUndefined();
    for (const batch of [...abandoned, ...fresh]) from.send(batch);
    const wanted = [...abandoned.keys(), ...fresh.map((_unused, i) => 100 + i)];
    for (let turns = 0; heard.length < wanted.length && turns < 2000; turns++) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(heard.sort((a, b) => a - b)).toEqual(wanted);
    const again: (DatagramBatch | undefined)[] = [];
    for (let batch = from.acquireBatch(); batch !== undefined; batch = from.acquireBatch()) again.push(batch);
    expect([again.length, again.some((batch) => abandoned.includes(batch!))]).toEqual([pool, false]);
    await Promise.all([from.close(), to.close()]);
  });
});
