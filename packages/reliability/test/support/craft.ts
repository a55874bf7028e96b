import {
  ByteWriter,
  type DeliveryCode,
  encodeFragment,
  encodeMessage,
  type Frame,
  FrameKind,
  PacketFrames,
} from "@sortie/wire";
import { urgencyOf } from "../../src/ack-urgency.js";
import type { EndpointViolation } from "../../src/endpoint-options.js";
import type { ReliableEndpoint } from "../../src/reliable-endpoint.js";

/** Frames as a peer that need not be honest writes them, applied to an endpoint as a packet each. */
export class Crafted {
  packetNumber = 0;
  nowMs = 1000;
  private readonly endpoint: ReliableEndpoint;
  private readonly buffer = new Uint8Array(2000);

  constructor(endpoint: ReliableEndpoint) {
    this.endpoint = endpoint;
  }

  message(delivery: DeliveryCode, channel: number, id: number, payload: Uint8Array): EndpointViolation | undefined {
    const writer = new ByteWriter().reset(this.buffer);
    encodeMessage(writer, delivery, channel, id, payload);
    // A trailing PING, so that the length is legal.
    writer.u8(0x01);
    return this.apply(writer.written);
  }

  fragment(
    delivery: DeliveryCode,
    channel: number,
    id: number,
    message: Uint8Array,
    from: number,
    to: number,
  ): EndpointViolation | undefined {
    const writer = new ByteWriter().reset(this.buffer);
    encodeFragment(writer, delivery, channel, id, message, from, to);
    writer.u8(0x01);
    return this.apply(writer.written);
  }

  /** ACK of `largest` and of the numbers in `others`, all below it. */
  ack(largest: number, others: number[] = [], delayUs: number = 0): EndpointViolation | undefined {
    const bitmap = new Uint8Array(128);
    let length = 0;
    for (const number of others) {
      const bit = largest - 1 - number;
      bitmap[bit >>> 3] = (bitmap[bit >>> 3] as number) | (1 << (bit & 7));
      length = Math.max(length, (bit >>> 3) + 1);
    }
    const frame = { kind: FrameKind.Ack, largest, delayUs, start: 0, end: length } as Frame;
    return this.endpoint.onAck(frame, bitmap, this.nowMs);
  }

  private apply(bytes: number): EndpointViolation | undefined {
    const frames = new PacketFrames();
    const error = frames.decode(this.buffer, 0, bytes);
    if (error !== undefined) throw new Error(error);
    const number = this.packetNumber++;
    if (!this.endpoint.canAccept(frames, this.nowMs)) return undefined;
    const frame = frames.at(0);
    const violation =
      frame.kind === FrameKind.Message
        ? this.endpoint.onMessage(frame, this.buffer, number, this.nowMs)
        : this.endpoint.onFragment(frame, this.buffer, number, this.nowMs);
    this.endpoint.onPacketReceived(number, urgencyOf(frame), this.nowMs);
    return violation;
  }
}
