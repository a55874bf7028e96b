import { byRoute, type ReceivedCount, type ReceivedCounts, type Route, type SentCounts } from "@sortie-apps/arena";
import { describe, expect, it } from "vitest";
import { auditDeliveries } from "../src/audit.js";
import type { OutcomeCounts } from "../src/mailbox.js";

const SENT = 100;

function ends(changes: Partial<Record<Route, Partial<ReceivedCount>>> = {}): {
  sent: SentCounts;
  received: ReceivedCounts;
} {
  const all = { distinct: SENT, duplicates: 0, late: 0, missing: 0 };
  return { sent: byRoute(() => SENT), received: byRoute((route) => ({ ...all, ...changes[route] })) };
}

function outcomes(changes: Partial<Record<Route, Partial<OutcomeCounts>>> = {}): Record<Route, OutcomeCounts> {
  return byRoute((route) => ({ acked: SENT, expired: 0, dropped: 0, closed: 0, ...changes[route] }));
}

describe("auditDeliveries", () => {
  it("finds nothing where both ends agree", () => {
    const { tallies, faults } = auditDeliveries(ends(), ends(), outcomes());
    expect(faults).toEqual([]);
    expect(tallies).toHaveLength(10);
    expect(tallies[3]).toEqual({
      route: "events",
      direction: "up",
      sent: SENT,
      distinct: SENT,
      duplicates: 0,
      late: 0,
      missing: 0,
    });
  });

  it("allows each mode what it may do", () => {
    const lossy = { distinct: 60, missing: 40 };
    const disordered = { ...lossy, late: 3 };
    const allowed = ends({ effects: disordered, states: lossy, shots: disordered, notices: { late: 9 } });
    const receipts = outcomes({ effects: { dropped: 40 }, shots: { expired: 40 }, events: { closed: 1 } });
    expect(auditDeliveries(allowed, allowed, receipts).faults).toEqual([]);
  });

  it.each(["effects", "states", "shots", "events", "notices"] as const)("allows no duplicates on %s", (route) => {
    const doubled = ends({ [route]: { duplicates: 2 } });
    expect(auditDeliveries(doubled, doubled, outcomes()).faults).toEqual([
      `${route} up: 2 duplicated`,
      `${route} down: 2 duplicated`,
    ]);
  });

  it.each(["events", "notices"] as const)("allows no loss on %s", (route) => {
    const lost = ends({ [route]: { distinct: 99, missing: 1 } });
    expect(auditDeliveries(lost, ends(), outcomes()).faults).toEqual([`${route} up: 1 lost`]);
    expect(auditDeliveries(ends(), lost, outcomes()).faults).toEqual([`${route} down: 1 lost`]);
    const unclear = ends({ [route]: { distinct: 98 } });
    expect(auditDeliveries(unclear, ends(), outcomes()).faults).toEqual([`${route} up: 2 unaccounted for`]);
  });

  it.each(["states", "events"] as const)("allows no disorder on %s", (route) => {
    expect(auditDeliveries(ends(), ends({ [route]: { late: 4 } }), outcomes()).faults).toEqual([
      `${route} down: 4 out of order`,
    ]);
  });

  it("finds messages that nobody sent", () => {
    expect(auditDeliveries(ends({ shots: { distinct: 103 } }), ends(), outcomes()).faults).toEqual([
      "shots up: 3 never sent",
    ]);
  });

  it("finds reliable messages that their receipts have given up", () => {
    const receipts = outcomes({ notices: { dropped: 2 }, events: { expired: 1, dropped: 1 } });
    expect(auditDeliveries(ends(), ends(), receipts).faults).toEqual([
      "events up: 2 given up by their receipts",
      "notices up: 2 given up by their receipts",
    ]);
  });
});
