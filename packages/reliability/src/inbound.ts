import { DeliveryCode, type Frame, MAX_FRAMES_PER_PACKET, type PacketFrames } from "@sortie/wire";
import { BudgetShare } from "./budget-share.js";
import type { ByteBudget, ShareOwner } from "./byte-budget.js";
import { BestEffortReceive } from "./channels/best-effort.js";
import { OrderedReceive } from "./channels/ordered.js";
import { type KeptReceive, ReceiveChannels } from "./channels/receive-channels.js";
import { SequencedReceive } from "./channels/sequenced.js";
import { retransmits } from "./delivery.js";
import { isCredited, isCreditedMode } from "./credit.js";
import { EARLY_OVERHEAD_BYTES } from "./early-cost.js";
import type { EndpointLimits, EndpointOptions, EndpointViolation } from "./endpoint-options.js";
import { SMALL_WINDOW_BYTES } from "./flow-window.js";
import { CHUNK_COST_BYTES, MAX_CHUNK_BYTES, SEGMENT_COST_BYTES } from "./fragment-set.js";
import { MIN_FRAGMENT_BYTES } from "./fragmenter.js";
import type { Inbox, InboundMessage } from "./inbox.js";
import { PacketDemand } from "./packet-demand.js";
import { ReceiveCredit } from "./receive-credit.js";
import type { ReassemblyVerdict } from "./reassembler.js";
import { keyOf, Reassembly, type ReassemblyLimits } from "./reassembly.js";
import { type OwnBytes, ownPayload, receivedPayload } from "./received-payload.js";
import { countMessage, countUnreliable, type MutableStatistics } from "./statistics.js";

/**
 * Times what a sender charges that its messages may take here, overhead included, so that one who keeps to its windows
 * cannot get beyond. A message of 1200 bytes in legal pieces of 64 is charged 1200 + 19 x 48 + 256 + 1024 bytes here,
 * and 1328 there; an empty one that came early 384 and 128.
 */
const WINDOW_FACTOR = 3;
/** bytes on top of that: ends of messages, which may be smaller, and whole messages cut after the path's MTU fell. */
const WINDOW_SLACK_BYTES: number = 256 * 1024;
/** bytes. No packet takes more: its pieces have 1452 bytes, and each may need a chunk, and a hole of its own. */
const MOST_PER_PACKET_BYTES: number =
  MAX_FRAMES_PER_PACKET * (MAX_CHUNK_BYTES + CHUNK_COST_BYTES + 2 * SEGMENT_COST_BYTES);

/** Of the packet that is being asked about. */
const demand = new PacketDemand();

/** Receiving side: tells new messages from old ones, puts pieces together, restores order, and fills the inbox. */
export class Inbound implements ShareOwner {
  readonly credit: ReceiveCredit;
  private readonly inbox: Inbox;
  private readonly statistics: MutableStatistics;
  private readonly maxMessageBytes: number;
  private readonly budget: ByteBudget | undefined;
  /** bytes that reliable and ordered messages may take, in pieces or early. */
  private readonly windowBytes: number;
  private revoked = false;
  /** ms. Since when the ordered message is held that came early first; to be looked up anew when it is stale. */
  private earlySinceMs = Infinity;
  private isEarlyStale = false;
  /** bytes of ordered messages that came early, overhead included. */
  private earlyBytes = 0;
  private readonly limits: ReassemblyLimits;
  /** Made when something is to be held that is not whole or early, or the budget is short. */
  private held: Reassembly | undefined = undefined;
  private readonly channels: ReceiveChannels;
  private readonly sequencedChannels: (SequencedReceive | undefined)[] = [];
  private sequencedCount = 0;

  constructor(options: EndpointOptions, limits: EndpointLimits, inbox: Inbox, statistics: MutableStatistics) {
    this.inbox = inbox;
    this.credit = new ReceiveCredit(options.receiveWindowBytes, options.maxMessageBytes);
    this.statistics = statistics;
    this.maxMessageBytes = options.maxMessageBytes;
    this.channels = new ReceiveChannels(options.initialMessageId ?? 0);
    this.budget = options.reassemblyBudget;
    // Small messages come whole, so that pieces are bounded more closely.
    const windowBytes = options.receiveWindowBytes * WINDOW_FACTOR + SMALL_WINDOW_BYTES + WINDOW_SLACK_BYTES;
    this.windowBytes = windowBytes + SMALL_WINDOW_BYTES * (WINDOW_FACTOR - 1);
    const { unreliableReassemblyBytes: lossyBytes, unreliableReassemblySets: lossySets } = limits;
    this.limits = { lossyBytes, lossySets, windowBytes };
  }

  /** Whether ordered messages wait for earlier ones: their sender may have been told that they arrived. */
  get holdsEarly(): boolean {
    return this.earlyBytes > 0;
  }

