import { createClient, openSwarm } from "@sortie/client";
import type { DatagramTransport, SocketAddress } from "@sortie/transport";
import type { MemoryTransport } from "@sortie/transport-memory";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";

const NO_ADDRESS = '"transport" expected open() to resolve with its local address, got undefined';
const NO_STATISTICS = '"transport" expected a datagram transport, got an object without statistics';

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
