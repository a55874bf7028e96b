import { Connection } from "@sortie/connection";
import { afterEach, describe, expect, it, vi } from "vitest";
import { GameNetwork } from "../support/game-network.js";
import { KeepingTransport } from "../support/keeping-transport.js";

const original = Connection.prototype.receive;
const told = (waitedMs: number): number => waitedMs;

/** Round trips (ms) that both sides measure on a path of 80 ms, with a server of 30 ticks/s and a client of 50 Hz. */
async function roundTrips(keeping?: KeepingTransport): Promise<{ server: number; client: number }> {
  const server = { tickRate: 30, ...(keeping === undefined ? {} : { transport: keeping }) };
  const game = new GameNetwork({ server, link: { latencyMs: 40 } });
  if (keeping !== undefined) {
    keeping.inner = game.serverTransport;
    keeping.now = () => game.clock.now();
  }
  await game.listen();
  const client = await game.connect();
  const [peer] = [...game.server.peers.values()];
  for (let i = 0; i < 500; i++) {
    client.send("input", { delivery: "reliable" });
    peer?.send("state", { delivery: "reliable" });
    await game.run(20);
  }
  const figures = { server: peer?.stats.rttMs ?? Number.NaN, client: client.stats.rttMs };
  await game.end();
  return figures;
}

afterEach(() => void vi.restoreAllMocks());

describe("a transport that keeps datagrams until the tick", () => {
  it("is allowed a tick and a half, and asked at each tick", async () => {
    const keeping = new KeepingTransport(told);
    await roundTrips(keeping);
    expect(keeping.holdMs).toBeCloseTo(50, 9);
  });

  it("changes no round trip as long as it says how long they waited", async () => {
    const [prompt, kept] = [await roundTrips(), await roundTrips(new KeepingTransport(told))];
    expect(Math.abs(kept.server - prompt.server)).toBeLessThan(1);
    expect(Math.abs(kept.client - prompt.client)).toBeLessThan(1);
    const untold = await roundTrips(new KeepingTransport(() => undefined));
    expect(untold.server).toBeGreaterThan(prompt.server + 5);
    expect(untold.client).toBeGreaterThan(prompt.client + 5);
  });

  it("never lets time run back, whatever it says", async () => {
    const times: number[] = [];
    const receive = vi.spyOn(Connection.prototype, "receive");
    receive.mockImplementation(function (this: Connection, datagram, from, nowMs) {
      if (this.role === "server") times.push(nowMs);
      return original.call(this, datagram, from, nowMs);
    });
    let said = 0;
    const { server } = await roundTrips(new KeepingTransport(() => (said++ * 7) % 40));
    expect(times.length).toBeGreaterThan(300);
    for (const [i, atMs] of times.entries()) expect(atMs).toBeGreaterThanOrEqual(times[i - 1] ?? 0);
    expect(server).toBeGreaterThan(40);
  });
});
