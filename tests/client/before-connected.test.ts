import { connect, type ConnectError, createClient, openSwarm, type SwarmClient } from "@sortie/client";
import type { Peer, ServerOptions } from "@sortie/server";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";

/** Lets nobody in, and takes half a second to say so. */
function slowToRefuse(game: () => GameNetwork): Partial<ServerOptions> {
  return {
    authenticate: () =>
      new Promise((resolve) => {
        const { clock } = game();
        clock.setTimer(clock.now() + 500, () => resolve({ accept: false, reason: "banned" }));
      }),
  };
}

/**
 * A server that sends to each newcomer at once, over a path on which ACCEPT is lost as often as it goes, the first data
 * arrive, and then nothing does until the client gives up.
 */
async function lostAccept(): Promise<GameNetwork> {
  let isLetIn = false;
  let passed = 0;
  const authenticate = (): { accept: true } => {
    isLetIn = true;
    return { accept: true };
  };
  const game = new GameNetwork({ link: { latencyMs: 20 }, server: { authenticate } });
  game.network.setFilter((datagram, from) => {
    if (!isLetIn || !from.equals(game.serverAddress)) return true;
    // ACCEPT goes alone, in a small one, and again when it is found to be lost.
    return datagram.length >= 200 && ++passed <= 6;
  });
  game.server.on("connect", (peer: Peer<unknown>) => {
    for (let i = 0; i < 3; i++) peer.send(new Uint8Array(1000), { delivery: "ordered" });
    for (let i = 0; i < 3; i++) peer.send(new Uint8Array(900), { delivery: "reliable" });
  });
  await game.listen();
  return game;
}

describe("a client that is not let in yet", () => {
  it("polled takes nothing to send: what the server's application never gets is not acknowledged", async () => {
    const game: GameNetwork = new GameNetwork({ link: { latencyMs: 20 }, server: slowToRefuse(() => game) });
    await game.listen();
    const client = createClient(game.clientOptions());
    const refusals = new Set<string>();
    const outcomes: string[] = [];
    for (let frame = 0; frame < 60 && client.state !== "closed"; frame++) {
      client.update(game.clock.now());
      const { refusal, outcome } = client.send("buy the sword", { delivery: "reliable" });
      if (refusal === undefined) void outcome.then((what) => outcomes.push(what));
      else refusals.add(refusal);
      await game.run(16);
    }
    expect(client.error?.reason).toBe("banned");
    expect([[...refusals], outcomes]).toEqual([["closed"], []]);
    await game.end();
  });

  it("of a swarm takes nothing either, and takes it once it is in", async () => {
    const game = new GameNetwork({
      link: { latencyMs: 20 },
      server: {
        authenticate: () =>
          new Promise((resolve) => game.clock.setTimer(game.clock.now() + 500, () => resolve({ accept: true }))),
      },
    });
    await game.listen();
    const sent: unknown[] = [];
    const send = (client: SwarmClient): unknown => sent.push(client.send("hi", { delivery: "reliable" }).refusal);
    const swarm = await game.settle(openSwarm(game.clientOptions(), { onConnect: send }));
    const client = swarm.add();
    await game.run(300);
    expect([client.state, client.rttMs !== undefined]).toEqual(["connecting", true]);
    send(client);
    await game.run(1000);
    expect(sent).toEqual(["closed", undefined]);
    await game.settle(swarm.close());
    await game.end();
  });
});

describe("a client that gives up as ACCEPT does not come", () => {
  it("polled gives its game no messages of the server's", async () => {
    const game = await lostAccept();
    const client = createClient(game.clientOptions({ timeoutMs: 1500 }));
    let messages = 0;
    for (let frame = 0; frame < 130; frame++) {
      client.update(game.clock.now());
      while (client.receive() !== undefined) messages++;
      await game.run(16);
    }
    expect([client.state, client.error?.code, client.sessionId, messages]).toEqual(["closed", "timeout", "", 0]);
    game.network.setFilter(undefined);
    await game.run(20_000);
    await game.end();
  });

  it("of a swarm is told to have failed, and nothing else", async () => {
    const game = await lostAccept();
    const heard: string[] = [];
    const listener = {
      onConnect: () => void heard.push("in"),
      onFailure: (_: unknown, error: ConnectError) => void heard.push(error.code),
      onMessage: () => void heard.push("message"),
      onDisconnect: () => void heard.push("out"),
    };
    const swarm = await game.settle(openSwarm(game.clientOptions({ timeoutMs: 1500 }), listener));
    swarm.add();
    await game.run(3000);
    expect(heard).toEqual(["timeout"]);
    game.network.setFilter(undefined);
    await game.settle(swarm.close());
    await game.run(20_000);
    await game.end();
  });

  it("with events never comes about", async () => {
    const game = await lostAccept();
    const attempt = connect(game.clientOptions({ timeoutMs: 1500 }));
    await expect(game.settle(attempt, 10_000)).rejects.toMatchObject({ code: "timeout" });
    game.network.setFilter(undefined);
    await game.run(20_000);
    await game.end();
  });
});
