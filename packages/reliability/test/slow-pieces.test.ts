import { describe, expect, it } from "vitest";
import { FixedBudget } from "../src/congestion/fixed-budget.js";
import type { SendOptions } from "../src/send-options.js";
import type { Outcome } from "../src/send-receipt.js";
import { Pair, payload } from "./support/pair.js";

interface Sent {
  readonly outcome: Outcome;
  readonly pair: Pair;
  /** Packets of the sender. */
  readonly packets: number;
}

/** Sends `bytes` at 20 kB/s and lets a minute pass. */
async function sendSlowly(bytes: number, options: SendOptions): Promise<Sent> {
  const congestion = new FixedBudget({ rateBytesPerSecond: 20_000, burstBytes: 3000 });
  const pair = new Pair({}, { a: { congestion } });
  let packets = 0;
  pair.fromA.drop = () => {
    packets++;
    return false;
  };
  pair.runFor(100);
  const receipt = pair.a.endpoint.send(payload(0, bytes), options, pair.nowMs);
  pair.runFor(60_000);
  return { outcome: await receipt.outcome, pair, packets };
}

describe("messages that take longer in pieces than their receiver holds the first one", () => {
  it.each(["unreliable", "sequenced"] as const)(
    "%s: 4 s, then expired, and no more of it is sent",
    async (delivery) => {
      const { outcome, pair, packets } = await sendSlowly(120_000, { delivery });
      expect(outcome).toBe("expired");
      expect(pair.b.received).toHaveLength(0);
      const { queuedBytes, queuedMessages } = pair.a.endpoint.statistics;
      expect(packets).toBeGreaterThan(60); // of some 1160 bytes of it, in 4 s and the burst at the start
      expect(packets).toBeLessThan(76);
      expect([queuedBytes, queuedMessages]).toEqual([0, 0]);
    },
  );

  it.each(["unreliable", "sequenced"] as const)("%s of 3.5 s arrives", async (delivery) => {
    const { outcome, pair } = await sendSlowly(66_000, { delivery });
    expect(outcome).toBe("acked");
    expect(pair.b.received).toHaveLength(1);
  });

  it("bestEffort: 29 s, whatever its own deadline, and what comes after it arrives", async () => {
    const { outcome, pair, packets } = await sendSlowly(700_000, { delivery: "bestEffort", expiresInMs: 50_000 });
    expect(outcome).toBe("expired");
    expect(pair.b.received).toHaveLength(0);
    expect(packets).toBeLessThan(530);
    const next = pair.a.endpoint.send(payload(1, 5000), { delivery: "bestEffort" }, pair.nowMs);
    pair.runFor(1000);
    expect(await next.outcome).toBe("acked");
    expect(pair.b.received).toHaveLength(1);
  });

  it("a deadline of its own that is sooner holds", async () => {
    const { outcome, packets } = await sendSlowly(120_000, { expiresInMs: 1000 });
    expect(outcome).toBe("expired");
    expect(packets).toBeLessThan(25);
  });

  it.each(["reliable", "ordered"] as const)("%s takes the time it takes", async (delivery) => {
    const { outcome, pair } = await sendSlowly(700_000, { delivery });
    expect(outcome).toBe("acked");
    expect(pair.b.received).toHaveLength(1);
  });
});
