import type { PacketProtection } from "@sortie/handshake";
import { AckUrgency, type EndpointViolation, type ReliableEndpoint, urgencyOf } from "@sortie/reliability";
import {
  CloseCode,
  decodeUtf8,
  type Frame,
  FrameKind,
  PACKET_OVERHEAD_BYTES,
  type PacketFrames,
  SESSION_ID_BYTES,
} from "@sortie/wire";
import type { ConnectExchange } from "./connect-exchange.js";
import { type ConnectionControlFrames, ControlBit } from "./control-frames.js";
import { type DisconnectReason, reasonOfClose } from "./disconnect-reason.js";
import { opened } from "./packet-opener.js";
import type { PathManager } from "./path-manager.js";
import type { PeerAddress } from "./peer-address.js";
import type { RttRefresh } from "./rtt-refresh.js";

/** What frames ask of the connection as a whole. */
export interface FrameOwner {
  onConnected(sessionId: Uint8Array): void;
  onClose(reason: DisconnectReason, nowMs: number): void;
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
export class FrameDispatch {
  private readonly endpoint: ReliableEndpoint;
  private readonly refresh: RttRefresh;
  private readonly protection: PacketProtection;
  private readonly role: "client" | "server";
  private readonly exchange: ConnectExchange;
  private readonly control: ConnectionControlFrames;
  private readonly paths: PathManager;
  private readonly owner: FrameOwner;

  constructor(
    role: "client" | "server",
    endpoint: ReliableEndpoint,
    protection: PacketProtection,
    exchange: ConnectExchange,
    control: ConnectionControlFrames,
    paths: PathManager,
    refresh: RttRefresh,
    owner: FrameOwner,
  ) {
    // First what nearly every packet needs, see `Connection`.
    this.endpoint = endpoint;
    this.refresh = refresh;
    this.protection = protection;
    this.role = role;
    this.exchange = exchange;
    this.control = control;
    this.paths = paths;
    this.owner = owner;
  }

  apply(
    frames: PacketFrames,
    plaintext: Uint8Array,
    packetNumber: number,
    from: PeerAddress,
    nowMs: number,
  ): FrameViolation | undefined {
    // Of the packet opened last, which this is.
    const bytes = opened.plaintextBytes + PACKET_OVERHEAD_BYTES;
    let urgency: AckUrgency = AckUrgency.None;
    for (let i = 0; i < frames.count; i++) {
      const frame = frames.at(i);
      urgency = Math.max(urgency, urgencyOf(frame)) as AckUrgency;
      const violation = this.applyFrame(frame, plaintext, packetNumber, from, nowMs);
      if (violation !== undefined) return violation;
    }
    this.endpoint.onPacketReceived(packetNumber, urgency, nowMs, bytes);
    return undefined;
  }

  /**
   * Of a packet that is refused for want of room: what takes none, and changes nothing when it is applied twice; and
   * the first CONNECT. The packet may come again, also from somebody who copied it.
   */
  applyRoomless(
    frames: PacketFrames,
    plaintext: Uint8Array,
    packetNumber: number,
    from: PeerAddress,
    nowMs: number,
  ): FrameViolation | undefined {
    for (let i = 0; i < frames.count; i++) {
      const frame = frames.at(i);
      if (!isRoomless(frame) && !this.isFirstConnect(frame)) continue;
      const violation = this.applyFrame(frame, plaintext, packetNumber, from, nowMs);
      if (violation !== undefined) return violation;
    }
    return undefined;
  }

  /**
   * A client whose messages came first has no room left, and cannot be let in, which makes room, before CONNECT is
   * heard. Once it is, a copy is not: each would be answered with ACCEPT.
   */
  private isFirstConnect({ kind }: Frame): boolean {
    return kind === FrameKind.Connect && this.exchange.awaitsConnect;
  }

  private onAck(frame: Frame, plaintext: Uint8Array, nowMs: number): FrameViolation | undefined {
    const violation = this.endpoint.onAck(frame, plaintext, nowMs);
    if (violation !== undefined) return violation;
    this.protection.onAcked(frame.largest);
    // With those that may have changed it, instead of with every packet.
    this.protection.setProbeTimeoutMs(this.endpoint.probeTimeoutMs());
    return undefined;
  }

  private applyFrame(
    frame: Frame,
    plaintext: Uint8Array,
    packetNumber: number,
    from: PeerAddress,
    nowMs: number,
  ): FrameViolation | undefined {
    switch (frame.kind) {
      case FrameKind.Ack:
        return this.onAck(frame, plaintext, nowMs);
      case FrameKind.Message:
        this.refresh.hasHeardMessages = true;
        return this.endpoint.onMessage(frame, plaintext, packetNumber, nowMs);
      case FrameKind.Fragment:
        this.refresh.hasHeardMessages = true;
        return this.endpoint.onFragment(frame, plaintext, packetNumber, nowMs);
      case FrameKind.Credit:
        this.endpoint.onCredit(frame, nowMs);
        return undefined;
      case FrameKind.Connect:
        if (this.role === "client") return "connect-from-server";
        this.exchange.onConnect(plaintext.slice(frame.start, frame.end), nowMs);
        return undefined;
      case FrameKind.Accept:
        if (this.role === "server") return "accept-from-client";
        this.onAccept(frame, plaintext, nowMs);
        return undefined;
      case FrameKind.Close: {
        const text = decodeUtf8(plaintext.subarray(frame.start, frame.end));
        this.owner.onClose(reasonOfClose(frame.code, text), nowMs);
        return undefined;
      }
      case FrameKind.PathChallenge:
        this.onPathChallenge(plaintext, frame.start, from);
        return undefined;
      case FrameKind.PathResponse:
        this.paths.onResponse(plaintext, frame.start, from, nowMs);
        return undefined;
      default:
        return undefined;
    }
  }

  private onAccept(frame: Frame, plaintext: Uint8Array, nowMs: number): void {
    const middle = frame.start + SESSION_ID_BYTES;
    const sessionId = plaintext.slice(frame.start, middle);
    const resetToken = plaintext.slice(middle, frame.end);
    if (this.exchange.onAccept(resetToken, nowMs)) this.owner.onConnected(sessionId);
  }

  private onPathChallenge(plaintext: Uint8Array, start: number, from: PeerAddress): void {
    if (!this.paths.onChallenge(plaintext, start, from)) return;
    this.control.setPathData(plaintext, start);
    this.endpoint.requestControl(ControlBit.PathResponse);
  }
}

/** Not so a challenge: a copy would be answered each time. */
function isRoomless({ kind }: Frame): boolean {
  return kind === FrameKind.Ack || kind === FrameKind.Credit || kind === FrameKind.PathResponse;
}
