import { DeliveryCode } from "@sortie/wire";
import type { CongestionController } from "./congestion/congestion-controller.js";

/** Counters of one endpoint since it began, and gauges of now. Arrays are indexed by `DeliveryCode`. */
export interface EndpointStatistics {
  /** Packets with frames of this endpoint, ACK-only ones and path probes included. */
  readonly packetsSent: number;
  readonly packetsAcked: number;
  /** Ack-eliciting packets taken for lost. */
  readonly packetsLost: number;
  /** Of those, acknowledged after all. */
  readonly spuriousLosses: number;
  readonly probeTimeouts: number;
  /** Accepted by `send`. */
  readonly messagesSent: readonly number[];
  /** Put into the inbox. */
  readonly messagesReceived: readonly number[];
  /** Refused by `send`. */
  readonly messagesRefused: number;
  /** Sent messages whose outcome was "dropped". */
  readonly messagesDropped: number;
  /** Of those, sequenced messages replaced by a newer one before they went. */
  readonly messagesSuperseded: number;
  /** Of those, unreliable and sequenced messages that waited too long for their turn. */
  readonly messagesShed: number;
  /** Sent messages whose outcome was "expired". */
  readonly messagesExpired: number;
  /** Frames with message bytes that were sent before. */
  readonly retransmittedMessages: number;
  readonly retransmittedBytes: number;
  readonly fragmentsSent: number;
  readonly fragmentsReceived: number;
  /** Messages that are being put together. */
  readonly reassembliesActive: number;
  /** Sets given up for their age, or pushed out by newer ones. */
  readonly reassembliesExpired: number;
  /** Unreliable or bestEffort sets given up because their pieces disagreed. */
  readonly reassembliesMismatched: number;
  /** Messages and pieces that had been received before, or are too old to tell. */
  readonly duplicatesRejected: number;
  /** Sequenced messages older than the newest delivered. */
  readonly staleSequenced: number;
  /** Unreliable messages dropped because the inbox was full. */
  readonly inboxDropped: number;
  /** Packets refused because buffers for reliable data were full. */
  readonly packetsRefused: number;
  /** Ack-eliciting packets neither acknowledged nor taken for lost. */
  readonly packetsInFlight: number;
  /** Of those that were sent on the present path: what its window is compared with. */
  readonly bytesInFlight: number;
  /** Channels with something to send that wait for credit: the peer's application does not read. */
  readonly blockedChannels: number;
  readonly queuedBytes: number;
  /** Messages that wait or, when they are resent, are not yet acknowledged. */
  readonly queuedMessages: number;
  readonly inboxMessages: number;
  readonly inboxBytes: number;
  /** bytes held (overhead included) for messages that are not whole or not in order. */
  readonly heldBytes: number;
  /** Channels in one of their modes on which messages are told apart by ID or order, as something new came there. */
  readonly receiveChannels: number;
  /** bytes that may be in flight; Infinity when only the rate is limited. */
  readonly congestionWindowBytes: number;
  /** bytes/s at which packets are let through. */
  readonly paceBytesPerSecond: number;
  /** bytes/s that the path is thought to carry; 0 while nothing is known, or by a controller that does not ask. */
  readonly bandwidthBytesPerSecond: number;
  /** bytes/s. The last sample of how fast data arrives; 0 before the first. */
  readonly deliveryRateBytesPerSecond: number;
  /** Whether what is in flight was sent for want of more data: then rates show the application, not the path. */
  readonly isAppLimited: boolean;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] extends readonly number[] ? number[] : T[K] };

/** The endpoint's own view, which its parts count in. */
export type MutableStatistics = Writable<EndpointStatistics>;

export function createStatistics(): MutableStatistics {
  return {
    packetsSent: 0,
    packetsAcked: 0,
    packetsLost: 0,
    spuriousLosses: 0,
    probeTimeouts: 0,
    messagesSent: [0, 0, 0, 0, 0],
    messagesReceived: [0, 0, 0, 0, 0],
    messagesRefused: 0,
    messagesDropped: 0,
    messagesSuperseded: 0,
    messagesShed: 0,
    messagesExpired: 0,
    retransmittedMessages: 0,
    retransmittedBytes: 0,
    fragmentsSent: 0,
    fragmentsReceived: 0,
    reassembliesActive: 0,
    reassembliesExpired: 0,
    reassembliesMismatched: 0,
    duplicatesRejected: 0,
    staleSequenced: 0,
    inboxDropped: 0,
    packetsRefused: 0,
    packetsInFlight: 0,
    bytesInFlight: 0,
    blockedChannels: 0,
    queuedBytes: 0,
    queuedMessages: 0,
    inboxMessages: 0,
    inboxBytes: 0,
    heldBytes: 0,
    receiveChannels: 0,
    congestionWindowBytes: 0,
    paceBytesPerSecond: 0,
    bandwidthBytesPerSecond: 0,
    deliveryRateBytesPerSecond: 0,
    isAppLimited: false,
  };
}

/** Counts a message of any mode but unreliable. */
export function countMessage(counts: number[], delivery: DeliveryCode): void {
  counts[delivery] = (counts[delivery] as number) + 1;
}

/**
 * Unreliable messages are what the other modes leave of all, which are counted anyway: where most traffic is of them, a
 * message has two lines of memory less to fetch.
 */
export function countUnreliable(counts: number[], all: number): void {
  counts[DeliveryCode.Unreliable] = 0;
  counts[DeliveryCode.Unreliable] = counts.reduce((rest, count) => rest - count, all);
}

/**
 * Brings the gauges of congestion control up to date. Where an application's controller throws they stay as they were:
 * whoever reads statistics, also after the end, cannot help it. The fault is told where its answers are acted on.
 */
export function gaugeCongestion(statistics: MutableStatistics, congestion: CongestionController): void {
  try {
    statistics.congestionWindowBytes = congestion.windowBytes;
    statistics.paceBytesPerSecond = congestion.paceBytesPerSecond;
    statistics.bandwidthBytesPerSecond = congestion.bandwidthBytesPerSecond;
  } catch {
    // See above.
  }
}
