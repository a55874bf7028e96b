import type { SendReceipt } from "@sortie/reliability";
import { DeliveryCode, MAX_PACKET_NUMBER } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { ack, bytesPart, exactPacketOf, message, pattern } from "../support/hostile-frames.js";
import { HostilePeer } from "../support/hostile-peer.js";
import { closeReason, messagesOf } from "../support/pair-reading.js";

const VICTIMS = ["server", "client"] as const;

/** Lets the victim send `count` packets of one reliable message each. */
function provoke(peer: HostilePeer, count: number): SendReceipt[] {
  const receipts: SendReceipt[] = [];
  for (let i = 0; i < count; i++) {
    receipts.push(peer.victim.send(pattern(i, 20), { delivery: "reliable" }, peer.nowMs));
    peer.run(0);
  }
  return receipts;
}

const ones = (count: number): number[] => new Array<number>(count).fill(255);

/** Numbers below the highest one heard that were never sent. */
function skippedOf(peer: HostilePeer): number[] {
  const heard = new Set(peer.heard);
  const skipped: number[] = [];
  for (let number = Math.min(...peer.heard); number < Math.max(...peer.heard); number++) {
    if (!heard.has(number)) skipped.push(number);
  }
  return skipped;
}

async function expectLieFound(peer: HostilePeer, receipts: SendReceipt[], text: string): Promise<void> {
  expect(closeReason(peer.victim)).toEqual({ code: "protocol-error", by: "local", text });
  const outcomes = new Set(await Promise.all(receipts.map((receipt) => receipt.outcome)));
  expect([...outcomes]).toEqual(["closed"]);
  peer.end();
}

describe("T30 an acknowledgement that lies", () => {
  it.each(VICTIMS)("T30 to the %s, of a packet never sent: closed, no message counts as delivered", async (victim) => {
    const peer = new HostilePeer({ victim });
    const receipts = provoke(peer, 5);
    const last = Math.max(...peer.heard);
    const { packetsAcked } = peer.stats;
    peer.send(ack(last + 1, peer.heard));
    expect(peer.stats.packetsAcked).toBe(packetsAcked);
    await expectLieFound(peer, receipts, "ack-of-unsent");
  });

  it("T30b of the highest number there is", async () => {
    const peer = new HostilePeer();
    const receipts = provoke(peer, 1);
    peer.send(ack(MAX_PACKET_NUMBER, [MAX_PACKET_NUMBER - 1]));
    await expectLieFound(peer, receipts, "ack-of-unsent");
  });

  it("T30c of numbers before the first", async () => {
    const peer = new HostilePeer({ initialPacketNumber: 4000 });
    const receipts = provoke(peer, 3);
    peer.send(ack(Math.max(...peer.heard), [...peer.heard, 3999]));
    await expectLieFound(peer, receipts, "ack-of-unsent");
  });

  it.each(["as its largest", "within its bitmap"])("T30d of a number that was left out, %s", async (where) => {
    const peer = new HostilePeer();
    const receipts = provoke(peer, 500);
    const [skipped] = skippedOf(peer) as [number];
    expect(skipped).toBeGreaterThan(0);
    const truth = peer.heard.filter((number) => number !== skipped);
    const { packetsAcked } = peer.stats;
    if (where === "as its largest") peer.send(ack(skipped, truth));
    else peer.send(ack(Math.max(...truth), [...truth, skipped]));
    expect(peer.stats.packetsAcked).toBe(packetsAcked);
    await expectLieFound(peer, receipts, "ack-of-skipped");
  });

  it("T30e an optimistic acknowledger, who claims what he cannot know, is caught within 384 packets", () => {
    const peer = new HostilePeer();
    let asked = 0;
    for (; peer.victim.state === "connected" && asked < 400; asked++) {
      provoke(peer, 1);
      const last = Math.max(...peer.heard);
      // He acknowledges all numbers, as someone does who wants more data than the path carries.
      peer.send(
        ack(
          last,
          Array.from({ length: 1000 }, (_, i) => last - 1 - i).filter((number) => number > 20),
        ),
      );
    }
    expect(asked).toBeLessThan(385);
    expect(closeReason(peer.victim)).toMatchObject({ code: "protocol-error", text: "ack-of-skipped" });
  });

  it("T30f the truth is accepted, and settles every message", async () => {
    const peer = new HostilePeer();
    const receipts = provoke(peer, 500);
    // More than the congestion window lets out at once: what is acknowledged makes room for the rest.
    for (let round = 0; peer.stats.queuedMessages > 0 && round < 100; round++) {
      peer.send(ack(Math.max(...peer.heard), peer.heard.slice(-1000)));
      peer.run(5);
    }
    expect(peer.victim.state).toBe("connected");
    const outcomes = new Set(await Promise.all(receipts.map((receipt) => receipt.outcome)));
    expect([...outcomes]).toEqual(["acked"]);
    expect(peer.stats.queuedMessages).toBe(0);
  });
});

