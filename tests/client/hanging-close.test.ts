import { type Client, type ClientOptions, connect, type ConnectError, createClient, openSwarm } from "@sortie/client";
import type { MemoryTransport } from "@sortie/transport-memory";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";
import { recordingLogger } from "../support/recording-logger.js";

const LATE = "the transport did not close within 5000 ms";

/** A transport that closes, and never says so, or only says so when it is told to. */
function hanging(game: GameNetwork): { transport: MemoryTransport; fail(error: Error): void } {
  const transport = game.network.createTransport();
  const close = transport.close.bind(transport);
  let fail = (_: Error): void => undefined;
  transport.close = async () => {
    await close();
    await new Promise((_, reject) => (fail = reject));
  };
  return { transport, fail: (error) => fail(error) };
}

/** How an attempt ended, and ms after which. */
async function outcome(game: GameNetwork, attempt: Promise<Client>): Promise<[string, number]> {
  const code = attempt.then(
    () => "in",
    (error: ConnectError) => error.code,
  );
  return [await game.settle(code, 60_000), game.clock.now()];
}

describe("connect over a transport whose close never settles", () => {
  it.each<[string, Partial<ClientOptions>, string, number]>([
    ["nobody answers", { port: 9, timeoutMs: 500 }, "timeout", 500],
    ["another protocol is served", { protocol: "other/1" }, "protocol-mismatch", 0],
  ])("ends in time where %s", async (_, options, code, atMs) => {
    const game = new GameNetwork();
    await game.listen();
    const { transport } = hanging(game);
    const [ended, endedAtMs] = await outcome(game, connect(game.clientOptions({ ...options, transport })));
    expect(ended).toBe(code);
    expect(endedAtMs).toBeGreaterThanOrEqual(atMs);
    expect(endedAtMs).toBeLessThanOrEqual(atMs + 100);
    await game.run(20_000);
    await game.end();
  });

  it("ends in time where it does not open either", async () => {
    const game = new GameNetwork();
    const { transport } = hanging(game);
    transport.open = () => Promise.reject(new Error("no"));
    expect(await outcome(game, connect(game.clientOptions({ transport })))).toEqual(["network", 100]);
    await game.run(20_000);
    await game.end();
  });

  it("ends as soon as the signal says so, also where the server has let it in by then", async () => {
    for (const afterMs of [0, 15, 35, 55, 60]) {
      const game = new GameNetwork({ link: { latencyMs: 10 } });
      await game.listen();
      const controller = new AbortController();
      const { transport } = hanging(game);
      const options = { transport, signal: controller.signal };
      game.clock.setTimer(game.clock.now() + afterMs, () => controller.abort());
      const [code, atMs] = await outcome(game, connect(game.clientOptions(options)));
      if (code === "aborted") expect(atMs).toBeLessThanOrEqual(afterMs + 100);
      else expect([code, afterMs]).toEqual(["in", 60]);
      await game.run(20_000);
      await game.end();
    }
  });

  it("is told of it in the log, in the end; a rejection that comes later is nobody's", async () => {
    const game = new GameNetwork();
    const { transport, fail } = hanging(game);
    const { logger, lines } = recordingLogger("warn");
    const [code] = await outcome(game, connect(game.clientOptions({ transport, logger, timeoutMs: 500 })));
    expect([code, lines]).toEqual(["timeout", []]);
    await game.run(5000);
    expect(lines).toEqual([expect.stringMatching(`^WARN while connecting: ${LATE}`)]);
    fail(new Error("late"));
    await game.run(5000);
    expect(lines).toHaveLength(1);
    await game.end();
  });
});

describe("close over a transport whose close never settles", () => {
  it("of a client rejects after 5 s; its end was told", async () => {
    const game = new GameNetwork();
    await game.listen();
    const client = await game.settle(connect(game.clientOptions({ transport: hanging(game).transport })));
    const heard: string[] = [];
    client.on("disconnect", ({ code }) => heard.push(code));
    await game.run(100);
    const startMs = game.clock.now();
    await expect(game.settle(client.close(), 60_000)).rejects.toMatchObject({ name: "TransportError", message: LATE });
    expect(game.clock.now() - startMs).toBeLessThan(5100);
    await game.run(0);
    expect(heard).toEqual(["closed"]);
    await game.end();
  });

  it("of a polled client rejects after 5 s, or is told by socketError where nobody waits", async () => {
    const game = new GameNetwork();
    await game.listen();
    const client = createClient(game.clientOptions({ transport: hanging(game).transport }));
    await game.run(0);
    await expect(game.settle(client.close({ drainMs: 0 }), 60_000)).rejects.toThrow(LATE);
    const unheard = createClient(game.clientOptions({ transport: hanging(game).transport, port: 9, timeoutMs: 200 }));
    for (let frame = 0; frame < 60; frame++) {
      unheard.update(game.clock.now());
      await game.run(100);
    }
    expect([unheard.state, unheard.error?.code, unheard.socketError?.message]).toEqual(["closed", "timeout", LATE]);
    await game.end();
  });

  it("of a swarm rejects after 5 s; opening one ends when its signal says so", async () => {
    const game = new GameNetwork();
    await game.listen();
    const swarm = await game.settle(openSwarm(game.clientOptions({ transport: hanging(game).transport }), {}));
    await expect(game.settle(swarm.close(), 60_000)).rejects.toThrow(LATE);
    const controller = new AbortController();
    const { transport } = hanging(game);
    const open = transport.open.bind(transport);
    transport.open = async (receiver) => {
      const address = await open(receiver);
      controller.abort();
      return address;
    };
    const startMs = game.clock.now();
    const opening = openSwarm(game.clientOptions({ transport, signal: controller.signal }), {});
    await expect(game.settle(opening, 60_000)).rejects.toMatchObject({ code: "aborted" });
    expect(game.clock.now() - startMs).toBeLessThanOrEqual(100);
    await game.run(20_000);
    await game.end();
  });

  it("of a server rejects after 5 s", async () => {
    const game = new GameNetwork();
    await game.listen();
    const { serverTransport } = game;
    const close = serverTransport.close.bind(serverTransport);
    serverTransport.close = async () => {
      await close();
      await new Promise(() => {});
    };
    await expect(game.settle(game.server.close(), 60_000)).rejects.toThrow(LATE);
  });
});
