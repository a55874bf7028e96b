import { connect, type ConnectError, openSwarm } from "@sortie/client";
import type { ServerOptions } from "@sortie/server";
import { HandshakeType } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { FrameLoop } from "../support/frame-loop.js";
import { GameNetwork } from "../support/game-network.js";

const FULL = { handshakesPerPrefix: { perSecond: 0.001, burst: 1 } } satisfies Partial<ServerOptions>;
const OVERLOADED =
  "10.0.0.1:1474 answered, but did not go on with the handshake within 900 ms: it may be overloaded, or its limits " +
  "used up (maxHalfOpen, handshakesPerSecond, handshakesPerPrefix)";

const kinds = {
  "with events": async (game: GameNetwork): Promise<unknown> =>
    game.settle(connect(game.clientOptions({ timeoutMs: 900 })).catch((error: unknown) => error)),
  polled: async (game: GameNetwork): Promise<unknown> => {
    const loop = new FrameLoop(game, 16, { timeoutMs: 900 });
    await game.run(1500);
    await loop.end();
    return loop.client.error;
  },
  "of a swarm": async (game: GameNetwork): Promise<unknown> => {
    const errors: ConnectError[] = [];
    const onFailure = (_: unknown, error: ConnectError): void => void errors.push(error);
    const swarm = await game.settle(openSwarm(game.clientOptions({ timeoutMs: 900 }), { onFailure }));
    swarm.add();
    await game.run(1500);
    await game.settle(swarm.close());
    return errors[0];
  },
};

describe.each(Object.entries(kinds))("a client %s", (_, failure) => {
  it("says that the server answered which asked for a cookie, and then nothing more", async () => {
    const game = new GameNetwork({ link: { latencyMs: 20 }, server: FULL });
    await game.listen();
    await game.connect();
    expect(await failure(game)).toMatchObject({ code: "timeout", message: OVERLOADED });
    await game.end();
  });

  it("says that the server's answers could not be accepted, and why", async () => {
    const game = new GameNetwork({ link: { latencyMs: 20 } });
    await game.listen();
    let spoilt = 0;
    game.network.setFilter((datagram, from) => {
      const isHello = from.equals(game.serverAddress) && datagram[0] === HandshakeType.ServerHello;
      if (isHello) datagram[datagram.length - 1]! ^= 1;
      if (isHello) spoilt += 1;
      return true;
    });
    const error = (await failure(game)) as ConnectError;
    expect(spoilt).toBeGreaterThan(1);
    const what = `10.0.0.1:1474 sent ${spoilt} SERVER_HELLOs, the last of them one that this client cannot accept`;
    expect([error.code, error.message]).toEqual([
      "timeout",
      `${what} (its signature does not fit), and no other within 900 ms`,
    ]);
    await game.run(20_000);
    await game.end();
  });
});
