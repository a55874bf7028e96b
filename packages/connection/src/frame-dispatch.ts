import { AckUrgency, type EndpointViolation, type ReliableEndpoint, urgencyOf } from "@sortie/reliability";
import { CloseCode, decodeUtf8, type Frame, FrameKind, type PacketFrames, SESSION_ID_BYTES } from "@sortie/wire";
import { type DisconnectReason, reasonOfClose } from "./disconnect-reason.js";
import type { PeerAddress } from "./peer-address.js";

/** Who takes the frames of a packet. Made once a connection. */
export interface FrameTarget {
  readonly role: "client" | "server";
  readonly endpoint: ReliableEndpoint;
  onConnect(payload: Uint8Array, nowMs: number): void;
  onAccept(sessionId: Uint8Array, resetToken: Uint8Array, nowMs: number): void;
  onClose(reason: DisconnectReason, nowMs: number): void;
  onAckFrame(largest: number): void;
  onPathChallenge(bytes: Uint8Array, start: number, from: PeerAddress): void;
  onPathResponse(bytes: Uint8Array, start: number, from: PeerAddress, nowMs: number): void;
}

/** How an authentic peer broke the rules; the connection is closed for it. */
export type FrameViolation = EndpointViolation | "connect-from-server" | "accept-from-client";

/** The code that the connection is closed with. */
export function closeCodeOf(violation: FrameViolation): CloseCode {
  switch (violation) {
    case "credit-exceeded":
    case "window-exceeded":
    case "reassembly-overdue":
      return CloseCode.FlowControl;
    default:
      return CloseCode.ProtocolError;
  }
}

/** Hands each frame of a decoded packet to its place, then the packet to the ack tracker. */
export function applyFrames(
  target: FrameTarget,
  frames: PacketFrames,
  plaintext: Uint8Array,
  packetNumber: number,
  from: PeerAddress,
  nowMs: number,
): FrameViolation | undefined {
  let urgency: AckUrgency = AckUrgency.None;
  for (let i = 0; i < frames.count; i++) {
    const frame = frames.at(i);
    urgency = Math.max(urgency, urgencyOf(frame)) as AckUrgency;
    const violation = applyFrame(target, frame, plaintext, packetNumber, from, nowMs);
    if (violation !== undefined) return violation;
  }
  target.endpoint.onPacketReceived(packetNumber, urgency, nowMs);
  return undefined;
}

function applyFrame(
  target: FrameTarget,
  frame: Frame,
  plaintext: Uint8Array,
  packetNumber: number,
  from: PeerAddress,
  nowMs: number,
): FrameViolation | undefined {
  switch (frame.kind) {
    case FrameKind.Ack: {
      const violation = target.endpoint.onAck(frame, plaintext, nowMs);
      if (violation === undefined) target.onAckFrame(frame.largest);
      return violation;
    }
    case FrameKind.Message:
      return target.endpoint.onMessage(frame, plaintext, packetNumber, nowMs);
    case FrameKind.Fragment:
      return target.endpoint.onFragment(frame, plaintext, packetNumber, nowMs);
    case FrameKind.Credit:
      target.endpoint.onCredit(frame, nowMs);
      return undefined;
    case FrameKind.Connect:
      if (target.role === "client") return "connect-from-server";
      target.onConnect(plaintext.slice(frame.start, frame.end), nowMs);
      return undefined;
    case FrameKind.Accept: {
      if (target.role === "server") return "accept-from-client";
      const middle = frame.start + SESSION_ID_BYTES;
      target.onAccept(plaintext.slice(frame.start, middle), plaintext.slice(middle, frame.end), nowMs);
      return undefined;
    }
    case FrameKind.Close: {
      const text = decodeUtf8(plaintext.subarray(frame.start, frame.end));
      target.onClose(reasonOfClose(frame.code as CloseCode, text), nowMs);
      return undefined;
    }
    case FrameKind.PathChallenge:
      target.onPathChallenge(plaintext, frame.start, from);
      return undefined;
    case FrameKind.PathResponse:
      target.onPathResponse(plaintext, frame.start, from, nowMs);
      return undefined;
    default:
      return undefined;
  }
}
