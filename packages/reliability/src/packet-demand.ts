import {
  DeliveryCode,
  type Frame,
  FrameKind,
  MAX_DATAGRAM_BYTES,
  type PacketFrames,
  sequenceAdd,
  sequenceDistance,
} from "@sortie/wire";
import type { OrderedReceive } from "./channels/ordered.js";
import type { ReceiveChannels } from "./channels/receive-channels.js";
import { retransmits } from "./delivery.js";
import { EARLY_OVERHEAD_BYTES } from "./early-cost.js";
import { CHUNK_COST_BYTES, type FragmentSet, SEGMENT_COST_BYTES, SET_COST_BYTES } from "./fragment-set.js";
import { MIN_FRAGMENT_BYTES } from "./fragmenter.js";
import { keyOf, type Reassembly } from "./reassembly.js";

const CHANNELS = 256;

/**
 * What a packet would add to the memory that is held, asked before any of its frames is applied: nothing for what is
 * known, less than nothing for what completes a message or is awaited by others. It may say too much; too little only
 * by what the endpoint's own bestEffort pieces bring anew, where those before were given up for it. Unreliable and
 * sequenced pieces are left out: they have to do with what is left.
 *
 * One for all endpoints, as it is of use for the time of one packet only.
 */
export class PacketDemand {
  /** bytes; negative where the packet frees more than it brings. */
  bytes = 0;
  /** Whether reliable or ordered data needs memory. */
  isLossless = false;
  /** Whether it brings part of a reliable or ordered message that was begun, or is awaited, since the time given. */
  finishes = false;
  /** By channel: ID of the ordered message that is next after the frames looked at so far; -1: not looked up. */
  private readonly nextIds = new Int32Array(CHANNELS);
  private round = 0;

  /** @param sinceMs for `finishes` */
  measure(
    frames: PacketFrames,
    channels: ReceiveChannels,
    reassembly: Reassembly,
    sinceMs: number,
    nowMs: number,
  ): void {
    this.bytes = 0;
    this.isLossless = false;
    this.finishes = false;
    this.nextIds.fill(-1);
    this.round = (this.round + 1) | 0;
    for (let i = 0; i < frames.count; i++) {
      const frame = frames.at(i);
      const isFragment = frame.kind === FrameKind.Fragment;
      if ((!isFragment && frame.kind !== FrameKind.Message) || !retransmits(frame.delivery)) continue;
      // Reliable and bestEffort messages that come whole are delivered at once.
      if (!isFragment && frame.delivery !== DeliveryCode.Ordered) continue;
      if (channels.check(frame.delivery, frame.channel, frame.messageId, Infinity) !== "new") continue;
      if (frame.delivery === DeliveryCode.Ordered && isAwaited(frame, channels, sinceMs)) this.finishes = true;
      if (isFragment) this.addFragment(frame, channels, reassembly, sinceMs, nowMs);
      else this.add(this.placeOrdered(frame, frame.end - frame.start, channels), frame.delivery);
    }
  }

  private addFragment(
    frame: Frame,
    channels: ReceiveChannels,
    reassembly: Reassembly,
    sinceMs: number,
    nowMs: number,
  ): void {
    const { delivery, channel, messageId, totalBytes, offset } = frame;
    const length = frame.end - frame.start;
    const set = reassembly.known(delivery)?.setOf(keyOf(delivery, channel, messageId), nowMs);
    if (set === undefined) return this.add(costOfNew(length, totalBytes), delivery);
    const isBestEffort = delivery === DeliveryCode.BestEffort;
    if (set.totalBytes !== totalBytes) {
      // The set goes, and the message's next piece begins another. Where nothing may be lost the connection ends.
      if (isBestEffort) this.add(costOfNew(length, totalBytes), delivery);
      return;
    }
    const newBytes = set.absentBytes(offset, offset + length);
    if (newBytes === 0) return;
    if (!isBestEffort && set.startedAtMs <= sinceMs) this.finishes = true;
    if (set.held.total + newBytes === totalBytes) return this.addCompleted(frame, set, channels);
    const growth = this.growthOf(set, newBytes) + stretchCost(length);
    // Its set may make room for another of the packet's pieces, and be begun anew.
    this.add(isBestEffort ? Math.max(growth, costOfNew(length, totalBytes)) : growth, delivery);
  }

