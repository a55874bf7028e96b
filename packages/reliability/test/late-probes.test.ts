import { ByteWriter } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import type { AckSample } from "../src/congestion/ack-sample.js";
import { NewReno } from "../src/congestion/new-reno.js";
import type { EndpointOptions } from "../src/endpoint-options.js";
import type { ReliableEndpoint } from "../src/reliable-endpoint.js";
import { Crafted } from "./support/craft.js";
import { createEndpoint, payload } from "./support/pair.js";

/** bytes. A probe of the path's MTU. */
const PROBE_BYTES = 1452;

class Sender {
  readonly endpoint: ReliableEndpoint;
  readonly peer: Crafted;
  private readonly writer = new ByteWriter();
  private readonly buffer = new Uint8Array(1200);

  constructor(options: Partial<EndpointOptions>) {
    this.endpoint = createEndpoint(options);
    this.peer = new Crafted(this.endpoint);
    for (let round = 0; round < 5; round++) {
      const numbers = this.send(5);
      this.peer.nowMs += 50;
      this.ack(numbers);
      this.peer.nowMs += 20;
    }
  }

  send(count: number): number[] {
    return Array.from({ length: count }, (_, i) => {
      this.endpoint.send(payload(i, 1000), { delivery: "unreliable" }, this.peer.nowMs);
      return this.endpoint.buildPacket(this.writer.reset(this.buffer, 0, 1175), this.peer.nowMs);
    });
  }

  probe(): number {
    return this.endpoint.buildProbe(this.peer.nowMs, PROBE_BYTES);
  }

  ack(numbers: readonly number[]): void {
    expect(this.peer.ack(Math.max(...numbers), numbers.slice(0, -1))).toBeUndefined();
  }
}

describe("a path probe that was taken for lost and turns up", () => {
  it("does not undo a congestion event", () => {
    const congestion = new NewReno();
    const sender = new Sender({ congestion });
    const before = congestion.windowBytes;
    sender.send(1);
    const probe = sender.probe();
    const later = sender.send(5);
    sender.peer.nowMs += 50;
    sender.ack(later);
    expect(sender.endpoint.statistics).toMatchObject({ packetsLost: 1, spuriousLosses: 0 });
    const reduced = congestion.windowBytes;
    expect(reduced).toBeLessThan(before);
    sender.peer.nowMs += 30;
    sender.ack([probe, later.at(-1) as number]);
    expect(congestion.windowBytes).toBe(reduced);
    expect(sender.endpoint.statistics).toMatchObject({ packetsLost: 1, spuriousLosses: 0 });
  });

  it("gives no sample of how fast data arrives", () => {
    const samples: AckSample[] = [];
    const sender = new Sender({ trace: { onCongestion: (sample) => samples.push({ ...sample }) } });
    const probe = sender.probe();
    const later = sender.send(4);
    sender.peer.nowMs += 50;
    sender.ack(later);
    const { deliveredBytes } = samples.at(-1) as AckSample;
    const count = samples.length;
    sender.peer.nowMs += 5;
    sender.ack([probe, later.at(-1) as number]);
    expect(samples).toHaveLength(count + 1);
    const last = samples.at(-1) as AckSample;
    expect(last).toMatchObject({
      deliveredBytes,
      ackedBytes: 0,
      deliveryRateBytesPerSecond: 0,
      priorDeliveredBytes: 0,
    });
  });

  it("is no measure of reordering: the next losses are seen as soon", () => {
    const sender = new Sender({});
    const probe = sender.probe();
    const later = sender.send(12);
    sender.peer.nowMs += 50;
    sender.ack(later);
    sender.ack([probe, later.at(-1) as number]);
    sender.send(1);
    const next = sender.send(3);
    sender.peer.nowMs += 40;
    sender.ack(next);
    expect(sender.endpoint.statistics.packetsLost).toBe(1);
  });

  it("is told to who asked for it, once", () => {
    const fates: string[] = [];
    const sender = new Sender({
      fates: {
        onPacketAcked: (number, bytes) => bytes === PROBE_BYTES && fates.push(`acked ${number}`),
        onPacketLost: (number, bytes) => bytes === PROBE_BYTES && fates.push(`lost ${number}`),
      },
    });
    const probe = sender.probe();
    const later = sender.send(4);
    sender.peer.nowMs += 50;
    sender.ack(later);
    for (let i = 0; i < 3; i++) sender.ack([probe, later.at(-1) as number]);
    expect(fates).toEqual([`lost ${probe}`, `acked ${probe}`]);
  });

  it("is forgotten with its slot: the packet that takes it is no probe", () => {
    const sender = new Sender({});
    const probe = sender.probe();
    sender.peer.nowMs += 50;
    sender.ack(sender.send(4));
    for (let i = 0; i < 20; i++) {
      const numbers = sender.send(4);
      sender.peer.nowMs += 50;
      sender.ack(numbers.slice(0, 3));
      sender.ack(numbers);
    }
    // Every slot of the ring was used again, that of the probe too.
    const [late, ...others] = sender.send(5);
    sender.peer.nowMs += 50;
    sender.ack(others);
    sender.peer.nowMs += 5;
    sender.ack([late as number, others.at(-1) as number]);
    expect(probe).toBeLessThan(late as number);
    expect(sender.endpoint.statistics).toMatchObject({ packetsLost: 1, spuriousLosses: 1 });
  });
});
