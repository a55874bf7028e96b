import { describe, expect, it } from "vitest";
import { callContained } from "../src/call-contained.js";

const fault = new Error("fault");

/** What a library's own promises look like. */
const thenable = {
  then: (_: unknown, onRejected?: (error: unknown) => void) => onRejected?.(fault),
};

describe("callContained", () => {
  it.each<[string, () => unknown]>([
    [
      "throws",
      () => {
        throw fault;
      },
    ],
    ["rejects", () => Promise.reject(fault)],
    ["rejects by a promise of its own", () => thenable],
  ])("tells what a callback that %s fails with", async (_name, work) => {
    const told: unknown[] = [];
    callContained(work, (error) => told.push(error));
    await new Promise((resolve) => setImmediate(resolve));
    expect(told).toEqual([fault]);
  });

  it("tells nothing of one that does not fail", async () => {
    const told: unknown[] = [];
    const answers: unknown[] = [5, null, Promise.resolve(5)];
    for (const answer of answers) {
      expect(
        callContained(
          () => answer,
          (error) => told.push(error),
        ),
      ).toBe(answer);
    }
    await new Promise((resolve) => setImmediate(resolve));
    expect(told).toEqual([]);
  });
});
