import { afterEach, describe, expect, it, vi } from "vitest";
import type { Cluster } from "../src/cluster.js";
import { type ClusterStatistics, NO_FIGURES } from "../src/cluster-statistics.js";
import { type FakeWorker, listening, mayShare } from "./support/fake-workers.js";

afterEach(() => void vi.useRealTimers());

describe.runIf(mayShare)("workers that are renewed", () => {
  it("in turn, more of them than may crash in a minute, are replaced at once and leave crashes their due", async () => {
    const { cluster, exits, closes, workers } = await listening({ workers: 12 });
    for (let worker = 0; worker < 12; worker++) {
      const before = workers()[worker] as FakeWorker;
      before.closeServer();
      await vi.advanceTimersByTimeAsync(1);
      expect(workers()[worker]?.pid).toBeGreaterThan(before.pid);
      expect(exits.at(-1)).toMatchObject({ worker, reason: "closed", isReplaced: true });
    }
    // And the first crash is not the thirteenth end.
    workers()[0]?.end(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(workers()[0]).toBeDefined();
    for (let crash = 1; crash < 10; crash++) {
      workers()[crash]?.end(1);
      await vi.advanceTimersByTimeAsync(5000);
    }
    expect((await statistics(cluster)).restarts).toBe(22);
    expect(closes).toEqual([]);
    workers()[0]?.end(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(closes).toMatchObject([{ code: "too-many-restarts" }]);
  });

  it("are no error, and what they counted until their end stays in the totals", async () => {
    const { cluster, exits, log, workers } = await listening({ workers: 2 });
    workers()[0]?.closeServer({ ...NO_FIGURES, cpuMs: 70, forwarding: { ...NO_FIGURES.forwarding, newcomers: 5 } });
    expect(log).toEqual(["info worker 0 closed its server and ended: it is replaced"]);
    await vi.advanceTimersByTimeAsync(1);
    workers()[1]?.closeServer({ ...NO_FIGURES, cpuMs: 7 });
    await vi.advanceTimersByTimeAsync(1);
    const { total } = await statistics(cluster);
    expect([total.cpuMs, total.forwarding.newcomers]).toEqual([77, 5]);
    // One that crashes is, and one that is not replaced.
    workers()[0]?.end(1);
    expect(log.at(-1)).toBe("error worker 0 ended with code 1: it is replaced");
    expect(exits.map(({ reason }) => reason)).toEqual(["closed", "closed", "crashed"]);
    const last = await listening({ workers: 2, restartsPerMinute: 0 });
    last.workers()[0]?.closeServer();
    expect(last.log[0]).toBe("error worker 0 closed its server and ended: the cluster ends");
  });

  it("by themselves again and again wait for longer each time, and end the cluster", async () => {
    const { exits, closes, startedAtMs, workers } = await listening({ workers: 3 });
    const beginMs = performance.now();
    for (let i = 0; i < 1200 && closes.length === 0; i++) {
      workers()[1]?.closeServer();
      await vi.advanceTimersByTimeAsync(50);
    }
    expect(closes).toMatchObject([{ code: "too-many-restarts" }]);
    expect(String(closes[0])).toContain("worker 1 closed its server and ended, after 10 replacements within a minute");
    // The first one was a renewal.
    expect(exits.map(({ isReplaced }) => isReplaced)).toEqual([...Array.from({ length: 11 }, () => true), false]);
    expect((startedAtMs.at(-1) as number) - beginMs).toBeGreaterThan(20_000);
  });

  it("by themselves again and again end the cluster also where all do, each after seconds of service", async () => {
    const { exits, closes, workers } = await listening({ workers: 4 });
    const beginMs = performance.now();
    const servingSince = new Map<FakeWorker, number>();
    while (closes.length === 0 && performance.now() - beginMs < 60_000) {
      for (const worker of workers()) {
        if (worker === undefined) continue;
        if (!servingSince.has(worker)) servingSince.set(worker, performance.now());
        if (performance.now() - (servingSince.get(worker) as number) >= 4000) worker.closeServer();
      }
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(closes).toMatchObject([{ code: "too-many-restarts" }]);
    expect(exits).toHaveLength(4 + 10 + 1);
    expect(performance.now() - beginMs).toBeLessThan(30_000);
  });

  it("once a minute for each are no loop, however long it goes on", async () => {
    const { exits, closes, workers } = await listening({ workers: 12 });
    for (let renewal = 0; renewal < 36; renewal++) {
      workers()[renewal % 12]?.closeServer();
      await vi.advanceTimersByTimeAsync(5001);
    }
    expect(exits).toHaveLength(36);
    expect(closes).toEqual([]);
  });

  it("are not replaced where nothing is", async () => {
    const { exits, workers } = await listening({ workers: 2, restartsPerMinute: 0 });
    workers()[0]?.closeServer();
    expect(exits).toMatchObject([{ reason: "closed", isReplaced: false }]);
  });

  it("before they served at all count as those that crash", async () => {
    const fake = await listening({ workers: 2, restartsPerMinute: 3 });
    fake.serves = false;
    for (let end = 0; end < 4; end++) {
      for (const worker of [0, 1]) {
        fake.workers()[worker]?.closeServer();
        await vi.advanceTimersByTimeAsync(1000);
      }
    }
    // The first end of each was a renewal.
    expect(fake.exits.map(({ isReplaced }) => isReplaced)).toEqual([true, true, true, true, true, false]);
  });
});

describe.runIf(mayShare)("a replacement", () => {
  it("is told where the others are, and they where it is, before it opens the shared port", async () => {
    const fake = await listening({ workers: 3 });
    const [, stays] = fake.workers() as FakeWorker[];
    expect(stays?.config?.isReplacement).toBe(false);
    fake.serves = false;
    fake.workers()[0]?.end(1);
    await vi.advanceTimersByTimeAsync(1);
    const replacement = fake.workers()[0] as FakeWorker;
    expect(replacement.config?.isReplacement).toBe(true);
    for (const worker of fake.workers()) worker?.sent.splice(0);

    replacement.say({ type: "linked", linkPort: 77 });
    // It takes no newcomers yet.
    const links = { ports: [77, 1001, 1002], accepting: [1, 2] };
    for (const worker of fake.workers()) expect(worker?.sent).toEqual([{ type: "links", links }]);
    expect(fake.cluster.send(0, "too early")).toBe(false);

    replacement.open();
    replacement.say({ type: "serving" });
    expect(stays?.sent.at(-1)).toMatchObject({ links: { accepting: [0, 1, 2] } });
    replacement.end(1);
    expect(stays?.sent.at(-1)).toEqual({ type: "links", links: { ports: [0, 1001, 1002], accepting: [1, 2] } });
  });

  it("that ends before it has opened the shared port is nowhere any more", async () => {
    const fake = await listening({ workers: 2 });
    fake.serves = false;
    fake.workers()[0]?.end(1);
    await vi.advanceTimersByTimeAsync(1);
    fake.workers()[0]?.say({ type: "linked", linkPort: 77 });
    fake.workers()[0]?.closeServer();
    const links = fake.workers()[1]?.sent.filter(({ type }) => type === "links");
    expect(links?.at(-1)).toEqual({ type: "links", links: { ports: [0, 1001], accepting: [1] } });
  });
});

/** Fakes give no figures: those of before, after a second. */
async function statistics(cluster: Cluster): Promise<ClusterStatistics> {
  const asked = cluster.statistics();
  await vi.advanceTimersByTimeAsync(1000);
  return asked;
}
