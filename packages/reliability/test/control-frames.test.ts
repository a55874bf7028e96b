import { type ByteWriter, encodePathChallenge, FrameKind } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import type { ControlFrames } from "../src/endpoint-options.js";
import { createEndpoint, Pair, payload } from "./support/pair.js";

class TestControls implements ControlFrames {
  readonly written: number[] = [];
  readonly acked: number[] = [];
  readonly once = new Set<number>();
  bytes = 9;

  bytesOf(_bit: number): number {
    return this.bytes;
  }

  write(bit: number, writer: ByteWriter): void {
    encodePathChallenge(writer, new Uint8Array(8).fill(bit));
    this.written.push(bit);
  }

  onAcked(bit: number): void {
    this.acked.push(bit);
  }

  resends(bit: number): boolean {
    return !this.once.has(bit) && !this.acked.includes(bit);
  }
}

describe("control frames", () => {
  it("go first, are acknowledged by bit, and once only", () => {
    const control = new TestControls();
    const pair = new Pair({}, { a: { control } });
    const kinds: number[][] = [];
    pair.a.onPacket = (_number, frames) =>
      kinds.push(Array.from({ length: frames.count }, (_, i) => frames.at(i).kind));
    pair.a.endpoint.send(payload(0, 10), undefined, pair.nowMs);
    pair.a.endpoint.requestControl(14);
    pair.a.endpoint.requestControl(0);
    pair.a.endpoint.requestControl(3);
    pair.runFor(200);
    expect(control.written).toEqual([0, 3, 14]);
    expect(control.acked).toEqual([0, 3, 14]);
    expect(kinds).toEqual([
      [FrameKind.PathChallenge, FrameKind.PathChallenge, FrameKind.PathChallenge, FrameKind.Message],
    ]);
  });

  it("go again after a loss or a probe timeout when they must, and not otherwise", () => {
    const control = new TestControls();
    control.once.add(1);
    const pair = new Pair({}, { a: { control } });
    pair.fromA.drop = (packetNumber) => packetNumber === 0;
    pair.a.endpoint.requestControl(1);
    pair.a.endpoint.requestControl(2);
    pair.runFor(1000);
    expect(control.written.filter((bit) => bit === 1)).toHaveLength(1);
    expect(control.written.filter((bit) => bit === 2).length).toBeGreaterThan(1);
    expect(new Set(control.acked)).toEqual(new Set([2]));
    expect(pair.a.endpoint.statistics.packetsInFlight).toBe(0);
  });

  it("a frame that is needed no more is passed over", () => {
    const control = new TestControls();
    control.bytes = 0;
    const pair = new Pair({}, { a: { control } });
    pair.a.endpoint.requestControl(4);
    pair.a.endpoint.requestPing();
    pair.flush();
    expect(control.written).toEqual([]);
    expect(pair.a.packets).toBe(1);
    expect(pair.a.endpoint.wantsToSend(pair.nowMs)).toBe(false);
  });

  it("refuses bits that are none", () => {
    const endpoint = createEndpoint();
    for (const bit of [-1, 15, 1.5, NaN]) expect(() => endpoint.requestControl(bit)).toThrow(/"bit" expected/);
  });
});
