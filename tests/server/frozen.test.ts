import { connect, createClient, openSwarm } from "@sortie/client";
import { Server } from "@sortie/server";
import type { DatagramReceiver, DatagramTransport, SocketAddress } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import { GameNetwork, PROTOCOL } from "../support/game-network.js";
import { HeldClock } from "../support/held-clock.js";

const IDLE_MS = 2000;

/** Has what comes wait, as the socket of a process that stands still does; gives how to let it in. */
function holdable(transport: DatagramTransport): { hold(): void; release(): void } {
  const waiting: [payload: Uint8Array, from: SocketAddress][] = [];
  let isHeld = false;
  let receiver: DatagramReceiver | undefined;
  const open = transport.open.bind(transport);
  transport.open = (inner) => {
    receiver = inner;
    const onDatagram = (payload: Uint8Array, from: SocketAddress): boolean | void => {
      if (!isHeld) return inner.onDatagram(payload, from);
      waiting.push([payload.slice(), from]);
      return true;
    };
    return open({
      onDatagram,
      onBatchEnd: () => inner.onBatchEnd(),
      onError: (error) => inner.onError(error),
      onWritable: () => inner.onWritable(),
    });
  };
  return {
    hold: () => (isHeld = true),
    release: () => {
      isHeld = false;
      for (const [payload, from] of waiting.splice(0)) receiver?.onDatagram(payload, from);
      receiver?.onBatchEnd();
    },
  };
}

describe("a full server that stood still for longer than the idle timeout", () => {
  it.each([undefined, { perSecond: 200, burst: 10 }])(
    "has room for its players again as it goes on (packetsPerPeer %j)",
    async (packetsPerPeer) => {
      const game = new GameNetwork({ link: { latencyMs: 5 } });
      const clock = new HeldClock(game.clock);
      const { crypto, identity } = game;
      const transport = game.network.createTransport({ host: "10.0.0.9", port: 9 });
      const socket = holdable(transport);
      const options = { protocol: PROTOCOL, crypto, identity, clock, transport, maxPeers: 8, idleTimeoutMs: IDLE_MS };
      const server = new Server({ ...options, packetsPerPeer });
      const ended: string[] = [];
      server.on("disconnect", (_peer, { code, by }) => ended.push(`${code} ${by}`));
      await game.settle(server.listen());
      const address = { host: "10.0.0.9", port: 9, idleTimeoutMs: IDLE_MS };
      const lost: string[] = [];
      for (let i = 0; i < 8; i++) {
        const client = await game.connect(address);
        client.on("disconnect", ({ code, by }) => lost.push(`${code} ${by}`));
      }

      // Their packets wait in its socket meanwhile, and so does what they say as they give up.
      socket.hold();
      clock.hold(2500);
      for (let i = 0; i < 25; i++) {
        for (const client of game.clients) client.send("moved", { delivery: "unreliable" });
        await game.run(100);
      }
      expect(lost).toEqual(new Array(8).fill("timeout local"));
      socket.release();
      await game.run(100);
      expect(ended).toEqual(new Array(8).fill("timeout remote"));
      const again = Array.from({ length: 8 }, () => connect(game.clientOptions({ ...address, timeoutMs: 1000 })));
      game.clients.push(...(await game.settle(Promise.all(again), 5000)));
      expect(server.stats.peers).toBe(8);
      await game.settle(server.close());
      await game.end();
    },
  );
});

describe("a side that hears nothing for the idle timeout", () => {
  it.each(["client", "polled", "swarm"])("is over soon where its transport takes nothing either (%s)", async (kind) => {
    const game = new GameNetwork({ link: { latencyMs: 5 } });
    await game.listen();
    const transport = game.network.createTransport();
    let isStuck = false;
    let closes = 0;
    const acquire = transport.acquireBatch.bind(transport);
    transport.acquireBatch = () => (isStuck ? undefined : acquire());
    const close = transport.close.bind(transport);
    transport.close = () => {
      closes += 1;
      return close();
    };
    const options = game.clientOptions({ transport, idleTimeoutMs: IDLE_MS });
    const swarm = kind === "swarm" ? await game.settle(openSwarm(options, {})) : undefined;
    swarm?.add();
    const polled = kind === "polled" ? createClient(options) : undefined;
    if (kind === "client") await game.settle(connect(options));
    const play = async (ms: number): Promise<void> => {
      for (let i = 0; i < ms; i += 20) {
        polled?.update(game.clock.now());
        await game.run(20);
      }
    };
    await play(1000);
    isStuck = true;
    game.network.setFilter(() => false);
    await play(IDLE_MS + 3000);
    expect(swarm === undefined ? closes : swarm.size).toBe(swarm === undefined ? 1 : 0);
    if (swarm !== undefined) await game.settle(swarm.close(), 20_000);
    await game.end();
  });

  it("tells the other one, once, which may hear it all the same", async () => {
    const game = new GameNetwork({ server: { idleTimeoutMs: IDLE_MS }, link: { latencyMs: 5 } });
    const ended: string[] = [];
    game.server.on("disconnect", (_peer, { code, by, text }) => ended.push(`${code} ${by}: ${text}`));
    await game.listen();
    const client = await game.connect();
    const lost: string[] = [];
    client.on("disconnect", ({ code, by }) => lost.push(`${code} ${by}`));
    await game.run(500);
    // Its own packets arrive, and those of the server do not.
    let sent = 0;
    game.network.setFilter((_datagram, from) => {
      if (from.host === "10.0.0.1") return false;
      sent += 1;
      return true;
    });
    while (lost.length === 0 && game.clock.now() < 10_000) {
      sent = 0;
      await game.run(10);
    }
    await game.run(50);
    expect([lost, ended]).toEqual([["timeout local"], [`timeout remote: nothing heard for ${IDLE_MS} ms`]]);
    expect(sent).toBe(1);
    sent = 0;
    await game.run(10_000);
    expect(sent).toBe(0);
    await game.end();
  });
});
