import { DeliveryCode } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { BestEffortSend } from "../src/channels/best-effort.js";
import { UsedUpIds } from "../src/channels/used-up-ids.js";
import { MAX_ID_LEAP } from "../src/id-window.js";
import { OutgoingMessage } from "../src/outgoing-message.js";
import { Reassembler } from "../src/reassembler.js";
import type { ReliableEndpoint } from "../src/reliable-endpoint.js";
import { Crafted } from "./support/craft.js";
import { PacketPeer, part, whole } from "./support/packet-peer.js";
import { createEndpoint } from "./support/pair.js";

const { BestEffort } = DeliveryCode;
const EMPTY = new Uint8Array(0);

function drain(endpoint: ReliableEndpoint): Uint8Array[] {
  const payloads: Uint8Array[] = [];
  for (let m = endpoint.pollMessage(); m !== undefined; m = endpoint.pollMessage()) payloads.push(m.payload);
  return payloads;
}

describe("bestEffort IDs that leap", () => {
  it.each([1500, 3000, 31_000])(
    "T42 a leap to %d drops the pieces of all that it passes, and of nothing else",
    (leap) => {
      const endpoint = createEndpoint();
      const peer = new Crafted(endpoint);
      peer.message(BestEffort, 0, 0, EMPTY);
      const message = new Uint8Array(2000);
      // The window ends at the leap and begins 1023 before.
      const passed = [1, 2, (leap - 1024) >> 1, leap - 1024];
      const kept = [leap - 1023, leap - 1, leap + 1];
      for (const id of [...passed, ...kept]) peer.fragment(BestEffort, 0, id, message, 0, 1000);
      peer.fragment(BestEffort, 1, 1, message, 0, 1000);
      peer.message(BestEffort, 0, leap, EMPTY);
      expect(endpoint.statistics.reassembliesActive).toBe(kept.length + 1);
      for (const id of kept) peer.fragment(BestEffort, 0, id, message, 1000, 2000);
      peer.fragment(BestEffort, 1, 1, message, 1000, 2000);
      expect(endpoint.statistics.messagesReceived[BestEffort]).toBe(2 + kept.length + 1);
      expect(endpoint.statistics.heldBytes).toBe(0);
    },
  );

  it("T42 pieces never meet those of the message that has the same ID 65536 later", () => {
    const endpoint = createEndpoint();
    const peer = new Crafted(endpoint);
    const first = new Uint8Array(2000).fill(0xaa);
    const second = new Uint8Array(2000).fill(0xbb);
    for (let id = 0; id <= 10; id++) peer.message(BestEffort, 0, id, EMPTY);
    peer.fragment(BestEffort, 0, 2000, first, 0, 1000);
    // An outage swallows the others; then 3400 messages a second, for 19 s.
    for (let id = 4000; id < 65_536 + 2000; id++) {
      peer.nowMs += 0.3;
      peer.message(BestEffort, 0, id & 0xffff, EMPTY);
      drain(endpoint);
    }
    peer.fragment(BestEffort, 0, 2000, second, 0, 1000);
    peer.fragment(BestEffort, 0, 2000, second, 1000, 2000);
    expect(drain(endpoint)).toEqual([second]);
  });

  it("T42 across the wrap", () => {
    const endpoint = createEndpoint({ initialMessageId: 64_000 });
    const peer = new Crafted(endpoint);
    const message = new Uint8Array(2000);
    for (const id of [64_100, 65_535, 0, 400, 475, 476, 477]) peer.fragment(BestEffort, 0, id, message, 0, 1000);
    peer.message(BestEffort, 0, 1500, EMPTY);
    expect(endpoint.statistics.reassembliesActive).toBe(1);
    peer.fragment(BestEffort, 0, 477, message, 1000, 2000);
    expect(endpoint.statistics.messagesReceived[BestEffort]).toBe(2);
  });

  it("cost about as much as IDs in a row, whatever is held in this and other channels", () => {
    const endpoint = createEndpoint();
    const peer = new PacketPeer(endpoint);
    const message = new Uint8Array(200);
    // Five thousand beginnings on other channels, and one that is always ahead.
    for (let i = 0; i < 5000; i += 10) {
      const parts = Array.from({ length: 10 }, (_, k) => {
        return part(BestEffort, 1 + ((i + k) >> 10), (i + k) & 1023, message, 0, 64);
      });
      expect(peer.send(...parts)).toBeUndefined();
    }
    const newest = new Array<number>(256).fill(-1);
    const best = (channels: readonly number[], step: number): number => {
      let bestMs = Infinity;
      for (let i = 0; i < 40; i++) {
        // In each channel there is something ahead that the leaps do not reach before the packet's end.
        for (const channel of channels) {
          peer.send(part(BestEffort, channel, ((newest[channel] as number) + 31_000) & 0xffff, message, 0, 64));
        }
        const parts = Array.from({ length: 230 }, (_, k) => {
          const channel = channels[k % channels.length] as number;
          newest[channel] = ((newest[channel] as number) + step) & 0xffff;
          return whole(BestEffort, channel, newest[channel], EMPTY);
        });
        const packet = peer.encode(parts);
        const before = performance.now();
        expect(peer.apply(packet)).toBeUndefined();
        bestMs = Math.min(bestMs, performance.now() - before);
        drain(endpoint);
      }
      return bestMs;
    };
    const honestMs = best([254], 1);
    for (const step of [1023, 1100, 30_000]) {
      expect(best([240, 241, 242, 243, 244, 245, 246, 247], step)).toBeLessThan(honestMs * 8);
    }
  });
});

