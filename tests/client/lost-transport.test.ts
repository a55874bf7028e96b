import { createClient, openSwarm } from "@sortie/client";
import { type DatagramReceiver, type SocketAddress, TransportError, type TransportErrorCode } from "@sortie/transport";
import type { MemoryTransport } from "@sortie/transport-memory";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";

const TOLD = "the transport is gone: link lost";

interface Losable {
  readonly transport: MemoryTransport;
  /** The transport carries nothing more, and says why: by a TransportError, or by `error`. */
  lose(code?: TransportErrorCode, error?: Error): void;
}

/** @param rebind what the transport has to move by, if anything */
function losable(game: GameNetwork, rebind?: () => Promise<SocketAddress>): Losable {
  const transport = game.network.createTransport();
  let receiver: DatagramReceiver | undefined;
  const open = transport.open.bind(transport);
  transport.open = (given) => open((receiver = given));
  Object.defineProperty(transport, "rebind", { value: rebind });
  return {
    transport,
    lose: (code = "closed", error: Error = new TransportError(code, "link lost")) => {
      const { localAddress } = transport;
      game.network.setFilter((_datagram, from, to) => {
        return localAddress === undefined || !(from.equals(localAddress) || to.equals(localAddress));
      });
      receiver?.onError(error as TransportError);
    },
  };
}

async function playing(): Promise<GameNetwork> {
  const game = new GameNetwork({ link: { latencyMs: 5 } });
  await game.listen();
  return game;
}

describe("a client whose transport says that it is gone", () => {
  it.each([
    ["and has no rebind", undefined],
    ["and whose rebind says so, too", () => Promise.reject(new TransportError("closed", "link lost"))],
  ])("%s hears of it at once", async (_, rebind) => {
    const game = await playing();
    const { transport, lose } = losable(game, rebind);
    const client = await game.connect({ transport });
    const reasons: object[] = [];
    const errors: unknown[] = [];
    client.on("disconnect", (reason) => reasons.push(reason));
    client.on("error", (error) => errors.push((error as Error).message));
    await game.run(100);
    lose();
    await game.run(1);
    expect(reasons).toEqual([{ code: "network", by: "local", text: TOLD }]);
    expect(client.isConnected).toBe(false);
    expect(new Set(errors)).toEqual(new Set(["link lost"]));
    await game.run(12_000);
    await game.end();
  });

  it("is told so too by an error of another copy of the package", async () => {
    const game = await playing();
    const { transport, lose } = losable(game);
    const client = await game.connect({ transport });
    const reasons: object[] = [];
    client.on("disconnect", (reason) => reasons.push(reason));
    client.on("error", () => {});
    lose("closed", Object.assign(new Error("link lost"), { name: "TransportError", code: "closed" }));
    await game.run(1);
    expect(reasons).toEqual([{ code: "network", by: "local", text: TOLD }]);
    await game.run(12_000);
    await game.end();
  });

  it.each([
    ["of another name", "Error", "closed"],
    ["of another code", "TransportError", "system"],
  ])("is not told so by an error %s", async (_, name, code) => {
    const game = await playing();
    const { transport, lose } = losable(game);
    const client = await game.connect({ transport });
    client.on("error", () => {});
    lose("closed", Object.assign(new Error("link lost"), { name, code }));
    await game.run(100);
    expect(client.isConnected).toBe(true);
    await game.run(12_000);
    await game.end();
  });

  it("while it connects, has not connected", async () => {
    const game = await playing();
    const { transport, lose } = losable(game);
    game.network.setFilter(() => false);
    const attempt = game.connect({ transport });
    game.clock.setTimer(game.clock.now() + 200, () => lose());
    const startMs = game.clock.now();
    await expect(attempt).rejects.toMatchObject({ name: "ConnectError", code: "network", message: TOLD });
    expect(game.clock.now() - startMs).toBeLessThan(300);
    await game.end();
  });

  it.each(["unreachable", "address-not-available", "system"] as const)("goes on after one of %s", async (code) => {
    const game = await playing();
    const { transport, lose } = losable(game);
    const client = await game.connect({ transport });
    client.on("error", () => {});
    lose(code);
    await game.run(1000);
    game.network.setFilter(undefined);
    await game.run(4000);
    expect(client.isConnected).toBe(true);
    expect(await game.settle(client.send("back", { delivery: "reliable" }).outcome)).toBe("acked");
    await game.end();
  });

  it("is asked to move again where that fails by something else", async () => {
    const game = await playing();
    let tries = 0;
    const { transport, lose } = losable(game, () => {
      tries += 1;
      return Promise.reject(new TransportError("resources", "no socket left"));
    });
    const client = await game.connect({ transport });
    client.on("error", () => {});
    lose();
    await game.run(1000);
    expect([client.isConnected, tries]).toEqual([true, 1]);
    await game.run(6000);
    expect([client.isConnected, tries]).toEqual([true, 2]);
    await game.run(12_000);
    await game.end();
  });
});

describe("a polled client whose transport says that it is gone", () => {
  it.each([
    ["and has no rebind", undefined],
    ["and whose rebind says so, too", () => Promise.reject(new TransportError("closed", "link lost"))],
  ])("%s is closed with the next update", async (_, rebind) => {
    const game = await playing();
    const { transport, lose } = losable(game, rebind);
    const client = createClient(game.clientOptions({ transport }));
    const frames = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        client.update(game.clock.now());
        await game.run(16);
      }
    };
    await frames(20);
    expect(client.state).toBe("connected");
    lose();
    // Another fault in the same frame does not hide it.
    lose("system");
    await frames(3);
    expect(client.state).toBe("closed");
    expect(client.reason).toEqual({ code: "network", by: "local", text: TOLD });
    await game.settle(client.close());
    await game.run(12_000);
    await game.end();
  });
});

describe("a swarm whose transport says that it is gone", () => {
  it("has no clients left: it does not move", async () => {
    const game = await playing();
    const { transport, lose } = losable(game, () => Promise.reject(new Error("never asked")));
    const reasons: object[] = [];
    const errors: unknown[] = [];
    const swarm = await game.settle(
      openSwarm(game.clientOptions({ transport }), {
        onDisconnect: (_client, reason) => reasons.push(reason),
        onError: (error) => errors.push((error as Error).message),
      }),
    );
    for (let i = 0; i < 3; i++) swarm.add();
    await game.run(500);
    lose();
    await game.run(1);
    expect(reasons).toEqual(Array(3).fill({ code: "network", by: "local", text: TOLD }));
    expect([swarm.size, errors]).toEqual([0, ["link lost"]]);
    await game.settle(swarm.close());
    await game.run(12_000);
    await game.end();
  });

  it("tells a client that is added afterwards at once, too", async () => {
    const game = await playing();
    const { transport, lose } = losable(game);
    const failures: object[] = [];
    const swarm = await game.settle(
      openSwarm(game.clientOptions({ transport }), {
        onFailure: (client, { code, message }) => failures.push({ index: client.index, code, message }),
        onError: () => {},
      }),
    );
    swarm.add();
    await game.run(500);
    lose();
    await game.run(1);
    // Another fault changes nothing of it.
    lose("system");
    const late = swarm.add();
    expect(failures).toEqual([]); // not from inside of add
    await game.run(1);
    expect(failures).toEqual([{ index: 1, code: "network", message: TOLD }]);
    expect([late.state, swarm.size]).toEqual(["closed", 0]);
    await game.settle(swarm.close());
    await game.run(12_000);
    await game.end();
  });
});