describe("T31 enormous acknowledgements", () => {
  it.each<[string, Uint8Array, string]>([
    [
      "a bitmap longer than 1024 bits",
      exactPacketOf(bytesPart(0x02, 0x47, 0xd0, 0, 129, ...ones(129))),
      "out-of-range",
    ],
    ["a bitmap longer than its packet", exactPacketOf(bytesPart(0x02, 50, 0, 128, 1)), "truncated"],
    ["bits below number 0", exactPacketOf(bytesPart(0x02, 50, 0, 128, ...ones(128))), "out-of-range"],
  ])("T31 %s: the packet is refused whole", (_what, plaintext, word) => {
    const peer = new HostilePeer();
    provoke(peer, 5);
    const { packetsAcked } = peer.stats;
    peer.sendRaw(plaintext);
    expect(peer.stats.packetsAcked).toBe(packetsAcked);
    expect(closeReason(peer.victim)).toMatchObject({ text: `malformed packet: ${word}` });
    expect(peer.drops).toEqual(["malformed-frames"]);
    peer.end();
  });

  it("T31b full ACKs of what is acknowledged already, ten in a packet, change nothing and cost little", () => {
    const peer = new HostilePeer();
    for (let round = 0; round < 30; round++) {
      provoke(peer, 100);
      peer.send(ack(Math.max(...peer.heard), peer.heard.slice(-1000)));
    }
    const largest = Math.max(...peer.heard);
    const newest = ack(largest, peer.heard);
    const { packetsAcked } = peer.stats;
    const rttMs = peer.victim.rttMs;
    peer.run(10);
    const startedMs = performance.now();
    for (let i = 0; i < 200; i++) peer.send(...new Array<typeof newest>(10).fill(newest));
    // 2,000 ACKs of 1024 bits: two million bits, at an absurd microsecond each.
    expect(performance.now() - startedMs).toBeLessThan(4000);
    expect(peer.victim.state).toBe("connected");
    expect(peer.stats.packetsAcked - packetsAcked).toBeLessThan(3);
    expect(peer.stats.spuriousLosses).toBe(0);
    expect(peer.victim.rttMs).toBeCloseTo(rttMs, 0);
  });

  it("T31c numbers long forgotten: nothing happens", () => {
    const peer = new HostilePeer();
    // Twice as many packets as the victim remembers, below those that it is shown.
    while (peer.heard.length < 5000) {
      provoke(peer, 100);
      peer.send(ack(Math.max(...peer.heard), peer.heard.slice(-1000)));
      peer.run(5);
    }
    const { packetsAcked } = peer.stats;
    const old = peer.heard.slice(100, 1000);
    peer.send(ack(old.at(-1) as number, old.slice(0, -1)));
    expect(peer.victim.state).toBe("connected");
    expect(peer.stats.packetsAcked).toBe(packetsAcked);
  });

  const challenge = Uint8Array.of(0x06, ...new Uint8Array(8));
  it.each<[string, Uint8Array, number]>([
    ["PING", Uint8Array.of(0x01), 1],
    ["PING, each behind a gap", Uint8Array.of(0x01), 2],
    ["PATH_CHALLENGE", challenge, 1],
    ["PATH_CHALLENGE, each behind a gap", challenge, 2],
    ["PATH_CHALLENGE, each behind a wide gap", challenge, 50],
  ])("T31d are not had by small packets and silence (%s): three bytes for each that came", (_what, plaintext, step) => {
    const peer = new HostilePeer({ initialPacketNumber: 2 ** 31 });
    const before = peer.heardBytes;
    const packets = 5000;
    for (let i = 0; i < packets; i++) {
      peer.next += step - 1;
      peer.sendRaw(plaintext);
      peer.run(1);
    }
    expect(peer.victim.state).toBe("connected");
    expect(peer.heard.length).toBeGreaterThan(packets / 3);
    expect(peer.heardBytes - before).toBeLessThan(3 * packets * (25 + plaintext.length));
    peer.end();
  });
});

