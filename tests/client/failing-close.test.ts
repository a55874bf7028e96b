import { type Client, connect, type ConnectError, createClient, openSwarm, type PolledClient } from "@sortie/client";
import { TransportError } from "@sortie/transport";
import type { MemoryTransport } from "@sortie/transport-memory";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";
import { recordingLogger } from "../support/recording-logger.js";

/** A socket that closes, and says that it failed to. */
function failing(game: GameNetwork): MemoryTransport {
  const transport = game.network.createTransport();
  const close = transport.close.bind(transport);
  transport.close = async () => {
    await close();
    throw new Error("close failed");
  };
  return transport;
}

/** Frames of a game loop, for so long. */
async function play(game: GameNetwork, client: PolledClient, ms: number): Promise<void> {
  for (let elapsed = 0; elapsed < ms; elapsed += 20) {
    client.update(game.clock.now());
    await game.run(20);
  }
}

/** A client that plays over a transport that will fail to close, and what its events tell. */
async function connected(): Promise<{ game: GameNetwork; client: Client; heard: string[] }> {
  const game = new GameNetwork();
  await game.listen();
  const client = await game.settle(connect(game.clientOptions({ transport: failing(game) })), 60_000);
  const heard: string[] = [];
  client.on("error", (error) => heard.push(String(error)));
  client.on("disconnect", ({ code }) => heard.push(code));
  return { game, client, heard };
}

describe("a client whose transport fails to close", () => {
  it.each([
    ["nobody answers", { port: 9, timeoutMs: 200 }, "timeout"],
    ["the protocol is another", { protocol: "other/1" }, "protocol-mismatch"],
  ])("and that does not get in as %s hears of that; the fault is logged, once", async (_what, options, code) => {
    const game = new GameNetwork();
    await game.listen();
    const { logger, lines } = recordingLogger("debug");
    const attempt = connect(game.clientOptions({ ...options, transport: failing(game), logger }));
    const error = await game.settle(
      attempt.then(
        () => undefined,
        (thrown: unknown) => thrown as ConnectError,
      ),
      60_000,
    );
    await game.run(2000);
    expect([error?.name, error?.code]).toEqual(["ConnectError", code]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^WARN while connecting: close failed/);
    await game.end();
  });

  it("and that the server lets go is told by its events, once", async () => {
    const { game, client, heard } = await connected();
    await game.run(100);
    game.server.peers.get(1)?.disconnect("enough");
    await game.run(2000);
    expect(heard).toEqual(["kicked", "Error: close failed"]);
    // Whoever asks is told as well.
    await expect(client.close()).rejects.toThrow("close failed");
    await game.end();
  });

  it("and that is closed tells that to its caller alone", async () => {
    const { game, client, heard } = await connected();
    await expect(game.settle(client.close(), 10_000)).rejects.toThrow("close failed");
    await game.run(100);
    expect(heard).toEqual(["closed"]);
    await game.end();
  });
});

describe("a polled client whose transport fails to close", () => {
  it("and that does not get in has the error, and the fault beside it", async () => {
    const game = new GameNetwork();
    const { logger, lines } = recordingLogger("error");
    const client = createClient(game.clientOptions({ transport: failing(game), port: 9, timeoutMs: 200, logger }));
    await game.run(0);
    await play(game, client, 300);
    expect([client.state, client.error?.code]).toEqual(["closed", "timeout"]);
    expect(client.socketError?.message).toBe("the socket could not be closed: close failed");
    expect([client.socketError?.code, client.socketError?.cause]).toEqual(["system", new Error("close failed")]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/the socket could not be closed: close failed/);
    await game.end();
  });

  it("and that the server lets go has the reason", async () => {
    const game = new GameNetwork();
    await game.listen();
    const client = createClient(game.clientOptions({ transport: failing(game) }));
    await game.run(0);
    await play(game, client, 300);
    game.server.peers.get(1)?.disconnect("enough");
    await play(game, client, 300);
    expect([client.state, client.reason?.code]).toEqual(["closed", "kicked"]);
    expect(client.socketError?.message).toBe("the socket could not be closed: close failed");
    await game.end();
  });

  it("before it was open gives up at the deadline all the same", async () => {
    const game = new GameNetwork();
    const transport = game.network.createTransport();
    const fault = new TransportError("closed", "closed while it was opened");
    Object.defineProperty(transport, "open", { value: () => new Promise(() => {}) });
    Object.defineProperty(transport, "close", { value: () => Promise.reject(fault) });
    const client = createClient(game.clientOptions({ transport, timeoutMs: 200 }));
    await game.run(0);
    await play(game, client, 300);
    expect([client.state, client.error?.code]).toEqual(["closed", "timeout"]);
    expect(client.socketError).toBe(fault);
    await game.end();
  });
});

describe("a swarm whose transport fails to close", () => {
  it("tells that to its caller, and none of its clients is left, far from the server as they are", async () => {
    const game = new GameNetwork({ link: { latencyMs: 1500 } });
    await game.listen();
    const heard: string[] = [];
    const swarm = await game.settle(
      openSwarm(game.clientOptions({ transport: failing(game) }), {
        onConnect: ({ index }) => heard.push(`${index} in`),
        onDisconnect: ({ index }, { code }) => heard.push(`${index} ${code}`),
        onError: (error) => heard.push(String(error)),
      }),
    );
    for (let i = 0; i < 2; i++) swarm.add();
    await game.run(15_000);
    game.network.setFilter(() => false);
    await expect(game.settle(swarm.close(), 10_000)).rejects.toThrow("close failed");
    await game.run(0);
    expect(heard).toEqual(["0 in", "1 in", "0 closed", "1 closed"]);
    expect(swarm.size).toBe(0);
    await game.run(15_000);
    await game.end();
  });
});
