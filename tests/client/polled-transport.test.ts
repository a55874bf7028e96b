import { createClient, openSwarm, type PolledClient } from "@sortie/client";
import type { DatagramBatch, DatagramTransport, SocketAddress } from "@sortie/transport";
import type { MemoryTransport } from "@sortie/transport-memory";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";
import { recordingLogger } from "../support/recording-logger.js";

const NO_ADDRESS = '"transport" expected open() to resolve with its local address, got undefined';
const NO_STATISTICS = '"transport" expected a datagram transport, got an object without statistics';

/** A client that its own loop drives, and what it logs. */
async function polledGame(): Promise<{
  readonly game: GameNetwork;
  readonly transport: MemoryTransport;
  readonly client: PolledClient;
  readonly lines: readonly string[];
}> {
  const game = new GameNetwork({ link: { latencyMs: 5 } });
  await game.listen();
  const { logger, lines } = recordingLogger("warn");
  const transport = game.network.createTransport();
  return { game, transport, client: createClient(game.clientOptions({ transport, logger })), lines };
}

/** Frames of 16 ms; `send` is called in each of them, once the client is connected. */
async function playFrames(game: GameNetwork, client: PolledClient, frames: number, send?: () => void): Promise<void> {
  for (let i = 0; i < frames; i++) {
    if (client.state === "connected") send?.();
    client.update(game.clock.now());
    await game.run(16);
  }
}

/** A transport whose `open` gives no address, and what was asked of it. */
function nowhere(game: GameNetwork): { transport: MemoryTransport; closes: number } {
  const transport = game.network.createTransport();
  const made = { transport, closes: 0 };
  const [open, close] = [transport.open.bind(transport), transport.close.bind(transport)];
  transport.open = async (receiver) => {
    await open(receiver);
    return undefined as unknown as SocketAddress;
  };
  transport.close = () => {
    made.closes++;
    return close();
  };
  return made;
}

describe("a polled client over a transport in plain JavaScript", () => {
  it("is not made where that has no statistics; a swarm is not opened", async () => {
    const game = new GameNetwork();
    const inner = game.network.createTransport();
    const transport = {
      open: inner.open.bind(inner),
      acquireBatch: inner.acquireBatch.bind(inner),
      send: inner.send.bind(inner),
      close: inner.close.bind(inner),
    } as unknown as DatagramTransport;
    const options = game.clientOptions({ transport });
    expect(() => createClient(options)).toThrow(new TypeError(NO_STATISTICS));
    await expect(openSwarm(options, {})).rejects.toThrow(new TypeError(NO_STATISTICS));
    expect(inner.localAddress).toBeUndefined();
  });

  it("has the error where its open gives no address, and closes it once", async () => {
    const game = new GameNetwork();
    const made = nowhere(game);
    const client = createClient(game.clientOptions({ transport: made.transport }));
    client.update(0);
    await game.run(0);
    expect([client.state, client.error?.code]).toEqual(["closed", "network"]);
    expect(client.error?.message).toBe(`the socket could not be opened: ${NO_ADDRESS}`);
    expect(made.transport.localAddress).toBeUndefined();
    client.update(16);
    await game.settle(client.close());
    expect([made.closes, client.socketError]).toEqual([1, undefined]);
  });
});

describe("a polled client whose transport does not send", () => {
  const failing: readonly (readonly [string, () => unknown, string])[] = [
    ["rejects", () => Promise.reject(new Error("no route")), "the transport failed to send: no route"],
    [
      "throws",
      () => {
        throw new Error("no route");
      },
      "the transport failed to send: no route",
    ],
  ];

  it.each(failing)("says so where its send %s, and goes on once it sends again", async (_, fail, told) => {
    const { game, transport, client, lines } = await polledGame();
    const play = (frames: number) => playFrames(game, client, frames, () => client.send("x", { delivery: "reliable" }));
    await play(20);
    expect([client.state, client.socketError]).toEqual(["connected", undefined]);
    const send = transport.send.bind(transport);
    transport.send = fail as (batch: DatagramBatch) => void;
    await play(30);
    expect(client.socketError).toMatchObject({ name: "TransportError", code: "system", message: told });
    expect(new Set(lines.map((line) => line.split("\n")[0]))).toEqual(
      new Set([expect.stringMatching(/^ERROR the transport does not send/)]),
    );
    transport.send = send;
    await play(100);
    expect(transport.freeBatches).toBe(transport.totalBatches);
    const outcome = client.send("last", { delivery: "reliable" }).outcome;
    await play(100);
    expect([await game.settle(outcome), client.state]).toEqual(["acked", "connected"]);
    await game.settle(client.close());
    await game.run(12_000);
    await game.end();
  });

  it("says so once where it gives no batch any more", async () => {
    const { game, transport, client, lines } = await polledGame();
    const play = (frames: number) => playFrames(game, client, frames);
    await play(20);
    while (transport.acquireBatch() !== undefined);
    await play(50);
    expect([client.socketError, lines]).toEqual([undefined, []]);
    await play(100);
    expect(client.socketError).toMatchObject({ name: "TransportError", code: "resources" });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^ERROR the transport does not send.*/);
    await game.settle(client.close());
    await game.run(12_000);
    await game.end();
  });
});
