import { ReliableEndpoint } from "@sortie/reliability";
import { vi } from "vitest";

/**
 * Whoever gets an ACK with a time reads the one that `tell` gives, until mocks are restored.
 * @param tell ms, from those at which the packet came, as the ACK says, and at which it left by its sender's time
 */
export function rewriteAckTimes(tell: (cameMs: number, sentMs: number, at: ReliableEndpoint) => number): void {
  const { buildPacket, onAck } = ReliableEndpoint.prototype;
  const sentAt = new WeakMap<ReliableEndpoint, Map<number, number>>();
  vi.spyOn(ReliableEndpoint.prototype, "buildPacket").mockImplementation(function (
    this: ReliableEndpoint,
    writer,
    nowMs,
  ) {
    const packetNumber = buildPacket.call(this, writer, nowMs);
    const times = sentAt.get(this) ?? new Map<number, number>();
    sentAt.set(this, times.set(packetNumber, nowMs));
    return packetNumber;
  });
  vi.spyOn(ReliableEndpoint.prototype, "onAck").mockImplementation(function (
    this: ReliableEndpoint,
    frame,
    bytes,
    nowMs,
  ) {
    const sentMs = sentAt.get(this)?.get(frame.largest);
    if (frame.receivedAtUs >= 0 && sentMs !== undefined) {
      frame.receivedAtUs = Math.floor(tell(frame.receivedAtUs / 1000, sentMs, this) * 1000);
    }
    return onAck.call(this, frame, bytes, nowMs);
  });
}
