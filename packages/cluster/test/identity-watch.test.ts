import { afterEach, describe, expect, it, vi } from "vitest";
import { NO_FIGURES } from "../src/cluster-statistics.js";
import { ShownIdentity } from "../src/shown-identity.js";
import { type FakeCluster, type FakeWorker, listening, mayShare } from "./support/fake-workers.js";

const [OLD, NEW, NEWEST] = [0, 1, 2].map((fill) => new Uint8Array(65).fill(fill)) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
];

afterEach(() => void vi.useRealTimers());

describe.runIf(mayShare)("keys of workers that run", () => {
  it("may differ while a new one is loaded; a replacement that has the new one is as the others", async () => {
    const fake = await listening({ workers: 2 });
    show(fake, 0, NEW);
    await vi.advanceTimersByTimeAsync(9000);
    show(fake, 1, NEW);
    await vi.advanceTimersByTimeAsync(60_000);
    await replace(fake, 1, NEW);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(fake.log).toEqual(["error worker 1 ended with code 1: it is replaced"]);
  });

  it("are told once where they go on to differ, and again when that comes again", async () => {
    const fake = await listening({ workers: 3 });
    show(fake, 0, NEW);
    await vi.advanceTimersByTimeAsync(9999);
    expect(fake.log).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    const they = "workers have had different identities for 10 s (0 | 1, 2): load one key file in all workers";
    expect(fake.log).toEqual([`error ${they}`]);
    show(fake, 1, NEWEST);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(fake.log).toHaveLength(1);
    for (const worker of [1, 2]) show(fake, worker, NEW);
    show(fake, 2, NEWEST);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(fake.log.slice(1)).toEqual([`error ${they.replace("0 | 1, 2", "0, 1 | 2")}`]);
  });

  it("differ where a replacement loads an old one, and no more when that has gone, or the cluster", async () => {
    const fake = await listening({ workers: 2 });
    for (const worker of [0, 1]) show(fake, worker, NEW);
    await replace(fake, 1, OLD);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(fake.log.at(-1)).toMatch(/^error workers have had different identities for 10 s \(0 \| 1\)/);
    await replace(fake, 1, NEW);
    await replace(fake, 0, OLD);
    await vi.advanceTimersByTimeAsync(9000);
    const lines = fake.log.length;
    void fake.cluster.close({ leaveMs: 60_000 });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(fake.log).toHaveLength(lines);
  });

  it("differ no more when the server of the one that differed is closed, whose process goes on", async () => {
    const fake = await listening({ workers: 2 });
    show(fake, 1, NEW);
    await vi.advanceTimersByTimeAsync(8000);
    fake.workers()[1]?.say({ type: "closed", figures: NO_FIGURES });
    await vi.advanceTimersByTimeAsync(4000);
    expect(fake.log).toEqual([]);
  });

  it("may differ as long again when another new one is loaded", async () => {
    const fake = await listening({ workers: 3 });
    for (const worker of [0, 1]) show(fake, worker, NEW);
    await vi.advanceTimersByTimeAsync(9000);
    show(fake, 2, NEWEST);
    await vi.advanceTimersByTimeAsync(9999);
    expect(fake.log).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(fake.log).toEqual([expect.stringMatching(/\(0, 1 \| 2\)/)]);
  });
});

describe("the key of a worker's identity", () => {
  it("is told with its port, and then whenever it is another one", () => {
    const told: Uint8Array[] = [];
    const identity = new ShownIdentity(OLD, (publicKey) => void told.push(publicKey));
    identity.show(NEW);
    expect(identity.opened()).toBe(NEW);
    // A renewed certificate.
    identity.show(NEW.slice());
    identity.show(NEWEST);
    identity.show(NEW);
    expect(told).toEqual([NEWEST, NEW]);
  });
});

function show(fake: FakeCluster, worker: number, publicKey: Uint8Array): void {
  fake.workers()[worker]?.say({ type: "identity", publicKey });
}

/** Its replacement loads a key. */
async function replace(fake: FakeCluster, worker: number, publicKey: Uint8Array): Promise<void> {
  fake.serves = false;
  fake.workers()[worker]?.end(1);
  await vi.advanceTimersByTimeAsync(200);
  const replacement = fake.workers()[worker] as FakeWorker;
  replacement.open(publicKey);
  replacement.say({ type: "serving" });
}
