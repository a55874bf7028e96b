import { ByteWriter, type DeliveryCode, encodeFragment, encodeMessage, FrameKind, PacketFrames } from "@sortie/wire";
import { AckUrgency } from "../../src/ack-urgency.js";
import type { EndpointViolation } from "../../src/endpoint-options.js";
import type { ReliableEndpoint } from "../../src/reliable-endpoint.js";

/** Writes one frame. */
export type FramePart = (writer: ByteWriter) => void;

export function whole(delivery: DeliveryCode, channel: number, id: number, payload: Uint8Array): FramePart {
  return (writer) => encodeMessage(writer, delivery, channel, id, payload);
}

/** `message[from, to)` as a piece. */
export function part(
  delivery: DeliveryCode,
  channel: number,
  id: number,
  message: Uint8Array,
  from: number,
  to: number,
): FramePart {
  return (writer) => encodeFragment(writer, delivery, channel, id, message, from, to);
}

/** Packets of several frames, as a peer that need not be honest writes them, applied to an endpoint. */
export class PacketPeer {
  packetNumber = 0;
  nowMs = 1000;
  private readonly endpoint: ReliableEndpoint;
  private readonly frames = new PacketFrames();

  constructor(endpoint: ReliableEndpoint) {
    this.endpoint = endpoint;
  }

  /** "refused" when the packet was not taken. */
  send(...parts: readonly FramePart[]): EndpointViolation | "refused" | undefined {
    return this.apply(this.encode(parts));
  }

  encode(parts: readonly FramePart[]): Uint8Array {
    const writer = new ByteWriter().reset(new Uint8Array(1427));
    for (const write of parts) write(writer);
    // A PING at the end makes the length of the last message legal.
    writer.u8(0x01);
    return writer.bytes.slice(0, writer.offset);
  }

  apply(packet: Uint8Array): EndpointViolation | "refused" | undefined {
    const { endpoint, frames, nowMs } = this;
    const error = frames.decode(packet, 0, packet.length);
    if (error !== undefined) throw new Error(error);
    if (!endpoint.canAccept(frames, nowMs)) return "refused";
    const number = this.packetNumber++;
    for (let i = 0; i < frames.count; i++) {
      const frame = frames.at(i);
      let violation: EndpointViolation | undefined;
      if (frame.kind === FrameKind.Message) violation = endpoint.onMessage(frame, packet, number, nowMs);
      if (frame.kind === FrameKind.Fragment) violation = endpoint.onFragment(frame, packet, number, nowMs);
      if (violation !== undefined) return violation;
    }
    endpoint.onPacketReceived(number, AckUrgency.Prompt, nowMs);
    return undefined;
  }
}
