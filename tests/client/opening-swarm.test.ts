import { ConnectError, openSwarm } from "@sortie/client";
import type { DatagramReceiver, DatagramTransport } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";

function failure(attempt: Promise<unknown>): Promise<ConnectError> {
  return attempt.then(
    () => {
      throw new Error("expected a ConnectError, got a swarm");
    },
    (error: unknown) => {
      if (error instanceof ConnectError) return error;
      throw error;
    },
  );
}

/** A socket that never opens, or as `open` says, and counts how often it was closed, which fails. */
function stuck(
  game: GameNetwork,
  open: () => Promise<never> = () => new Promise(() => {}),
): { readonly transport: DatagramTransport; readonly closes: () => number } {
  let closes = 0;
  const transport: DatagramTransport = game.network.createTransport();
  Object.defineProperty(transport, "open", { value: open });
  Object.defineProperty(transport, "close", {
    value: () => {
      closes += 1;
      return Promise.reject(new Error("close failed"));
    },
  });
  return { transport, closes: () => closes };
}

describe("a swarm whose socket does not open", () => {
  it("ends by the timeout, closes the socket, and tells what that said", async () => {
    const game = new GameNetwork();
    const { transport, closes } = stuck(game);
    const errors: string[] = [];
    const listener = { onError: (error: unknown) => void errors.push(String(error)) };
    const attempt = openSwarm(game.clientOptions({ transport, timeoutMs: 700 }), listener);
    const error = await failure(game.settle(attempt, 60_000));
    expect([error.code, game.clock.now()]).toEqual(["timeout", 700]);
    expect(error.message).toBe("the socket for 10.0.0.1:1474 was not open within 700 ms");
    await game.run(0);
    expect(closes()).toBe(1);
    expect(errors).toEqual(["Error: close failed"]);
    await game.end();
  });

  it("ends when its signal says so", async () => {
    const game = new GameNetwork();
    const { transport, closes } = stuck(game);
    const controller = new AbortController();
    const attempt = failure(openSwarm(game.clientOptions({ transport, signal: controller.signal }), {}));
    await game.run(100);
    controller.abort(new Error("left"));
    const error = await game.settle(attempt);
    expect([error.code, (error.cause as Error).message]).toEqual(["aborted", "left"]);
    expect([closes(), game.clock.now()]).toEqual([1, 100]);
    await game.end();
  });

  it("closes what its transport took before it failed to open", async () => {
    const game = new GameNetwork();
    const { transport, closes } = stuck(game, () => Promise.reject(new Error("no route")));
    const error = await failure(game.settle(openSwarm(game.clientOptions({ transport }), {})));
    expect([error.code, error.message]).toEqual(["network", "the socket could not be opened: no route"]);
    expect(closes()).toBe(1);
    await game.end();
  });

  it("leaves the socket of another one alone", async () => {
    const game = new GameNetwork();
    await game.listen();
    const transport = game.network.createTransport();
    const first = await game.settle(openSwarm(game.clientOptions({ transport }), {}));
    const error = await failure(game.settle(openSwarm(game.clientOptions({ transport }), {})));
    expect(error.code).toBe("network");
    first.add();
    await game.run(1000);
    expect([first.localAddress !== undefined, [...first.clients()].map(({ state }) => state)]).toEqual([
      true,
      ["connected"],
    ]);
    await game.settle(first.close());
    await game.end();
  });

  it("has one deadline for the name and the socket", async () => {
    const game = new GameNetwork();
    const { transport } = stuck(game);
    const resolve = (): Promise<string[]> =>
      new Promise((done) => game.clock.setTimer(game.clock.now() + 400, () => done(["10.0.0.1"])));
    Object.defineProperty(transport, "resolve", { value: resolve });
    const attempt = openSwarm(game.clientOptions({ host: "play.example", transport, timeoutMs: 700 }), {});
    expect((await failure(game.settle(attempt, 60_000))).code).toBe("timeout");
    expect(game.clock.now()).toBe(700);
    await game.end();
  });
});

describe("a swarm whose signal says stop while the socket opens", () => {
  it("does not open, and keeps no socket", async () => {
    const game = new GameNetwork();
    const controller = new AbortController();
    const transport: DatagramTransport = game.network.createTransport();
    const open = transport.open.bind(transport);
    transport.open = (receiver: DatagramReceiver) => {
      controller.abort();
      return open(receiver);
    };
    const attempt = openSwarm(game.clientOptions({ transport, signal: controller.signal }), {});
    expect((await failure(game.settle(attempt))).code).toBe("aborted");
    await game.run(0);
    expect(transport.localAddress).toBeUndefined();
    await game.end();
  });
});
