import { describe, expect, it } from "vitest";
import { BestEffortReceive } from "../src/channels/best-effort.js";
import { PacketFloor } from "../src/channels/packet-floor.js";
import { MAX_ID_LEAP } from "../src/id-window.js";
import { SentPackets } from "../src/sent-packets.js";
import { SentState } from "../src/sent-state.js";
import { seededRandom } from "./support/pair.js";

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

  it("a leap puts the floor where the window was before, until all that was sent before it is behind", () => {
    const floor = new PacketFloor();
    floor.onMoved(1, 100);
    floor.onMoved(0, 150);
    floor.onMoved(9000, 5000);
    expect(floor.isAbove(99)).toBe(true);
    expect(floor.isAbove(100)).toBe(false);
    floor.onMoved(2046, 5001);
    expect(floor.isAbove(100)).toBe(false);
    floor.onMoved(1, 5002);
    expect(floor.isAbove(4999)).toBe(true);
    expect(floor.isAbove(5000)).toBe(false);
  });

  it("after the longest leap, of which the sender had nothing behind it, sooner", () => {
    const floor = new PacketFloor();
    floor.onMoved(1, 100);
    floor.onMoved(31_744, 5000);
    floor.onMoved(1023, 5001);
    expect(floor.isAbove(100)).toBe(false);
    floor.onMoved(1, 5002);
    expect(floor.isAbove(4999)).toBe(true);
    expect(floor.isAbove(5000)).toBe(false);
  });

  it("of two leaps in a row each counts from the one before", () => {
    const floor = new PacketFloor();
    floor.onMoved(10_000, 100);
    expect(floor.isSet).toBe(false);
    floor.onMoved(31_000, 200);
    expect(floor.isAbove(99)).toBe(true);
    expect(floor.isAbove(100)).toBe(false);
  });
});

/**
 * A sender that keeps to the rules, with outages, and a network that drops, swaps and holds back packets. What the
 * receiver says of each message must be what somebody with IDs of any length would say.
 */
function disagreements(seed: number): string[] {
  const random = seededRandom(seed);
  const below = (end: number): number => Math.floor(random() * end);
  const receive = new BestEffortReceive(0);
  const delivered = new Set<number>();
  const wrong: string[] = [];
  let [newest, confirmed, nextPacket, received, largest] = [-1, -1, 0, -1, -1];
  let underway: { number: number; ids: number[] }[] = [];
  const deliver = ({ number, ids }: { number: number; ids: number[] }): void => {
    if (number <= largest - 1024) return;
    largest = Math.max(largest, number);
    for (const id of ids) {
      const isNew = id > received - 1024 && !delivered.has(id);
      const verdict = receive.check(id & 0xffff, number);
      if ((verdict === "new") !== isNew) wrong.push(`${id} of packet ${number} behind ${received}: ${verdict}`);
      if (!isNew) continue;
      if (verdict === "new") receive.accept(id & 0xffff, number);
      delivered.add(id);
      received = Math.max(received, id);
    }
  };
  for (let step = 0; step < 2000; step++) {
    const room = confirmed + MAX_ID_LEAP - newest;
    if (random() < 0.05) {
      // Messages that expired, in packets of which nothing has arrived.
      const vain = random() < 0.5 ? below(room + 1) : Math.max(0, room - below(1200));
      newest += vain;
      nextPacket += Math.ceil(vain / 238);
    }
    for (let packets = 1 + below(4); packets > 0; packets--) {
      const fresh = Math.min(below(random() < 0.5 ? 3 : 238), confirmed + MAX_ID_LEAP - newest);
      const ids = Array.from({ length: fresh }, (_, i) => newest + 1 + i);
      newest += fresh;
      for (let again = below(4); again > 0; again--) ids.push(Math.max(0, newest - below(1024)));
      if (newest >= 0) underway.push({ number: nextPacket++, ids });
    }
    const late: typeof underway = [];
    while (underway.length > 0) {
      const [packet] = underway.splice(random() < 0.7 ? 0 : below(underway.length), 1) as [(typeof underway)[0]];
      const fate = random();
      if (fate < 0.6) deliver(packet);
      else if (fate < 0.8) late.push(packet);
    }
    underway = late;
    if (random() < 0.2) confirmed = received;
  }
  if (delivered.size < 10_000) wrong.push(`only ${delivered.size} were delivered`);
  return wrong;
}

describe("bestEffort IDs of 16 bits", () => {
  it("T42 are told apart as if they never came again, after whatever outage and in whatever order", () => {
    for (let seed = 1; seed <= 12; seed++) expect(disagreements(seed).slice(0, 3), `seed ${seed}`).toEqual([]);
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
