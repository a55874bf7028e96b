import { Socket } from "node:dgram";
import { ConnectionPair, type Interceptor, PairAddress, TraceRecorder } from "@sortie/testkit";
import { TransportError } from "@sortie/transport";
import { readTruncatedPacketNumber } from "@sortie/wire";
import { afterEach, describe, expect, it, vi } from "vitest";
import { GameNetwork } from "../support/game-network.js";
import { createSeededNodeCrypto } from "../support/hostile-crypto.js";
import { ack, exactPacketOf } from "../support/hostile-frames.js";
import { messagesOf } from "../support/pair-reading.js";
import { echo, UdpGame } from "../support/udp-game.js";

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

const ETHERNET = { latencyMs: 20, mtu: 1452 };
const TUNNEL = { latencyMs: 20, mtu: 1232 };

function connected(link = ETHERNET, interceptor?: Interceptor): { pair: ConnectionPair; trace: TraceRecorder } {
  const trace = new TraceRecorder();
  const pair = new ConnectionPair({ seed: 45, link, crypto: createSeededNodeCrypto(45), serverTrace: trace.sink });
  pair.interceptor = interceptor;
  if (!pair.runUntil(() => pair.client.state === "connected", 2000)) throw new Error("the pair did not connect");
  return { pair, trace };
}

function mtuOf(pair: ConnectionPair, side: "client" | "server" = "server"): number {
  return pair[side].statistics(pair.nowMs).mtuBytes;
}

