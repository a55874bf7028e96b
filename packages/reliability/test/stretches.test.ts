import { DeliveryCode, type Frame, FrameKind } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { FixedBudget } from "../src/congestion/fixed-budget.js";
import { RangeSet } from "../src/range-set.js";
import { Pair, payload, seededRandom } from "./support/pair.js";

const MIB = 1024 * 1024;

function isPart(frame: Frame): boolean {
  return frame.kind === FrameKind.Fragment && frame.delivery === DeliveryCode.Reliable;
}

interface Hardship {
  readonly seed: number;
  /** Shares of packets, 0..1. */
  readonly loss: number;
  readonly ackLoss: number;
  /** bytes of more urgent messages, at most: what they leave of a packet is for the large one. */
  readonly otherBytes: number;
  /** ms for which others come, and for which none do. */
  readonly phaseMs: number;
  /** ms from one change of the path's MTU to the next. */
  readonly mtuMs: number;
}

/** One large message goes from a to b with more packets in flight than any congestion controller would allow. */
class Transfer {
  readonly pair: Pair;
  /** What b has of it. */
  readonly held = new RangeSet();
  /** The most separate stretches that this ever was. */
  most = 0;
  /** Packets with bytes that went for the first time. */
  firsts = 0;
  /** Whether the packet sent last had bytes that went before. */
  isResend = false;
  private readonly random: () => number;
  private readonly hardship: Hardship;
  private sentBytes = 0;
  private mtuAtMs = 0;

  constructor(totalBytes: number, hardship: Hardship) {
    const { seed, loss, ackLoss } = hardship;
    const congestion = new FixedBudget({ rateBytesPerSecond: 4e7, burstBytes: 2e6 });
    const pair = new Pair({ latencyMs: 40, loss, jitterMs: 30, reorder: 0.2 }, { seed, a: { congestion } });
    pair.fromB.loss = ackLoss;
    this.pair = pair;
    this.hardship = hardship;
    this.random = seededRandom(seed);
    const { a, b } = pair;
    a.onPacket = (_packetNumber, frames) => this.watch(Array.from({ length: frames.count }, (_, i) => frames.at(i)));
    const { apply } = b;
    b.apply = (frame, ...rest) => {
      if (isPart(frame)) this.held.add(frame.offset, frame.offset + frame.end - frame.start);
      this.most = Math.max(this.most, this.held.count);
      return apply.call(b, frame, ...rest);
    };
    a.endpoint.send(payload(1, totalBytes), { delivery: "reliable" }, pair.nowMs);
  }

  run(ms: number, until: () => boolean): void {
    const { pair, hardship, random } = this;
    const { otherBytes, phaseMs, mtuMs } = hardship;
    for (let at = 0; at < ms && !until(); at += 2) {
      if (pair.nowMs >= this.mtuAtMs) {
        pair.setMaxDatagramBytes(pair.a, 1200 + Math.floor(random() * 253));
        this.mtuAtMs = pair.nowMs + mtuMs;
      }
      const others = otherBytes > 0 && at % (2 * phaseMs) < phaseMs ? 60 : 0;
      for (let i = 0; i < others; i++) {
        const other = payload(i, Math.floor(otherBytes * (1 - random() / 4)));
        pair.a.endpoint.send(other, { delivery: "unreliable", priority: 7 }, pair.nowMs);
      }
      pair.runFor(2);
    }
    expect([pair.a.violation, pair.b.violation]).toEqual([undefined, undefined]);
  }

  private watch(frames: readonly Frame[]): void {
    this.isResend = false;
    for (const frame of frames) {
      if (!isPart(frame)) continue;
      if (frame.offset < this.sentBytes) this.isResend = true;
      else this.firsts += 1;
      this.sentBytes = Math.max(this.sentBytes, frame.offset + frame.end - frame.start);
    }
  }
}

describe("the separate stretches of a message that a sender causes (docs/PROTOCOL.md section 5.5)", () => {
  it.each<Hardship>([
    { seed: 1, loss: 0.3, ackLoss: 0.3, otherBytes: 0, phaseMs: 1, mtuMs: 50 },
    { seed: 2, loss: 0.5, ackLoss: 0.5, otherBytes: 0, phaseMs: 1, mtuMs: 50 },
    { seed: 3, loss: 0.5, ackLoss: 0.9, otherBytes: 900, phaseMs: 100, mtuMs: 20 },
    { seed: 4, loss: 0.7, ackLoss: 0.2, otherBytes: 900, phaseMs: 100, mtuMs: 20 },
  ])("are few, whatever is lost: %o", (hardship) => {
    const transfer = new Transfer(MIB, hardship);
    transfer.run(60_000, () => transfer.held.total === MIB);
    expect(transfer.held.total).toBe(MIB);
    expect(transfer.most).toBeGreaterThan(50);
    expect(transfer.most).toBeLessThan(1024);
  });

  it.each([0, 900])("are about as many as packets in flight where no resend arrives (%i)", (otherBytes) => {
    const hardship: Hardship = { seed: 5, loss: 0, ackLoss: 0, otherBytes, phaseMs: 200, mtuMs: 20 };
    const transfer = new Transfer(8 * MIB, hardship);
    transfer.pair.fromA.drop = () => transfer.isResend || transfer.firsts % 2 === 1;
    transfer.run(4000, () => false);
    expect(transfer.most).toBeGreaterThan(200);
    expect(transfer.most).toBeLessThan(1536);
  });
});
