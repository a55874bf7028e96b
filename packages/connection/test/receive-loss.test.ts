import { describe, expect, it } from "vitest";
import { ReceiveLoss } from "../src/receive-loss.js";

const FULL_BYTES = 1452;
const SMALL_BYTES = 60;

/** A {@link ReceiveLoss}, and what a connection counts beside it. */
class Watched {
  private readonly loss = new ReceiveLoss(0);
  private received = 0;
  private largest = -1;

  get share(): number {
    return this.loss.share;
  }

  onReceived(packetNumber: number, bytes: number): void {
    this.received += 1;
    if (packetNumber < this.largest) this.loss.onStraggler(packetNumber);
    this.largest = Math.max(this.largest, packetNumber);
    if (bytes >= FULL_BYTES) this.loss.onFull();
  }

  onPathChanged(): void {
    this.loss.onPathChanged();
  }

  look(largest: number): void {
    this.loss.look(largest, this.received);
  }
}

/** Past the allowance for MTU probes: numbers 0..9 came, the first of them in a datagram of the largest size. */
function started(): Watched {
  const loss = new Watched();
  for (let number = 0; number < 10; number++) loss.onReceived(number, number === 0 ? FULL_BYTES : SMALL_BYTES);
  loss.look(9);
  loss.look(9);
  return loss;
}

function receive(loss: Watched, from: number, to: number, isMissing: (number: number) => boolean): void {
  for (let number = from; number <= to; number++) if (!isMissing(number)) loss.onReceived(number, SMALL_BYTES);
}

describe("ReceiveLoss", () => {
  it("judges what is missing at the next look, a quarter of it at once", () => {
    const loss = started();
    receive(loss, 10, 109, (number) => number % 5 === 0);
    loss.look(109);
    expect(loss.share).toBe(0);
    loss.look(109);
    // 20 of 100, of which one is excused.
    expect(loss.share).toBeCloseTo(0.25 * 0.19, 10);
  });

  it("takes what comes behind the border, before the next look, for received, and nothing later", () => {
    const loss = started();
    receive(loss, 10, 109, (number) => number >= 100 && number < 109);
    loss.look(109);
    receive(loss, 100, 108, () => false);
    receive(loss, 110, 150, (number) => number >= 120 && number < 150);
    loss.look(150);
    expect(loss.share).toBe(0);
    loss.look(150);
    expect(loss.share).toBeGreaterThan(0.1);
    const told = loss.share;
    receive(loss, 120, 149, () => false);
    loss.look(150);
    expect(loss.share).toBe(told);
  });

  it("expects another search for an MTU where no datagram of the largest size has come for five minutes", () => {
    const shareAfter = (looks: number): number => {
      const loss = started();
      for (let i = 0; i < looks; i++) loss.look(9);
      receive(loss, 10, 109, (number) => number % 8 === 0);
      loss.look(109);
      loss.look(109);
      return loss.share;
    };
    expect(shareAfter(290)).toBeGreaterThan(0.02);
    expect(shareAfter(310)).toBe(0);
  });

  it("excuses one number after every 128, from wherever the looks fall, and two as near no more", () => {
    for (const everyNumbers of [7, 30, 129, 1000]) {
      const loss = started();
      receive(loss, 10, 10, () => false);
      for (let number = 11; number < 20_000; number++) {
        if (number % 129 !== 0) loss.onReceived(number, SMALL_BYTES);
        if (number % everyNumbers === 0) loss.look(number);
        expect(loss.share).toBe(0);
      }
    }
    const loss = started();
    receive(loss, 10, 109, (number) => number === 50 || number === 100);
    loss.look(109);
    loss.look(109);
    expect(loss.share).toBeCloseTo(0.25 * 0.01, 10);
  });

  it("excuses a dozen more while an MTU search may be under way, and after a change of path", () => {
    const loss = new Watched();
    receive(loss, 0, 59, (number) => number % 5 === 4);
    loss.look(59);
    loss.look(59);
    expect(loss.share).toBe(0);
    const later = started();
    later.onPathChanged();
    receive(later, 10, 69, (number) => number % 5 === 4);
    later.look(69);
    later.look(69);
    expect(later.share).toBe(0);
  });

  it("waits for five numbers", () => {
    const loss = started();
    loss.onReceived(13, SMALL_BYTES);
    loss.look(13);
    loss.look(13);
    expect(loss.share).toBe(0);
    loss.onReceived(14, SMALL_BYTES);
    loss.look(14);
    loss.look(14);
    expect(loss.share).toBeCloseTo(0.25 * (2 / 5), 10);
  });

  it("keeps its share through a silence, and is never below 0 nor above 1", () => {
    const loss = started();
    for (let number = 100; number < 1e9; number *= 4) {
      loss.onReceived(number, SMALL_BYTES);
      loss.look(number);
      expect(loss.share).toBeGreaterThanOrEqual(0);
      expect(loss.share).toBeLessThan(1);
    }
    const { share } = loss;
    loss.look(4e8);
    loss.look(4e8);
    expect(share).toBeGreaterThan(0.9);
    expect(loss.share).toBeGreaterThanOrEqual(share);
  });
});
