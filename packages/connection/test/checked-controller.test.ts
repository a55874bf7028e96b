import { type AckSample, type CongestionController, FixedBudget } from "@sortie/reliability";
import { describe, expect, it } from "vitest";
import { expectAllTaken, failing } from "../../../tests/support/forgotten-await.js";
import { checkedController } from "../src/checked-controller.js";

expectAllTaken();

/** A controller of the application's, some of whose parts were replaced; and the calls that it heard. */
function heardBy(parts: Partial<Record<keyof CongestionController, unknown>> = {}) {
  const calls: unknown[][] = [];
  const hear =
    (name: string, answer?: unknown) =>
    (...args: unknown[]): unknown => (calls.push([name, ...args]), answer);
  const inner = {
    windowBytes: 5000,
    paceBytesPerSecond: Infinity,
    bandwidthBytesPerSecond: 0,
    canSend: hear("canSend", true),
    nextSendAt: hear("nextSendAt", 7),
    onAck: hear("onAck"),
    onPacketSent: hear("onPacketSent"),
    onPacketAcked: hear("onPacketAcked"),
    onPacketsLost: hear("onPacketsLost"),
    onSpuriousLoss: hear("onSpuriousLoss"),
    onPathChanged: hear("onPathChanged"),
    ...parts,
  };
  return { calls, inner, controller: checkedController(inner as CongestionController) };
}

const SAMPLE = {} as AckSample;

describe("a congestion controller of the application's", () => {
  it("hears everything as it is, and its answers count", () => {
    const { calls, inner, controller } = heardBy({ onFlushInterval: (...args: unknown[]) => calls.push(args) });
    expect(controller.canSend(1, 2, 3, true)).toBe(true);
    expect(controller.nextSendAt(1, 2, false)).toBe(7);
    controller.onAck(SAMPLE);
    controller.onPacketSent(1, 2, 3);
    controller.onPacketAcked(1, 2, 3, true);
    controller.onPacketsLost(1, 2, 3, false);
    controller.onSpuriousLoss(1, 2, 3);
    controller.onPathChanged(1);
    controller.onFlushInterval?.(25, 1);
    expect(calls).toEqual([
      ["canSend", 1, 2, 3, true],
      ["nextSendAt", 1, 2, false],
      ["onAck", SAMPLE],
      ["onPacketSent", 1, 2, 3],
      ["onPacketAcked", 1, 2, 3, true],
      ["onPacketsLost", 1, 2, 3, false],
      ["onSpuriousLoss", 1, 2, 3],
      ["onPathChanged", 1],
      [25, 1],
    ]);
    inner.windowBytes = 6000;
    expect(controller).toMatchObject({ windowBytes: 6000, paceBytesPerSecond: Infinity, bandwidthBytesPerSecond: 0 });
  });

  it("keeps its own this, private fields included", () => {
    const controller = checkedController(new FixedBudget());
    controller.onPacketSent(1200, 0, 1200);
    expect(controller.canSend(1200, 1200, 1000, false)).toBe(true);
  });

  it("may do without onFlushInterval", () => {
    expect(() => heardBy().controller.onFlushInterval?.(25, 1)).not.toThrow();
  });

  it.each([
    [undefined, "undefined"],
    [1, "1"],
    ["yes", '"yes"'],
    [Promise.resolve(true), "a promise"],
  ])("that answers canSend with %s is told so", (answer, got) => {
    const { controller } = heardBy({ canSend: () => answer });
    const message = `"canSend" of the congestion controller expected to give true or false, got ${got}`;
    expect(() => controller.canSend(1, 2, 3, false)).toThrow(new TypeError(message));
  });

  it.each([undefined, NaN, null, "5"])("that answers nextSendAt with %s is told so", (answer) => {
    const { controller } = heardBy({ nextSendAt: () => answer });
    const message = /^"nextSendAt" of the congestion controller expected to give a time in ms, got /;
    expect(() => controller.nextSendAt(1, 2, false)).toThrow(message);
  });

  it.each(["windowBytes", "paceBytesPerSecond", "bandwidthBytesPerSecond"] as const)(
    "whose %s is no amount after an ACK is told so",
    (name) => {
      for (const value of [undefined, NaN, -1]) {
        const { inner, controller } = heardBy();
        inner[name] = value as number;
        const message = `"${name}" of the congestion controller expected to be a number from 0 on, got ${value}`;
        expect(() => controller.onAck(SAMPLE)).toThrow(new TypeError(message));
      }
    },
  );

  const calls: readonly (readonly [keyof CongestionController, (controller: CongestionController) => void])[] = [
    ["onAck", (controller) => controller.onAck(SAMPLE)],
    ["onPacketSent", (controller) => controller.onPacketSent(1, 2, 3)],
    ["onPacketAcked", (controller) => controller.onPacketAcked(1, 2, 3, true)],
    ["onPacketsLost", (controller) => controller.onPacketsLost(1, 2, 3, false)],
    ["onSpuriousLoss", (controller) => controller.onSpuriousLoss(1, 2, 3)],
    ["onPathChanged", (controller) => controller.onPathChanged(1)],
    ["onFlushInterval", (controller) => controller.onFlushInterval?.(25, 1)],
  ];

  it.each(calls)("whose %s is async is told so, and what it rejects with ends no process", (name, call) => {
    const message = `"${name}" of the congestion controller expected to be synchronous, got a promise`;
    expect(() => call(heardBy({ [name]: () => failing() }).controller)).toThrow(new TypeError(message));
    expect(() => call(heardBy({ [name]: () => 5 }).controller)).not.toThrow();
  });

  it("whose answers, amounts or whole self reject later ends no process either", () => {
    expect(() => heardBy({ canSend: () => failing() }).controller.canSend(1, 2, 3, false)).toThrow("got a promise");
    expect(() => heardBy({ nextSendAt: () => failing() }).controller.nextSendAt(1, 2, false)).toThrow("got a promise");
    expect(() => heardBy({ windowBytes: failing() })).toThrow("an object without windowBytes");
    expect(() => checkedController(failing())).toThrow("got a promise");
  });
});
