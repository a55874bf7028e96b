import { Server } from "@sortie/server";
import { SocketAddress } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import { GameNetwork, PROTOCOL } from "../support/game-network.js";
import { recordDatagrams } from "../support/recorder.js";

/** The public address that the victim shares with the attacker: a NAT, a dormitory, a cafe. */
const NAT = "203.0.113.5";

/** A packet that no connection opens, for this ID: asks for the ID's reset token. */
function question(connectionId: number): Uint8Array {
  const datagram = new Uint8Array(60).fill(0xa5);
  datagram[0] = 0x40;
  new DataView(datagram.buffer).setUint32(1, connectionId);
  return datagram;
}

describe("T47 reset tokens got in advance from the victim's public address", () => {
  it("T47 do not end its connection, however often they come: the server is asked, and answers", async () => {
    const game = new GameNetwork({ link: { latencyMs: 20 }, server: { tickRate: 60 } });
    await game.listen();
    const wire = recordDatagrams(game.network);
    const transport = game.network.createTransport({ host: NAT, port: 5555 });
    const client = await game.connect({ transport });
    await game.run(500);
    const toServer = wire.filter(({ datagram, to }) => to.equals(game.serverAddress) && datagram[0] === 0x40);
    const { datagram, from } = toServer[0] as (typeof toServer)[number];
    const connectionId = new DataView(datagram.buffer, datagram.byteOffset).getUint32(1);

    // The ID was of nobody when the attacker asked: as it is on another server of the identity.
    const { identity, crypto, clock, network } = game;
    const other = network.createTransport({ host: "10.0.0.9", port: 1474 });
    const elsewhere = new Server({ protocol: PROTOCOL, identity, crypto, clock, transport: other });
    await game.settle(elsewhere.listen());
    const attacker = SocketAddress.parse(NAT, 4242);
    const answers = recordDatagrams(network, attacker);
    network.inject(question(connectionId), attacker, other.localAddress as SocketAddress);
    await game.run(100);
    const reset = answers[0]?.datagram as Uint8Array;
    expect(reset.length).toBe(41);

    const reasons: string[] = [];
    client.on("disconnect", ({ code }) => reasons.push(code));
    network.inject(reset, game.serverAddress, from);
    await game.run(3000);
    for (let i = 0; i < 3000; i++) {
      network.inject(reset, game.serverAddress, from);
      await game.run(1);
    }
    expect(reasons).toEqual([]);
    expect(game.server.peers.size).toBe(1);

    // It was the token all the same: it tells of a server that is gone.
    network.setFilter((_datagram, source) => !source.equals(game.serverAddress));
    await game.run(100);
    network.inject(reset, game.serverAddress, from);
    await game.run(1000);
    expect(reasons).toEqual(["server-restarted"]);
    network.setFilter(undefined);
    await game.settle(elsewhere.close());
    await game.end();
  });
});
