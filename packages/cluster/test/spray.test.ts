import { describe, expect, it } from "vitest";
import { SprayedWorkers } from "./support/sprayed-workers.js";

const CLIENTS = 6;
const MESSAGES = 25;

describe("workers of a port whose datagrams come to any of them", () => {
  it.each([
    [2, 0, 60],
    [2, 0.05, 0],
    [3, 0.05, 60],
    [5, 0, 0],
  ])("%d of them, loss %d, %d ticks/s: all clients get in, nothing reliable is lost", async (count, loss, tickRate) => {
    const world = new SprayedWorkers(count, count, { latencyMs: 20, loss }, { tickRate });
    await world.listen();
    const answers: number[][] = [];
    for (let i = 0; i < CLIENTS; i++) {
      const client = await world.connect();
      const heard: number[] = (answers[i] = []);
      client.on("message", ({ payload }) => void heard.push(payload[0] as number));
      client.on("disconnect", ({ code }) => void heard.push(Number.NaN, code.length));
    }
    for (let number = 0; number < MESSAGES; number++) {
      for (const client of world.clients) client.send(Uint8Array.of(number), { delivery: "ordered" });
      await world.clock.run(50);
    }
    await world.clock.run(3000);
    const numbers = Array.from({ length: MESSAGES }, (_, i) => i);
    for (const heard of answers) expect(heard).toEqual(numbers);

    const peers = world.workers.map(({ server }) => server.stats.peers);
    expect(peers.reduce((sum, one) => sum + one)).toBe(CLIENTS);
    expect(peers.filter((one) => one > 0).length).toBeGreaterThan(1);
    // A hello is answered with a cookie by one worker, and comes back to any.
    expect(world.sum(({ server }) => server.stats.drops["bad-cookie"])).toBe(0);
    expect(world.sum(({ counters }) => counters.ownerless + counters.refused + counters.dropped)).toBe(0);
    // The way between workers loses datagrams here as well: what is lost is counted when the next one comes.
    const forwarded = world.sum(({ counters }) => counters.forwarded);
    const received = world.sum(({ counters }) => counters.received);
    const lost = world.sum(({ counters }) => counters.lost);
    expect(lost > 0).toBe(loss > 0);
    expect(forwarded - received - lost).toBeGreaterThanOrEqual(0);
    expect(forwarded - received - lost).toBeLessThanOrEqual(loss > 0 ? 3 : 0);
    // Of n workers, n - 1 are the wrong ones.
    const own = world.sum(({ server }) => server.stats.transport.datagramsReceived) / count;
    expect(forwarded / own).toBeGreaterThan((0.8 * (count - 1)) / count);
    await world.end();
  });

  it("a worker that has gone: the others tell its clients at once, their own ones notice nothing", async () => {
    const world = new SprayedWorkers(3, 2, { latencyMs: 20 }, { tickRate: 0 });
    await world.listen();
    const ends: (string | undefined)[] = [];
    const endedAtMs: number[] = [];
    for (let i = 0; i < 8; i++) {
      const client = await world.connect();
      client.on("disconnect", ({ code }) => {
        ends[i] = code;
        endedAtMs.push(world.clock.now());
      });
    }
    await world.clock.run(200);
    const [first, second] = world.workers;
    const staying = first?.server.stats.peers ?? 0;
    expect(staying).toBeGreaterThan(0);
    expect(second?.server.stats.peers).toBe(8 - staying);
    // Nothing comes to the second worker any more, and the first one is told.
    world.targets = [0];
    first?.shared.setLinks({ ports: [world.ports[0] as number, 0], accepting: [0] });
    const goneMs = world.clock.now();
    for (const client of world.clients) client.send("anybody there?", { delivery: "reliable" });
    await world.clock.run(1000);
    expect(ends.filter((code) => code === "server-restarted")).toHaveLength(8 - staying);
    expect(Math.max(...endedAtMs) - goneMs).toBeLessThan(400);
    expect(first?.server.stats.peers).toBe(staying);
    expect(first?.counters.ownerless).toBeGreaterThan(0);
    await world.end();
  });

  it("a worker that is full passes newcomers on to one that is not; when all are full they hear it", async () => {
    const world = new SprayedWorkers(5, 2, { latencyMs: 20 }, { tickRate: 0, maxPeers: 6 });
    await world.listen();
    world.targets = [0];
    const [first, second] = world.workers;
    for (let i = 0; i < 6; i++) await world.connect();
    await world.clock.run(100);
    expect([first?.server.stats.peers, second?.server.stats.peers]).toEqual([3, 3]);
    expect([first?.server.isAccepting, second?.server.isAccepting]).toEqual([false, false]);
    expect(first?.counters.newcomers).toBe(3);
    await expect(world.connect()).rejects.toMatchObject({ code: "server-full" });
    await world.end();
  });

  it("a worker that drains passes newcomers on; without others, or when they drain as well, they hear it", async () => {
    const world = new SprayedWorkers(6, 2, { latencyMs: 20 }, { tickRate: 0 });
    await world.listen();
    world.targets = [0];
    const [first, second] = world.workers;
    await world.connect();
    first?.server.startDraining();
    await world.connect();
    await world.clock.run(100);
    expect([first?.server.stats.peers, second?.server.stats.peers]).toEqual([1, 1]);
    first?.shared.setLinks({ ports: world.ports, accepting: [0] });
    await expect(world.connect()).rejects.toThrow("shutting down");
    first?.shared.setLinks({ ports: world.ports, accepting: [0, 1] });
    second?.server.startDraining();
    await expect(world.connect()).rejects.toThrow("shutting down");
    // One got in; the last one asked twice, as a single REJECT may be forged.
    expect(first?.counters.newcomers).toBe(3);
    await world.end();
  });
});