describe("T46 what a path carries, and what is said of it", () => {
  it("T46 a peer acknowledges a probe that never arrived: large packets for a moment, then what arrives", async () => {
    const { pair, trace } = connected();
    // From here on the client is an attacker that hears everything, and acknowledges what it likes.
    const heard: Uint8Array[] = [];
    pair.interceptor = (datagram, to) => {
      if (to === "client") heard.push(datagram.slice());
      return undefined;
    };
    let hostile = 500;
    let lies = 1;
    const answer = (ms: number): void => {
      for (let elapsed = 0; elapsed < ms; elapsed += 5) {
        pair.run(5);
        for (const datagram of heard.splice(0)) {
          if (datagram.length > 1232 && lies-- <= 0) continue;
          pair.injectForged("client", hostile++, exactPacketOf(ack(readTruncatedPacketNumber(datagram))), 20);
        }
      }
    };
    answer(500);
    expect(mtuOf(pair)).toBe(1452);
    const receipt = pair.server.send(new Uint8Array(50_000), { delivery: "reliable" }, pair.nowMs);
    answer(4000);
    expect(trace.of("mtu").map((event) => event.cause)).toContain("black-hole");
    expect(mtuOf(pair)).toBe(1232);
    expect(pair.server.state).toBe("connected");
    expect(await receipt.outcome).toBe("acked");
  });

  it("T46b a probe that is held back and let go on another path proves nothing there", () => {
    let held: Uint8Array | undefined;
    const { pair } = connected(ETHERNET, (datagram, to) => {
      if (to !== "server" || datagram.length < 1452 || held !== undefined) return datagram;
      held = datagram.slice();
      return undefined;
    });
    expect(held).toBeDefined();
    pair.interceptor = undefined;
    pair.toServer.configure(TUNNEL, pair.nowMs);
    pair.toClient.configure(TUNNEL, pair.nowMs);
    pair.seenAddress = new PairAddress("train");
    pair.client.onLocalMove(pair.nowMs);
    pair.inject(held as Uint8Array, "server", pair.seenAddress, 1);
    for (let step = 0; step < 200; step++) {
      pair.run(10);
      expect(mtuOf(pair, "client")).toBeLessThanOrEqual(1232);
    }
    expect(mtuOf(pair, "client")).toBe(1232);
  });

  it("T46c probes copied, replayed and reflected by an attacker on the path: no size but what passes", () => {
    const { pair } = connected(TUNNEL);
    pair.interceptor = (datagram, to) => {
      if (datagram.length > 1232) {
        pair.inject(datagram, to === "client" ? "server" : "client", new PairAddress("thief"), 1);
        const garbled = datagram.slice();
        garbled[20] = (garbled[20] as number) ^ 1;
        pair.inject(garbled, to, to === "client" ? pair.serverAddress : pair.clientAddress, 2);
      }
      return datagram;
    };
    pair.run(3000);
    expect(mtuOf(pair)).toBe(1232);
    expect(mtuOf(pair, "client")).toBe(1232);
    expect(pair.server.state).toBe("connected");
  });

  it("T46d a thousand errors that say a datagram was too large: the size stays, and so do the peers", async () => {
    const game = new GameNetwork({ seed: 45, link: { latencyMs: 10 }, crypto: createSeededNodeCrypto(45) });
    await game.listen();
    const transport = game.network.createTransport();
    const client = await game.connect({ transport });
    await game.run(1000);
    const [peer] = [...game.server.peers.values()];
    const port = client.localAddress?.port;
    expect([client.stats.mtuBytes, peer?.stats.mtuBytes]).toEqual([1452, 1452]);
    const tooLarge = new TransportError("message-too-large", "send EMSGSIZE", { osCode: "EMSGSIZE" });
    for (let i = 0; i < 1000; i++) {
      transport.raiseError(tooLarge);
      game.serverTransport.raiseError(tooLarge);
      if (i % 100 === 0) await game.run(20);
    }
    await game.run(1000);
    expect([client.stats.mtuBytes, peer?.stats.mtuBytes]).toEqual([1452, 1452]);
    expect(client.localAddress?.port).toBe(port);
    await game.end();
  });

  it("T46e a system that sends nothing above 1200 bytes (EMSGSIZE), over UDP: all arrives", async () => {
    const send = Socket.prototype.send as (...args: unknown[]) => void;
    let refused = 0;
    vi.spyOn(Socket.prototype, "send").mockImplementation(function (this: Socket, ...args: unknown[]) {
      if ((args[0] as Uint8Array).length <= 1200) return send.apply(this, args);
      refused += 1;
      const done = args.at(-1) as (error: Error, bytes: number) => void;
      setImmediate(() => done(Object.assign(new Error("send EMSGSIZE"), { code: "EMSGSIZE" }), 0));
    });
    // The fault is put into node:dgram.
    vi.stubEnv("SORTIE_TRANSPORT", "dgram");
    const game = await UdpGame.listening();
    const client = await game.connect();
    const port = client.localAddress?.port;
    for (let i = 0; i < 20; i++) expect(await echo(client, `${i}`.padEnd(5000))).toHaveLength(5000);
    expect(refused).toBeGreaterThan(0);
    expect(client.stats.mtuBytes).toBe(1200);
    expect(client.localAddress?.port).toBe(port);
    await game.end();
  });

  it("T46f a path that takes probes and swallows data: after two falls the search waits", () => {
    const { pair, trace } = connected();
    pair.run(500);
    expect(mtuOf(pair)).toBe(1452);
    pair.interceptor = (datagram, to) =>
      // Probes have the largest size; messages of 1300 bytes make packets between.
      to === "client" && datagram.length > 1200 && datagram.length < 1400 ? undefined : datagram;
    let sent = 0;
    let received = 0;
    for (let second = 0; second < 50; second++) {
      for (let i = 0; i < 20; i++) {
        pair.server.send(new Uint8Array(1300), { delivery: "reliable" }, pair.nowMs);
        sent += 1;
        pair.run(50);
        received += messagesOf(pair.client).length;
      }
    }
    pair.run(3000);
    expect(received + messagesOf(pair.client).length).toBe(sent);
    expect(trace.of("mtu").filter((event) => event.cause === "black-hole").length).toBeLessThanOrEqual(3);
  });
});