  /** Brings its part of the statistics up to date. */
  gauge(counters: MutableStatistics): void {
    const { held } = this;
    counters.reassembliesActive = held?.sets ?? 0;
    counters.reassembliesExpired = held?.expiredSets ?? 0;
    counters.reassembliesMismatched = held?.mismatchedSets ?? 0;
    counters.heldBytes = (held?.chargedBytes ?? 0) + this.earlyBytes;
    counters.receiveChannels = this.channels.count + this.sequencedCount;
    countUnreliable(counters.messagesReceived, this.inbox.arrivals);
  }

  /** See `ReliableEndpoint.canAccept`. */
  canAccept(frames: PacketFrames, nowMs: number): boolean {
    this.held?.share.reserve(0);
    if (this.budget === undefined || this.budget.fits(MOST_PER_PACKET_BYTES) || this.revoked) return true;
    const { share } = this.reassembly;
    demand.measure(frames, this.channels, this.reassembly, share.mayFinishMs, nowMs);
    const { bytes } = demand;
    if (bytes <= 0) return true;
    if (share.makeRoom(bytes, nowMs) || (demand.isLossless && share.takeTurn(nowMs, demand.finishes))) {
      share.reserve(bytes);
      return true;
    }
    // Its own share may have been taken: then its frames are to say so.
    if (this.revoked) return true;
    this.statistics.packetsRefused += 1;
    return false;
  }

  /** ms; Infinity when nothing waits. See `ShareOwner`. */
  get waitingSinceMs(): number {
    if (this.isEarlyStale) {
      this.isEarlyStale = false;
      this.earlySinceMs = this.channels.earlySinceMs;
    }
    return Math.min(this.held?.losslessSinceMs ?? Infinity, this.earlySinceMs);
  }

  dropLossy(): void {
    this.held?.dropLossy();
  }

  revoke(): void {
    this.revoked = true;
    this.free();
  }

  onMessage(frame: Frame, bytes: Uint8Array, packetNumber: number, nowMs: number): EndpointViolation | undefined {
    const { delivery, channel, messageId, start, end } = frame;
    if (this.revoked) return "reassembly-overdue";
    if (end - start > this.maxMessageBytes) return "message-too-large";
    if (delivery === DeliveryCode.Unreliable) {
      this.deliver(this.payloadOf(bytes, start, end, false), channel, delivery);
      return undefined;
    }
    if (delivery === DeliveryCode.Sequenced) {
      if (this.isNewest(channel, packetNumber))
        this.deliver(this.payloadOf(bytes, start, end, false), channel, delivery);
      return undefined;
    }
    const verdict = this.channels.check(delivery, channel, messageId, packetNumber);
    if (verdict === "beyond") return "id-beyond-window";
    if (verdict !== "new") {
      this.statistics.duplicatesRejected += 1;
      return undefined;
    }
    const receive = this.channels.of(delivery, channel);
    // Pieces of it may be here: the sender turned to sending it whole when the path's MTU rose.
    this.held?.known(delivery)?.remove(keyOf(delivery, channel, messageId));
    const isEarly = receive instanceof OrderedReceive && receive.distance(messageId) > 0;
    const payload = this.payloadOf(bytes, start, end, isEarly || this.inbox.isPaused(channel));
    return this.accept(receive, delivery, channel, messageId, payload, packetNumber, nowMs);
  }

  onFragment(frame: Frame, bytes: Uint8Array, packetNumber: number, nowMs: number): EndpointViolation | undefined {
    const { delivery, channel, messageId, totalBytes } = frame;
    if (this.revoked) return "reassembly-overdue";
    const length = frame.end - frame.start;
    if (totalBytes > this.maxMessageBytes) return "message-too-large";
    if (length < MIN_FRAGMENT_BYTES && frame.offset + length !== totalBytes) return "fragment-too-small";
    this.statistics.fragmentsReceived += 1;
    const isKept = retransmits(delivery);
    const known = isKept ? this.channels.check(delivery, channel, messageId, packetNumber) : "new";
    if (known === "beyond") return "id-beyond-window";
    if (known !== "new") {
      this.statistics.duplicatesRejected += 1;
      return undefined;
    }
    const { start, end, offset } = frame;
    const reassembler = this.reassembly.of(delivery);
    const key = keyOf(delivery, channel, messageId);
    const verdict = reassembler.add(key, delivery, totalBytes, offset, bytes, start, end, packetNumber, nowMs);
    if (verdict !== "complete") return this.onIncomplete(verdict, delivery);
    const payload = reassembler.takeComplete();
    if (isKept) {
      const receive = this.channels.of(delivery, channel);
      return this.accept(receive, delivery, channel, messageId, payload, packetNumber, nowMs);
    }
    if (delivery === DeliveryCode.Unreliable || this.isNewest(channel, reassembler.completedOrder)) {
      this.deliver(payload, channel, delivery);
    }
    return undefined;
  }

