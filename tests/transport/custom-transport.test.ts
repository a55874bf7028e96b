import { connect } from "@sortie/client";
import { Server } from "@sortie/server";
import type { DatagramTransport } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import { GameNetwork, PROTOCOL } from "../support/game-network.js";

const NO_ADDRESS = '"transport" expected open() to resolve with its local address, got undefined';
const NO_STATISTICS = '"transport" expected a datagram transport, got an object without statistics';

/** As somebody writes it in plain JavaScript who has not read everything. */
function halfDone(inner: DatagramTransport, part: "no address" | "no statistics"): DatagramTransport {
  const methods = {
    open: async (receiver: Parameters<DatagramTransport["open"]>[0]) => {
      const address = await inner.open(receiver);
      return part === "no address" ? undefined : address;
    },
    acquireBatch: () => inner.acquireBatch(),
    send: (batch: Parameters<DatagramTransport["send"]>[0]) => inner.send(batch),
    close: () => inner.close(),
  };
  return { ...methods, ...(part === "no address" ? { statistics: inner.statistics } : {}) } as never;
}

describe("a transport in plain JavaScript", () => {
  it("without statistics is refused by a server as it is made, and by connect", async () => {
    const game = new GameNetwork();
    await game.listen();
    const { crypto, identity, clock, network } = game;
    const transport = halfDone(network.createTransport(), "no statistics");
    const options = { protocol: PROTOCOL, crypto, identity, clock, transport };
    expect(() => new Server(options)).toThrow(new TypeError(NO_STATISTICS));
    await expect(game.settle(connect(game.clientOptions({ transport })))).rejects.toThrow(NO_STATISTICS);
    await game.end();
  });

  it("whose open gives no address is named by listen and connect, and left closed", async () => {
    const game = new GameNetwork();
    await game.listen();
    const { crypto, identity, clock, network } = game;
    const inner = network.createTransport();
    const server = new Server({
      protocol: PROTOCOL,
      crypto,
      identity,
      clock,
      transport: halfDone(inner, "no address"),
    });
    await expect(game.settle(server.listen())).rejects.toThrow(new TypeError(NO_ADDRESS));
    expect(inner.localAddress).toBeUndefined();
    await game.settle(server.close());
    const own = network.createTransport();
    const connecting = connect(game.clientOptions({ transport: halfDone(own, "no address") }));
    await expect(game.settle(connecting)).rejects.toThrow(NO_ADDRESS);
    expect(own.localAddress).toBeUndefined();
    await game.end();
  });
});
