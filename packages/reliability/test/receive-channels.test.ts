import { DeliveryCode, sequenceAdd } from "@sortie/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OrderedReceive } from "../src/channels/ordered.js";
import { ReceiveChannels } from "../src/channels/receive-channels.js";
import { IdWindow, unseenVerdict } from "../src/id-window.js";
import { PacketPeer, part, whole } from "./support/packet-peer.js";
import { createEndpoint, payload } from "./support/pair.js";

const { Unreliable, Sequenced, BestEffort, Reliable, Ordered } = DeliveryCode;
const EMPTY = new Uint8Array(0);

describe("channels on which nothing new has come", () => {
  it("say of every ID what they would say if they were there", () => {
    const id = fc.integer({ min: 0, max: 0xffff });
    const edge = fc.constantFrom(-32_768, -1025, -1024, -1023, -1, 0, 1, 1023, 1024, 31_743, 31_744, 32_767);
    fc.assert(
      fc.property(id, fc.oneof(edge, id), (firstId, distance) => {
        const asked = sequenceAdd(firstId, distance);
        for (const policy of ["lossless", "sliding"] as const) {
          expect(unseenVerdict(policy, asked, firstId)).toBe(new IdWindow(policy, firstId).check(asked));
        }
        const channels = new ReceiveChannels(firstId);
        const before = channels.check(Ordered, 3, asked, 0);
        expect(before).toBe(new OrderedReceive(firstId).check(asked, 0));
        expect(channels.nextOrderedId(3)).toBe(firstId);
        expect(channels.count).toBe(0);
      }),
      { numRuns: 500 },
    );
  });

  it("leave nothing behind for old news, for pieces, and for what is refused", () => {
    const endpoint = createEndpoint();
    const peer = new PacketPeer(endpoint);
    const message = payload(1, 200);
    for (let channel = 0; channel < 256; channel += 16) {
      const channels = Array.from({ length: 16 }, (_, i) => channel + i);
      for (const delivery of [BestEffort, Reliable, Ordered]) {
        expect(peer.send(...channels.map((c) => whole(delivery, c, 65_535, EMPTY)))).toBeUndefined();
        expect(peer.send(...channels.slice(0, 8).map((c) => part(delivery, c, 0, message, 0, 64)))).toBeUndefined();
      }
    }
    expect(endpoint.statistics).toMatchObject({ receiveChannels: 0, duplicatesRejected: 768 });
    expect(peer.send(whole(Reliable, 0, 1024, EMPTY))).toBe("id-beyond-window");
    expect(endpoint.statistics.receiveChannels).toBe(0);
  });

  it("are counted by channel and mode once something new has come", () => {
    const endpoint = createEndpoint();
    const peer = new PacketPeer(endpoint);
    for (const delivery of [Unreliable, Sequenced, BestEffort, Reliable, Ordered]) {
      for (const channel of [0, 7, 7]) {
        peer.send(whole(delivery, channel, 0, EMPTY), whole(delivery, channel, 1, EMPTY));
      }
    }
    expect(endpoint.statistics.receiveChannels).toBe(8);
    const message = payload(1, 200);
    peer.send(part(Ordered, 9, 0, message, 0, 64), part(Ordered, 9, 0, message, 64, 200));
    expect(endpoint.statistics.receiveChannels).toBe(9);
  });
});

describe("OrderedReceive", () => {
  it("tells how long its oldest message has been held, not how long any has", () => {
    const receive = new OrderedReceive(65_534);
    expect(receive.earlySinceMs).toBe(Infinity);
    receive.hold(0, EMPTY, 100);
    receive.hold(65_535, EMPTY, 200);
    receive.hold(2, EMPTY, 300);
    expect(receive.earlySinceMs).toBe(100);
    // 65534 is delivered, then 65535 and 0, which are held.
    expect(receive.advance(0)).toBe(EMPTY);
    expect(receive.earlySinceMs).toBe(100);
    expect(receive.advance(0)).toBe(EMPTY);
    expect(receive.earlySinceMs).toBe(300);
    expect(receive.advance(0)).toBeUndefined();
    expect(receive.nextId).toBe(1);
    expect([receive.isAwaited(1, 300), receive.isAwaited(1, 299), receive.isAwaited(3, 300)]).toEqual([
      true,
      false,
      false,
    ]);
    expect(receive.advance(0)).toBe(EMPTY);
    expect([receive.earlySinceMs, receive.isAwaited(3, 1e9)]).toEqual([Infinity, false]);
  });
});