  /** The piece completes its message: what the set takes is free again, once. */
  private addCompleted(frame: Frame, set: FragmentSet, channels: ReceiveChannels): void {
    const { delivery } = frame;
    const isFirst = set.demandRound !== this.round || set.demandBytes !== Infinity;
    set.demandRound = this.round;
    set.demandBytes = Infinity;
    if (!isFirst || delivery === DeliveryCode.BestEffort) return;
    const placed = delivery === DeliveryCode.Ordered ? this.placeOrdered(frame, frame.totalBytes, channels) : 0;
    const net = placed - set.chargedBytes;
    // What an old packet seems to bring may come to nothing.
    this.add(channels.tellsAllPackets(delivery, frame.channel) ? net : Math.max(0, net), delivery);
  }

  /** bytes that a whole ordered message takes until its turn; when it is, less those of the ones that waited for it. */
  private placeOrdered({ channel, messageId }: Frame, bytes: number, channels: ReceiveChannels): number {
    let next = this.nextIds[channel] as number;
    if (next < 0) next = channels.nextOrderedId(channel);
    const ahead = sequenceDistance(messageId, next);
    if (ahead > 0) return bytes + EARLY_OVERHEAD_BYTES;
    if (ahead < 0) return 0;
    next = sequenceAdd(next, 1);
    let freed = 0;
    // What an old packet seems to bring may come to nothing.
    if (channels.tellsAllPackets(DeliveryCode.Ordered, channel)) {
      const receive = channels.known(DeliveryCode.Ordered, channel) as OrderedReceive | undefined;
      for (let held = receive?.held(next); held !== undefined; held = receive?.held(next)) {
        freed += held.payload.length + EARLY_OVERHEAD_BYTES;
        next = sequenceAdd(next, 1);
      }
    }
    this.nextIds[channel] = next;
    return -freed;
  }

  /** bytes of the chunk that the set needs for `newBytes` more, on top of those asked for before in this packet. */
  private growthOf(set: FragmentSet, newBytes: number): number {
    const before = set.demandRound === this.round ? set.demandBytes : 0;
    set.demandRound = this.round;
    set.demandBytes = before + newBytes;
    return chunkCost(set, before + newBytes) - chunkCost(set, before);
  }

  private add(bytes: number, delivery: DeliveryCode): void {
    this.bytes += bytes;
    if (bytes > 0 && delivery !== DeliveryCode.BestEffort) this.isLossless = true;
  }
}

function isAwaited({ channel, messageId }: Frame, channels: ReceiveChannels, sinceMs: number): boolean {
  const receive = channels.known(DeliveryCode.Ordered, channel) as OrderedReceive | undefined;
  return receive?.isAwaited(messageId, sinceMs) === true;
}

/** bytes for a piece of a message of which none is held or, if that is more, for the next one in the same packet. */
function costOfNew(length: number, totalBytes: number): number {
  const first = length + SET_COST_BYTES;
  const next = Math.min(totalBytes, MAX_DATAGRAM_BYTES) + CHUNK_COST_BYTES;
  return Math.max(first, next) + stretchCost(length);
}

/** bytes. A piece may fill several holes, with at least 64 bytes that are held between two of them. */
function stretchCost(length: number): number {
  return (1 + Math.floor(length / MIN_FRAGMENT_BYTES)) * SEGMENT_COST_BYTES;
}

function chunkCost(set: FragmentSet, newBytes: number): number {
  const bytes = set.growth(newBytes);
  return bytes === 0 ? 0 : bytes + CHUNK_COST_BYTES;
}
