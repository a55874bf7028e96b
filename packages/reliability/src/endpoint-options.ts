import type { ByteWriter } from "@sortie/wire";
import type { ByteBudget } from "./byte-budget.js";
import type { AckSample } from "./congestion/ack-sample.js";
import type { CongestionController } from "./congestion/congestion-controller.js";

/** Caps of one endpoint's queues; every one has a default, see {@link DEFAULT_LIMITS}. */
export interface EndpointLimits {
  /** bytes of payloads that wait or are not yet acknowledged. One message above half of it may go on top. */
  readonly maxQueuedBytes: number;
  /** Messages that wait or are not yet acknowledged. */
  readonly maxQueuedMessages: number;
  /** Received unreliable, sequenced and bestEffort messages the application has not polled. */
  readonly maxInboxMessages: number;
  /** bytes of these. The others are bounded by credit, which follows from `receiveWindowBytes`. */
  readonly maxInboxBytes: number;
  /** bytes (payload and overhead) of unreliable and sequenced messages that are put together. */
  readonly unreliableReassemblyBytes: number;
  /** Unreliable and sequenced messages that are put together at a time. */
  readonly unreliableReassemblySets: number;
}

export const DEFAULT_LIMITS: EndpointLimits = {
  maxQueuedBytes: 4 * 1024 * 1024,
  maxQueuedMessages: 16_384,
  maxInboxMessages: 8192,
  maxInboxBytes: 16 * 1024 * 1024,
  unreliableReassemblyBytes: 256 * 1024,
  unreliableReassemblySets: 64,
};

/**
 * Frames that are not messages. The owner gives each a bit (0..14), asks for it with `requestControl`, and writes it
 * when its turn comes. All are ack-eliciting and go ahead of messages, outside of congestion control.
 */
export interface ControlFrames {
  /** bytes the frame takes now; 0 when there is no need for it any more. */
  bytesOf(bit: number): number;
  write(bit: number, writer: ByteWriter): void;
  /** A packet that carried the frame was acknowledged. */
  onAcked(bit: number): void;
  /** Whether the frame must go again when its packet is lost. */
  resends(bit: number): boolean;
}

/** What an application sees and does of backpressure. */
export interface FlowControl {
  /** bytes of messages that wait to be sent or, where they are resent, to be acknowledged. */
  readonly queuedBytes: number;
  /**
   * While a channel (0..255) is paused, its reliable and ordered messages wait here, until the peer's credit for the
   * channel is used up and they wait there. Other modes and channels go on.
   * @throws RangeError for another channel
   */
  setPaused(channel: number, paused: boolean): void;
  /**
   * For an owner that sends once a frame of its own, as each begins and before `handleTimeout`: messages given since
   * the last one have their time from now on.
   * @param intervalMs of late from frame to frame
   */
  beginFrame(nowMs: number, intervalMs: number): void;
}

/** Sees what recovery does, for tests, logs and plots. Must not call back into the endpoint. */
export interface EndpointTrace {
  /** A packet that asked for it was acknowledged, path probes included; for the first time. */
  onPacketAcked?(packetNumber: number, nowMs: number): void;
  onPacketLost?(packetNumber: number, nowMs: number): void;
  /** A packet that was taken for lost was acknowledged after all. */
  onSpuriousLoss?(packetNumber: number, nowMs: number): void;
  /** `count`: probe timeouts in a row, from 1. */
  onProbeTimeout?(count: number, nowMs: number): void;
  /** The controller has taken an ACK in. Both arguments are live: read, not kept. */
  onCongestion?(sample: AckSample, controller: CongestionController): void;
}

/**
 * Sees what became of each ack-eliciting packet of the present path, path probes included, and how large it was: what
 * its MTU is judged by. Must not call back into the endpoint.
 */
export interface PacketFates {
  /** For the first time; perhaps of one that was taken for lost. `bytes`: whole UDP payload. */
  onPacketAcked(packetNumber: number, bytes: number): void;
  onPacketLost(packetNumber: number, bytes: number): void;
}

