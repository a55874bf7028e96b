import { beforeEach, describe, expect, it, vi } from "vitest";
import { CrowdedQueue } from "../src/congestion/crowded-queue.js";
import { ForeignQueue } from "../src/congestion/foreign-queue.js";
import { LossReview } from "../src/congestion/loss-review.js";
import { QueueSignal } from "../src/congestion/queue-signal.js";
import { RoundMeter } from "../src/congestion/round-meter.js";

const BASE_MS = 40;
const RATE = 60_000;

let queue: QueueSignal;
let foreign: ForeignQueue;
let crowd: CrowdedQueue;
let nowMs: number;

/** A round trip in which packets wait for `queueMs`. */
function round(queueMs: number, isAppLimited = queueMs < 50, rateBytesPerSecond = RATE): void {
  for (let i = 0; i < 10; i++) {
    nowMs += (BASE_MS + queueMs) / 10;
    queue.onSample(BASE_MS + queueMs, nowMs, nowMs - BASE_MS - queueMs);
  }
  queue.onRound(false);
  foreign.onRound({ rateBytesPerSecond, isAppLimited }, nowMs);
}

/** Gives way from `from` to `to` bytes/s, over two rounds that end with a queue of `queueMs`. */
function giveWay(from: number, to: number, queueMs: number): number {
  foreign.onGiveWay(from, nowMs);
  round(queueMs, false, from);
  round(queueMs, false, to);
  return foreign.onGivenWay(to, nowMs);
}

beforeEach(() => {
  queue = new QueueSignal(0);
  crowd = new CrowdedQueue(queue, new RoundMeter(), new LossReview());
  foreign = new ForeignQueue(queue, crowd);
  nowMs = 1000;
  for (let i = 0; i < 10; i++) round(0);
});

describe("a deep queue", () => {
  it("that stays when a flow has given way by half is of others: most of its rate is kept", () => {
    round(200);
    expect(giveWay(RATE, 50_000, 210)).toBe(0);
    expect(foreign.isEnough(50_000)).toBe(false);
    expect(giveWay(50_000, 25_000, 190)).toBe(RATE * 0.9);
    expect(foreign.isEnough(RATE)).toBe(true);
    expect(foreign.isEnough(RATE * 1.01)).toBe(false);
  });

  it("that goes is not: the flow gives way as far as it takes", () => {
    round(200);
    expect(giveWay(RATE, 30_000, 120)).toBe(0);
    expect(giveWay(30_000, 25_000, 80)).toBe(0);
    expect(giveWay(25_000, 20_000, 60)).toBe(0);
    expect(foreign.keptRate).toBe(0);
  });

  it("is not judged before the flow has given way by half, nor within three round trips", () => {
    round(200);
    expect(giveWay(RATE, 30_000, 200)).toBe(0);
    foreign.reset();
    round(0);
    round(200);
    for (let i = 0; i < 4; i++) expect(giveWay(RATE, 40_000, 200)).toBe(0);
  });

  it("is one of 100 ms or more", () => {
    round(95);
    for (let i = 0; i < 6; i++) expect(giveWay(RATE, 10_000, 95)).toBe(0);
  });

  it("leaves bulk data 24 packets a round trip", () => {
    round(260);
    giveWay(1_000_000, 500_000, 260);
    expect(giveWay(500_000, 250_000, 260)).toBe(0);
    expect(giveWay(250_000, 100_000, 260)).toBeCloseTo((24 * 1452 * 1000) / 300, 0);
  });

  it("may be a flow's own where it sent all that the path carried, or is one of many that send hardly anything", () => {
    for (let i = 0; i < 10; i++) round(0, false);
    round(200);
    for (let i = 0; i < 6; i++) expect(giveWay(RATE, 10_000, 200)).toBe(0);
    for (let i = 0; i < 10; i++) round(0);
    round(200);
    for (let i = 0; i < 6; i++) expect(giveWay(8000, 1000, 200)).toBe(0);
  });

  it("leaves no more than arrived of what waited in it, whatever arrived before", () => {
    round(200);
    foreign.onGiveWay(RATE, nowMs);
    round(200, false, 20_000);
    for (let i = 0; i < 3; i++) round(200, false, 10_000);
    expect(foreign.onGivenWay(9000, nowMs)).toBe(18_000);
  });

  it("is to be proved again after a minute", () => {
    round(200);
    giveWay(RATE, 30_000, 200);
    expect(giveWay(30_000, 20_000, 200)).toBe(RATE * 0.9);
    const sinceMs = nowMs;
    while (nowMs < sinceMs + 61_000) round(200);
    expect(foreign.keptRate).toBe(0);
  });

  it("is over when it is short, and measured from the shortest round trip of all times", () => {
    round(200);
    giveWay(RATE, 30_000, 200);
    queue.rebase(BASE_MS + 190, nowMs);
    expect(giveWay(30_000, 20_000, 200)).toBe(RATE * 0.9);
    round(40);
    round(40);
    expect(foreign.keptRate).toBe(0);
  });

  it("leaves less where packets are lost, a tenth at a time", () => {
    round(200);
    giveWay(RATE, 30_000, 200);
    giveWay(30_000, 20_000, 200);
    foreign.onLosses(10_000);
    expect(foreign.keptRate).toBeCloseTo(RATE * 0.81, 5);
    foreign.onLosses(45_000);
    expect(foreign.keptRate).toBe(45_000);
  });

  it("is given way to all the same where many thin flows are known to fill it", () => {
    round(200);
    giveWay(RATE, 30_000, 200);
    vi.spyOn(crowd, "isKnown", "get").mockReturnValue(true);
    expect(giveWay(30_000, 20_000, 200)).toBe(0);
    expect(foreign.isEnough(20_000)).toBe(false);
  });

  it("is forgotten on another path", () => {
    round(200);
    giveWay(RATE, 30_000, 200);
    giveWay(30_000, 20_000, 200);
    foreign.reset();
    expect(foreign.keptRate).toBe(0);
  });
});
