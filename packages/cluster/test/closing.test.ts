import { afterEach, describe, expect, it, vi } from "vitest";
import { type FakeCluster, listening, mayShare } from "./support/fake-workers.js";

afterEach(() => void vi.useRealTimers());

describe.runIf(mayShare)("a cluster says of itself", () => {
  const says = ({ cluster: { isDraining, isClosing } }: FakeCluster): object => ({ isDraining, isClosing });

  it("that it drains, and that it closes, from the call on, and afterwards", async () => {
    const fake = await listening({ workers: 2 });
    expect(says(fake)).toEqual({ isDraining: false, isClosing: false });
    fake.cluster.startDraining();
    expect(says(fake)).toEqual({ isDraining: true, isClosing: false });
    const closed = fake.cluster.close({ leaveMs: 60_000 });
    expect(says(fake)).toEqual({ isDraining: true, isClosing: true });
    await vi.advanceTimersByTimeAsync(0);
    await closed;
    expect(says(fake)).toEqual({ isDraining: true, isClosing: true });
  });

  it("the same when it gives up", async () => {
    const fake = await listening({ workers: 2, restartsPerMinute: 0 });
    fake.workers()[0]?.end(1);
    expect(says(fake)).toEqual({ isDraining: true, isClosing: true });
    await vi.advanceTimersByTimeAsync(0);
    expect(fake.closes).toHaveLength(1);
  });
});