  /** ms; Infinity when nothing ages. */
  nextExpiryAt(): number {
    return this.held?.nextExpiryAt() ?? Infinity;
  }

  expire(nowMs: number): void {
    this.held?.expire(nowMs);
  }

  poll(): InboundMessage | undefined {
    const message = this.inbox.poll();
    if (message === undefined) return undefined;
    if (isCreditedMode(message.delivery)) this.credit.onRead(message.channel, message.payload.length);
    return message;
  }

  /** Frees everything that is held; what the inbox has can still be polled, that of paused channels too. */
  close(): void {
    this.inbox.end();
    this.free();
    this.credit.close();
  }

  private get reassembly(): Reassembly {
    this.held ??= new Reassembly(this.limits, new BudgetShare(this.budget, this));
    return this.held;
  }

  private free(): void {
    this.held?.clear();
    this.held?.share.release(this.earlyBytes);
    this.held?.share.leave();
    this.earlyBytes = 0;
    this.earlySinceMs = Infinity;
    this.isEarlyStale = false;
    this.channels.clear();
  }

  private onIncomplete(verdict: ReassemblyVerdict, delivery: DeliveryCode): EndpointViolation | undefined {
    if (verdict === "duplicate") this.statistics.duplicatesRejected += 1;
    if (delivery < DeliveryCode.Reliable) return undefined;
    if (verdict === "mismatch") return "fragment-mismatch";
    if (verdict === "budget") return "window-exceeded";
    return this.checkWindow();
  }

  /** Takes in a whole message with an ID that is new. */
  private accept(
    receive: KeptReceive,
    delivery: DeliveryCode,
    channel: number,
    id: number,
    payload: OwnBytes,
    packetNumber: number,
    nowMs: number,
  ): EndpointViolation | undefined {
    if (isCredited(delivery) && !this.credit.onReceived(channel, payload.length)) return "credit-exceeded";
    if (receive instanceof OrderedReceive) {
      if (receive.distance(id) > 0) return this.holdEarly(receive, id, payload, nowMs);
      this.deliver(payload, channel, delivery);
      for (let next = receive.advance(packetNumber); next !== undefined; next = receive.advance(packetNumber)) {
        this.releaseEarly(next);
        this.deliver(next, channel, delivery);
      }
      return undefined;
    }
    this.deliver(payload, channel, delivery);
    if (receive instanceof BestEffortReceive) this.forget(channel, receive.base, receive.accept(id, packetNumber));
    else receive.accept(id, packetNumber);
    return undefined;
  }

  /** Drops pieces of `count` IDs that fell out of the window: never to be delivered, and the IDs will come again. */
  private forget(channel: number, firstId: number, count: number): void {
    const reassembler = this.held?.known(DeliveryCode.BestEffort);
    if (reassembler === undefined || reassembler.sets === 0) return;
    reassembler.removeRange(keyOf(DeliveryCode.BestEffort, channel, firstId), count);
  }

  private holdEarly(
    receive: OrderedReceive,
    id: number,
    payload: OwnBytes,
    nowMs: number,
  ): EndpointViolation | undefined {
    const bytes = payload.length + EARLY_OVERHEAD_BYTES;
    receive.hold(id, payload, nowMs);
    if (this.earlyBytes === 0) this.earlySinceMs = nowMs;
    this.earlyBytes += bytes;
    this.reassembly.share.charge(bytes);
    return this.checkWindow();
  }

  private releaseEarly(payload: Uint8Array): void {
    const bytes = payload.length + EARLY_OVERHEAD_BYTES;
    this.earlyBytes -= bytes;
    this.reassembly.share.release(bytes);
    this.isEarlyStale = this.earlyBytes > 0;
    this.earlySinceMs = Infinity;
  }

  /** Of what waits a few bytes could keep a chunk alive, which nobody is charged for. */
  private payloadOf(bytes: Uint8Array, start: number, end: number, waits: boolean): OwnBytes {
    return waits || !this.inbox.isRead ? ownPayload(bytes, start, end) : receivedPayload(bytes, start, end);
  }

  private checkWindow(): EndpointViolation | undefined {
    return this.earlyBytes + (this.held?.losslessBytes ?? 0) > this.windowBytes ? "window-exceeded" : undefined;
  }

  private isNewest(channel: number, packetNumber: number): boolean {
    let receive = this.sequencedChannels[channel];
    if (receive === undefined) {
      receive = new SequencedReceive();
      this.sequencedChannels[channel] = receive;
      this.sequencedCount += 1;
    }
    if (receive.accept(packetNumber)) return true;
    this.statistics.staleSequenced += 1;
    return false;
  }

  private deliver(payload: OwnBytes, channel: number, delivery: DeliveryCode): void {
    if (delivery !== DeliveryCode.Unreliable) countMessage(this.statistics.messagesReceived, delivery);
    this.inbox.push(payload, channel, delivery);
  }
}
