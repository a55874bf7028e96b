import { describe, expect, it } from "vitest";
import { PacketFloor } from "../src/channels/packet-floor.js";
import { SentPackets } from "../src/sent-packets.js";
import { SentState } from "../src/sent-state.js";

describe("PacketFloor", () => {
  it("lets every packet pass until a mark lies two marks behind", () => {
    const floor = new PacketFloor();
    for (let id = 0; id < 8191; id++) floor.onMoved(1, 100);
    floor.onMoved(1, 200);
    for (let id = 0; id < 8191; id++) floor.onMoved(1, 300);
    expect(floor.isAbove(0)).toBe(false);
    floor.onMoved(1, 400);
    expect(floor.isAbove(199)).toBe(true);
    expect(floor.isAbove(200)).toBe(false);
    floor.onMoved(8191, 500);
    expect(floor.isAbove(200)).toBe(false);
    floor.onMoved(1, 600);
    expect(floor.isAbove(399)).toBe(true);
    expect(floor.isAbove(400)).toBe(false);
  });

  it("a leap puts the floor where it came from", () => {
    const floor = new PacketFloor();
    floor.onMoved(31_744, 5000);
    expect(floor.isAbove(4999)).toBe(true);
    expect(floor.isAbove(5000)).toBe(false);
  });
});

describe("a number that is left out", () => {
  it("is remembered as such even where the table grows for it", () => {
    for (let first = 0; first < 256; first++) {
      // The least distance to the next number left out, and then any other.
      let draws = 0;
      const sent = new SentPackets(0, () => (draws++ === 0 ? first : 255));
      const used = new Set<number>();
      for (let i = 0; i < 500; i++) {
        used.add(sent.begin());
        sent.commit(SentState.InFlight, 100, 0, 0, -1);
      }
      const wrong: number[] = [];
      for (let number = 0; number < sent.nextNumber; number++) {
        const expected = used.has(number) ? SentState.InFlight : SentState.Skipped;
        if (sent.stateOf(number) !== expected) wrong.push(number);
      }
      expect(wrong).toEqual([]);
    }
  });
});
