import type { SendOptions } from "@sortie/reliability";
import { afterEach, describe, expect, it, vi } from "vitest";
import { listening, mayShare } from "./support/fake-workers.js";

afterEach(() => void vi.useRealTimers());

describe.runIf(mayShare)("a broadcast to workers", () => {
  it("has the options of a message alone, and is not sent with bad ones", async () => {
    const { cluster, workers } = await listening({ workers: 2 });
    const told = (): unknown[] =>
      workers().flatMap((worker) => worker?.sent.filter(({ type }) => type === "broadcast") ?? []);
    const bad = { delivery: "reliable", onSent: () => undefined };
    await expect(cluster.broadcast("x", bad as never)).rejects.toThrow(/"options" expected only .*, got "onSent"/);
    const toNobody = { to: undefined } as never;
    await expect(cluster.broadcast("x", toNobody)).rejects.toThrow(/"options" expected no "to"/);
    expect(told()).toEqual([]);

    // Structured clone passes over what is inherited, and fails at what it cannot copy.
    const options = Object.create({ delivery: "reliable" }, { channel: { value: 3, enumerable: true } }) as SendOptions;
    void cluster.broadcast("x", Object.assign(options, { extra: undefined }));
    expect(told()).toMatchObject([{ options: { delivery: "reliable", channel: 3 } }, { options: { channel: 3 } }]);
    await vi.advanceTimersByTimeAsync(1000);
  });
});