/** Why a peer's frame breaks the protocol; the connection is to be closed. */
export type EndpointViolation =
  /** ACK of a packet number that was not used yet. */
  | "ack-of-unsent"
  /** ACK of a packet number that was left out on purpose. */
  | "ack-of-skipped"
  /** Reliable data that the peer was given no credit for. */
  | "credit-exceeded"
  /** More reliable data under way than the receive window allows. */
  | "window-exceeded"
  /** Reliable data that waits for its missing part held memory for 30 s that others need. */
  | "reassembly-overdue"
  /** A message larger than this side takes. */
  | "message-too-large"
  /** A message ID that is 1024 or more above the oldest one missing. */
  | "id-beyond-window"
  /** A piece below 64 bytes that does not end its message. */
  | "fragment-too-small"
  /** Pieces of one reliable message that disagree on its size. */
  | "fragment-mismatch";

/** Of an owner whose time is not the machine's, as a game's is that runs slow, or stands still. */
export interface ClockLead {
  /** ms by which the machine's clock was ahead of the owner's time when the packet came that is handed in. */
  readonly leadMs: number;
}

export interface EndpointOptions {
  /** Uniform 32-bit numbers; decides which packet numbers are left out. */
  readonly randomU32: () => number;
  /** ms. The longest this side holds back an ACK. */
  readonly localMaxAckDelayMs: number;
  /**
   * ms, 0 or more. How late the owner calls `handleTimeout` when all is well, as a server does that serves timeouts
   * once a tick; with frames their interval takes its place. Later by more than 25 ms besides, the process was held up.
   * Default: `localMaxAckDelayMs`.
   */
  readonly usualDelayMs?: number | undefined;
  /** ms. The longest the peer holds back an ACK; what it claims beyond is not believed. */
  readonly peerMaxAckDelayMs: number;
  /** Whether the peer takes ACKs that say when packets came (its parameter `timedAcks`). Default false. */
  readonly peerTakesTimedAcks?: boolean | undefined;
  /**
   * Live: asked with each packet, for the times that ACKs tell. The peer compares them with a clock of its own, and
   * believes none whose clock runs slow. Default: the owner's time is that of a clock.
   */
  readonly clockLead?: ClockLead | undefined;
  /** ms, default 100: a game's round trip is shorter than the 333 ms of RFC 9002, and a wrong guess costs one probe. */
  readonly initialRttMs?: number | undefined;
  /** bytes. The whole UDP payload the path carries. */
  readonly maxDatagramBytes: number;
  /** bytes of a datagram that are not frames: header and tag. Default 25. */
  readonly packetOverheadBytes?: number | undefined;
  /** bytes. Largest message the peer takes. */
  readonly peerMaxMessageBytes: number;
  /** bytes of fragmented messages the peer holds for us. */
  readonly peerReceiveWindowBytes: number;
  /** bytes. Largest message this side takes. */
  readonly maxMessageBytes: number;
  /** bytes of fragmented messages this side holds for the peer. */
  readonly receiveWindowBytes: number;
  readonly limits?: Partial<EndpointLimits> | undefined;
  /** By channel, integers in 1..255: shares of the bytes where channels of one priority compete. Default 1. */
  readonly channelWeights?: Readonly<Record<number, number>> | undefined;
  /** ms. Longest that an unreliable or sequenced message waits to be sent. Default 100. */
  readonly maxUnreliableWaitMs?: number | undefined;
  /** Shared by all endpoints of the process: bytes held for messages that are not whole or not in order. */
  readonly reassemblyBudget?: ByteBudget | undefined;
  /** Default: {@link AdaptiveRate}. */
  readonly congestion?: CongestionController | undefined;
  readonly control: ControlFrames;
  readonly trace?: EndpointTrace | undefined;
  readonly fates?: PacketFates | undefined;
  /** Default 0. Tests start near the edges. */
  readonly initialPacketNumber?: number | undefined;
  /** Default 0. Both sides' first message ID on every channel; tests start near the wrap. */
  readonly initialMessageId?: number | undefined;
}