describe("T42 the last bestEffort ID that may be used", () => {
  const LAST = MAX_ID_LEAP - 1;

  /** Starts a message in packet `packetNumber`. */
  function start(channel: BestEffortSend, packetNumber: number, large = false): OutgoingMessage {
    const message = new OutgoingMessage(EMPTY, BestEffort, 0, 0, Infinity, 0);
    message.large = large;
    expect(channel.mayStart(message, true)).toBe(true);
    channel.onStart(message, true);
    message.started = true;
    message.lastPacketNumber = packetNumber;
    return message;
  }

  function finish(channel: BestEffortSend, message: OutgoingMessage, outcome: "acked" | "expired"): void {
    if (outcome === "acked") channel.onAcked(message);
    if (message.finished) return;
    message.settle(outcome);
    channel.onFinish(message);
  }

  /** A channel that used all IDs but the last in vain. */
  function usedUp(): BestEffortSend {
    const channel = new BestEffortSend(0, new UsedUpIds());
    for (let id = 0; id < LAST; id++) finish(channel, start(channel, 0), "expired");
    return channel;
  }

  function mayStart(channel: BestEffortSend, whole = true, large = false): boolean {
    const message = new OutgoingMessage(EMPTY, BestEffort, 0, 0, Infinity, 0);
    message.large = large;
    return channel.mayStart(message, whole);
  }

  it("goes to another message only when no packet with it is under way", () => {
    const channel = usedUp();
    expect(mayStart(channel, false)).toBe(false);
    const first = start(channel, 7);
    expect(first.id).toBe(LAST);
    expect(mayStart(channel)).toBe(false);
    first.lastPacketNumber = 8;
    finish(channel, first, "expired");
    expect(mayStart(channel)).toBe(false);
    first.onLost(7, 0, 0);
    expect(mayStart(channel)).toBe(false);
    first.onLost(8, 0, 0);
    expect(mayStart(channel, false)).toBe(false);
    expect(start(channel, 9).id).toBe(LAST);
  });

  it("makes way for the next ones as soon as one has arrived, given up or not", async () => {
    const channel = usedUp();
    const first = start(channel, 7);
    finish(channel, first, "expired");
    finish(channel, first, "acked");
    expect(start(channel, 8).id).toBe(LAST + 1);
    expect(mayStart(channel, false)).toBe(true);
    expect(await first.outcome).toBe("expired");
  });

  it("nobody is told that a message arrived when one that was taken for lost had its ID", async () => {
    const channel = usedUp();
    const first = start(channel, 7);
    finish(channel, first, "expired");
    first.onLost(7, 0, 0);
    const second = start(channel, 8);
    channel.onAcked(first);
    const third = start(channel, 9);
    finish(channel, second, "acked");
    finish(channel, third, "acked");
    expect([second.id, third.id]).toEqual([LAST, LAST + 1]);
    expect([await second.outcome, await third.outcome]).toEqual(["dropped", "acked"]);
  });

  it("pieces of two messages never meet under it", () => {
    const channel = usedUp();
    const first = start(channel, 7, true);
    // The path's MTU fell: it goes again in pieces.
    first.cut();
    finish(channel, first, "expired");
    first.onLost(7, 0, 0);
    first.cut().lost.add(0, 100);
    expect(mayStart(channel, true, true)).toBe(false);
    expect(mayStart(channel, true, false)).toBe(true);
  });
});

describe("Reassembler.removeRange", () => {
  it("drops the sets of a range of IDs of one channel, around the circle, however many there are", () => {
    const options = { maxBytes: 1e9, maxSets: 1e6, maxAgeMs: Infinity, evictOldest: true, removesRanges: true };
    for (const count of [3, 2000]) {
      const reassembler = new Reassembler(options);
      const keyOf = (channel: number, id: number): number => (BestEffort << 24) | (channel << 16) | id;
      const ids = [65_533, 65_534, 65_535, 0, 1, 1000, 1997, 1998];
      for (const channel of [6, 7]) {
        for (const id of ids) reassembler.add(keyOf(channel, id), BestEffort, 100, 0, new Uint8Array(64), 0, 64, 0, 0);
      }
      reassembler.removeRange(keyOf(7, 65_534), count);
      const gone = ids.filter((id) => ((id - 65_534) & 0xffff) < count);
      expect(gone).toHaveLength(count === 3 ? 3 : 6);
      for (const id of ids) expect(reassembler.has(keyOf(7, id))).toBe(!gone.includes(id));
      expect(reassembler.sets).toBe(2 * ids.length - gone.length);
      reassembler.removeRange(keyOf(5, 0), count);
      reassembler.clear();
      reassembler.removeRange(keyOf(7, 65_533), count);
      expect([reassembler.sets, reassembler.chargedBytes]).toEqual([0, 0]);
    }
  });
});