describe("T32 acknowledgements that mislead", () => {
  /** Acknowledges each packet truly after `waitMs`, with a delay that may lie. */
  function answer(peer: HostilePeer, rounds: number, waitMs: number, delayUs: number): void {
    for (let i = 0; i < rounds; i++) {
      provoke(peer, 1);
      peer.run(waitMs);
      peer.send(ack(Math.max(...peer.heard), peer.heard.slice(-20), delayUs));
    }
  }

  it.each([0, 1000, 30_000, 2 ** 30 - 1, 2 ** 53 - 1])(
    "T32 a claimed delay of %i us moves the round trip by no more than was agreed, 25 ms",
    (delayUs) => {
      const peer = new HostilePeer();
      // A fresh estimate: the honest side had no latency, so its minimum is near zero and the delay may be subtracted.
      answer(peer, 200, 100, delayUs);
      expect(peer.victim.state).toBe("connected");
      expect(peer.victim.rttMs).toBeGreaterThan(100 - 25 - 1);
      expect(peer.victim.rttMs).toBeLessThan(101);
    },
  );

  it("T32b the lie cannot bring it below what was measured", () => {
    const peer = new HostilePeer();
    answer(peer, 300, 2, 2 ** 30 - 1);
    const { rttMs, rttMinMs } = peer.victim.statistics(peer.nowMs);
    expect(rttMs).toBeGreaterThan(0);
    expect(rttMs).toBeGreaterThanOrEqual(rttMinMs);
  });

  it("T32c acknowledgements held back for 5 s: the round trip follows, probes still go every 2 s", () => {
    // So long that no PING of the keep-alive comes between the probes.
    const long = { idleTimeoutMs: 600_000 };
    const peer = new HostilePeer({ settings: { keepAliveMs: 60_000 }, clientParameters: long, serverParameters: long });
    for (let i = 0; i < 20; i++) {
      provoke(peer, 1);
      const { probeTimeouts } = peer.stats;
      peer.run(5000);
      // Once the round trip is believed to be that long, there is nothing to probe for.
      if (i < 3) expect(peer.stats.probeTimeouts).toBeGreaterThan(probeTimeouts + 1);
      peer.send(ack(Math.max(...peer.heard), peer.heard.slice(-900)));
    }
    expect(peer.victim.state).toBe("connected");
    expect(Number.isFinite(peer.victim.rttMs)).toBe(true);
    expect(peer.victim.rttMs).toBeLessThanOrEqual(5000);
  });

  it("T32d a stale one, repeated for minutes, gives no sample", () => {
    const peer = new HostilePeer();
    answer(peer, 20, 50, 0);
    const { rttMs, rttVarianceMs } = peer.victim.statistics(peer.nowMs);
    const number = Math.max(...peer.heard);
    for (let i = 0; i < 60; i++) {
      peer.run(2000);
      peer.send(ack(number));
    }
    expect(peer.victim.state).toBe("connected");
    expect(peer.victim.statistics(peer.nowMs)).toMatchObject({ rttMs, rttVarianceMs });
  });

  it.each([
    ["all the same", () => 7],
    ["backwards", (i: number) => 2 ** 32 - 1 - i * 1_000_000],
    ["at random", (i: number) => (i * 2_654_435_761) % 2 ** 32],
  ])("T32f times that lie, %s: the round trip is what was measured, and nothing grows", (_, timeOf) => {
    const peer = new HostilePeer();
    // Enough of its own data that its times are looked at.
    for (let i = 0; i < 40; i++) peer.send(message(DeliveryCode.Reliable, 0, i, pattern(i, 1100)));
    for (let i = 0; i < 400; i++) {
      provoke(peer, 2);
      peer.run(50);
      peer.send(ack(Math.max(...peer.heard), peer.heard.slice(-10), 0, timeOf(i)));
    }
    expect(peer.victim.state).toBe("connected");
    expect(peer.victim.rttMs).toBeGreaterThan(49);
    expect(peer.victim.rttMs).toBeLessThan(60);
    const { congestionWindowBytes } = peer.stats;
    expect(congestionWindowBytes).toBeGreaterThan(0);
    expect(congestionWindowBytes).toBeLessThan(1_000_000);
  });

  it("T32e a side that sends nothing but ACKs: never acknowledged, holds nothing, and stays connected", () => {
    const peer = new HostilePeer();
    for (let i = 0; i < 3000; i++) {
      if (i % 10 === 0) provoke(peer, 1);
      // Without the PING that others carry: it asks for no answer.
      peer.sendRaw(exactPacketOf(ack(Math.max(...peer.heard), peer.heard.slice(-10))));
      if (i === 1000) peer.heard.splice(0, peer.heard.length - 100);
      peer.run(16);
    }
    expect(peer.victim.state).toBe("connected");
    expect(peer.stats).toMatchObject({ packetsInFlight: 0, queuedMessages: 0, heldBytes: 0 });
    // It asked 300 times and heard keep-alives; ACKs were not answered with ACKs.
    expect(peer.victim.statistics(peer.nowMs).packetsSent).toBeLessThan(400);
    peer.send(message(DeliveryCode.Unreliable, 0, 0, pattern(0, 10)));
    expect(messagesOf(peer.victim)).toHaveLength(1);
  });
});
