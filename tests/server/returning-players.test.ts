import { type Client, connect, ConnectError } from "@sortie/client";
import { type AccessLogEntry, type Peer, Server } from "@sortie/server";
import { describe, expect, it } from "vitest";
import { GameNetwork, PROTOCOL, text } from "../support/game-network.js";
import { createSeededNodeCrypto } from "../support/hostile-crypto.js";

interface Player {
  readonly name: string;
}

const SEATS = 2;

/** A game whose places are fewer than the server's, as the server's README advises. */
async function openGame(onAccess?: (entry: AccessLogEntry) => void) {
  const network = new GameNetwork({ link: { latencyMs: 20 }, crypto: createSeededNodeCrypto(93) });
  const { crypto, identity, clock } = network;
  const server: Server<Player> = new Server<Player>({
    protocol: PROTOCOL,
    crypto,
    identity,
    clock,
    transport: network.network.createTransport({ host: "10.0.0.2", port: 1474 }),
    maxPeers: 2 * SEATS,
    ...(onAccess === undefined ? {} : { onAccess }),
    authenticate: ({ payload }) => {
      const name = text(payload);
      return others(name).length < SEATS
        ? { accept: true, data: { name } }
        : { accept: false, code: "server-full", reason: "no seat is free" };
    },
  });
  const others = (name: string): Peer<Player>[] =>
    [...server.peers.values()].filter((peer) => peer.isConnected && peer.data.name !== name);
  server.on("connect", (peer) => {
    const { name } = peer.data;
    for (const old of server.peers.values()) {
      if (old !== peer && old.data.name === name) old.disconnect("connected again elsewhere");
    }
    if (others(name).length >= SEATS) peer.disconnect("the game is full");
  });
  await network.settle(server.listen());
  const begin = async (name: string): Promise<Client> => {
    const client = await connect(network.clientOptions({ host: "10.0.0.2", payload: name }));
    network.clients.push(client);
    return client;
  };
  const join = (...names: string[]): Promise<Client[]> => network.settle(Promise.all(names.map(begin)), 20_000);
  const playing = (): string[] => [...server.peers.values()].map(({ data }) => data.name).sort();
  const end = async (): Promise<void> => {
    await network.settle(server.close());
    await network.end();
  };
  return { network, server, join, playing, end };
}

describe("a full game", () => {
  it("lets a player return at once whose connection still seems to be there", async () => {
    const { network, join, playing, end } = await openGame();
    const [crashed] = await join("ann");
    await join("bob");
    const lost = crashed?.localAddress;
    network.network.setFilter((_datagram, from, to) => ![from, to].some((address) => lost?.equals(address) === true));
    const fromMs = network.clock.now();
    await join("ann");
    expect(network.clock.now() - fromMs).toBeLessThan(300);
    await network.run(100);
    expect(playing()).toEqual(["ann", "bob"]);
    await end();
  });

  it("turns others away as a full server does, with its own words", async () => {
    const access: string[] = [];
    const { join, playing, end } = await openGame(({ event, code, text: words }) => {
      if (event === "refuse") access.push(`${code}: ${words}`);
    });
    await join("ann");
    await join("bob");
    const error = await join("carl").then(
      () => undefined,
      (refusal: unknown) => refusal as ConnectError,
    );
    expect(error).toBeInstanceOf(ConnectError);
    expect(error).toMatchObject({ code: "server-full", reason: "no seat is free" });
    expect(access).toEqual(["server-full: no seat is free"]);
    expect(playing()).toEqual(["ann", "bob"]);
    await end();
  });

  it("sends away who was let in beside others for the last seat", async () => {
    const { network, join, playing, end } = await openGame();
    await join("ann");
    const clients = await join("bob", "carl");
    await network.run(100);
    expect(playing()).toHaveLength(SEATS);
    expect(clients.filter(({ isConnected }) => isConnected)).toHaveLength(1);
    await end();
  });
});
