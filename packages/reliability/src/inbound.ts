import { DeliveryCode, type Frame, FrameKind, type PacketFrames } from "@sortie/wire";
import { BudgetShare } from "./budget-share.js";
import type { ShareOwner } from "./byte-budget.js";
import { BestEffortReceive } from "./channels/best-effort.js";
import { OrderedReceive } from "./channels/ordered.js";
import { ReliableReceive } from "./channels/reliable.js";
import { SequencedReceive } from "./channels/sequenced.js";
import { retransmits } from "./delivery.js";
import { isCredited } from "./credit.js";
import type { EndpointLimits, EndpointOptions, EndpointViolation } from "./endpoint-options.js";
import { MESSAGE_OVERHEAD_BYTES, SMALL_WINDOW_BYTES } from "./flow-window.js";
import { SEGMENT_COST_BYTES } from "./fragment-set.js";
import { MIN_FRAGMENT_BYTES } from "./fragmenter.js";
import type { Inbox, InboundMessage } from "./inbox.js";
import { ReceiveCredit } from "./receive-credit.js";
import type { ReassemblyVerdict } from "./reassembler.js";
import { Reassembly } from "./reassembly.js";
import { ownPayload, receivedPayload } from "./received-payload.js";
import type { MutableStatistics } from "./statistics.js";

/**
 * Times the receive window that pieces may take here, overhead included: a message of 1200 bytes in legal pieces of 64
 * is charged 1200 + 19 x 48 + 256 + 1024 bytes, and the sender charges 1328, so that one who keeps to the window cannot
 * get beyond.
 */
const WINDOW_FACTOR = 3;
/** bytes on top of that: ends of messages, which may be smaller, and whole messages cut after the path's MTU fell. */
const WINDOW_SLACK_BYTES: number = 256 * 1024;
type KeptReceive = BestEffortReceive | ReliableReceive | OrderedReceive;

/** Receiving side: tells new messages from old ones, puts pieces together, restores order, and fills the inbox. */
export class Inbound implements ShareOwner {
  readonly credit: ReceiveCredit;
  private readonly inbox: Inbox;
  private readonly statistics: MutableStatistics;
  private readonly maxMessageBytes: number;
  private readonly firstId: number;
  private readonly share: BudgetShare;
  private readonly windowBytes: number;
  private revoked = false;
  /** ms. Since when ordered messages that came early are held. */
  private earlySinceMs = Infinity;
  /** bytes of ordered messages that came early, overhead included. */
  private earlyBytes = 0;
  /** The part of them that the process budget is charged with. */
  private earlyCharged = 0;
  private readonly reassembly: Reassembly;
  private readonly sequencedChannels: (SequencedReceive | undefined)[] = [];
  /** By delivery code less that of bestEffort, then by channel; made on first use. */
  private readonly keptChannels: (KeptReceive | undefined)[][] = [[], [], []];

  constructor(options: EndpointOptions, limits: EndpointLimits, inbox: Inbox, statistics: MutableStatistics) {
    this.inbox = inbox;
    this.credit = new ReceiveCredit(options.receiveWindowBytes, options.maxMessageBytes);
    this.statistics = statistics;
    this.maxMessageBytes = options.maxMessageBytes;
    this.firstId = options.initialMessageId ?? 0;
    this.share = new BudgetShare(options.reassemblyBudget, this);
    this.windowBytes = options.receiveWindowBytes * WINDOW_FACTOR + SMALL_WINDOW_BYTES + WINDOW_SLACK_BYTES;
    const { windowBytes } = this;
    const { unreliableReassemblyBytes: lossyBytes, unreliableReassemblySets: lossySets } = limits;
    this.reassembly = new Reassembly({ lossyBytes, lossySets, windowBytes }, this.share);
  }

  /** Whether ordered messages wait for earlier ones: their sender may have been told that they arrived. */
  get holdsEarly(): boolean {
    return this.earlyBytes > 0;
  }

  /** Brings its part of the statistics up to date. */
  gauge(counters: MutableStatistics): void {
    const { reassembly } = this;
    counters.reassembliesActive = reassembly.sets;
    counters.reassembliesExpired = reassembly.expiredSets;
    counters.reassembliesMismatched = reassembly.mismatchedSets;
    counters.heldBytes = reassembly.chargedBytes + this.earlyBytes;
  }

  /** See `ReliableEndpoint.canAccept`. */
  canAccept(frames: PacketFrames, nowMs: number): boolean {
    let neededBytes = 0;
    let ordered = 0;
    for (let i = 0; i < frames.count; i++) {
      const frame = frames.at(i);
      const isFragment = frame.kind === FrameKind.Fragment;
      if ((!isFragment && frame.kind !== FrameKind.Message) || !retransmits(frame.delivery)) continue;
      const bytes = frame.end - frame.start;
      if (isFragment) neededBytes += this.mostCharged(frame);
      else if (this.comesEarly(frame, ordered)) neededBytes += bytes + MESSAGE_OVERHEAD_BYTES;
      if (frame.delivery === DeliveryCode.Ordered) ordered += 1;
    }
    if (neededBytes === 0 || this.share.makeRoom(neededBytes, nowMs)) return true;
    this.statistics.packetsRefused += 1;
    return false;
  }

  /** ms; Infinity when nothing waits. See `ShareOwner`. */
  get waitingSinceMs(): number {
    return Math.min(this.reassembly.losslessSinceMs, this.earlySinceMs);
  }

  dropLossy(): void {
    this.reassembly.dropLossy();
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
      this.deliver(receivedPayload(bytes, start, end), channel, delivery);
      return undefined;
    }
    if (delivery === DeliveryCode.Sequenced) {
      if (this.isNewest(channel, packetNumber)) this.deliver(receivedPayload(bytes, start, end), channel, delivery);
      return undefined;
    }
    const receive = this.receiver(delivery, channel);
    const verdict = receive.check(messageId, packetNumber);
    if (verdict === "beyond") return "id-beyond-window";
    if (verdict !== "new") {
      this.statistics.duplicatesRejected += 1;
      return undefined;
    }
    // Pieces of it may be here: the sender turned to sending it whole when the path's MTU rose.
    this.reassembly.known(delivery)?.remove(keyOf(delivery, channel, messageId));
    const isEarly = receive instanceof OrderedReceive && receive.distance(messageId) > 0;
    const payload =
      isEarly || this.inbox.isPaused(channel) ? ownPayload(bytes, start, end) : receivedPayload(bytes, start, end);
    return this.accept(receive, delivery, channel, messageId, payload, packetNumber, nowMs);
  }

  onFragment(frame: Frame, bytes: Uint8Array, packetNumber: number, nowMs: number): EndpointViolation | undefined {
    const { delivery, channel, messageId, totalBytes } = frame;
    if (this.revoked) return "reassembly-overdue";
    const length = frame.end - frame.start;
    if (totalBytes > this.maxMessageBytes) return "message-too-large";
    if (length < MIN_FRAGMENT_BYTES && frame.offset + length !== totalBytes) return "fragment-too-small";
    this.statistics.fragmentsReceived += 1;
    const receive = retransmits(delivery) ? this.receiver(delivery, channel) : undefined;
    const known = receive?.check(messageId, packetNumber) ?? "new";
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
    if (receive !== undefined) return this.accept(receive, delivery, channel, messageId, payload, packetNumber, nowMs);
    if (delivery === DeliveryCode.Unreliable || this.isNewest(channel, reassembler.completedOrder)) {
      this.deliver(payload, channel, delivery);
    }
    return undefined;
  }

  /** ms; Infinity when nothing ages. */
  nextExpiryAt(): number {
    return this.reassembly.nextExpiryAt();
  }

  expire(nowMs: number): void {
    this.reassembly.expire(nowMs);
  }

  poll(): InboundMessage | undefined {
    const message = this.inbox.poll();
    if (message === undefined) return undefined;
    const { delivery, channel, payload } = message;
    if (delivery === "reliable" || delivery === "ordered") this.credit.onRead(channel, payload.length);
    return message;
  }

  /** Frees everything that is held; what the inbox has can still be polled. */
  close(): void {
    this.free();
    this.credit.close();
  }

  private free(): void {
    this.reassembly.clear();
    this.share.release(this.earlyCharged);
    this.earlyCharged = 0;
    this.earlyBytes = 0;
    this.earlySinceMs = Infinity;
    for (const family of this.keptChannels) family.length = 0;
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
    payload: Uint8Array,
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
    const reassembler = this.reassembly.known(DeliveryCode.BestEffort);
    if (reassembler === undefined || reassembler.sets === 0) return;
    for (let i = 0; i < count; i++) {
      reassembler.remove(keyOf(DeliveryCode.BestEffort, channel, (firstId + i) & 0xffff));
    }
  }

  private holdEarly(
    receive: OrderedReceive,
    id: number,
    payload: Uint8Array,
    nowMs: number,
  ): EndpointViolation | undefined {
    const bytes = payload.length + MESSAGE_OVERHEAD_BYTES;
    receive.hold(id, payload);
    if (this.earlyBytes === 0) this.earlySinceMs = nowMs;
    this.earlyBytes += bytes;
    // `canAccept` saw that there is room; should the process budget be short all the same, the window still bounds it.
    if (this.share.tryCharge(bytes)) this.earlyCharged += bytes;
    return this.checkWindow();
  }

  private releaseEarly(payload: Uint8Array): void {
    const bytes = payload.length + MESSAGE_OVERHEAD_BYTES;
    this.earlyBytes -= bytes;
    if (this.earlyBytes === 0) this.earlySinceMs = Infinity;
    const charged = Math.min(bytes, this.earlyCharged);
    this.share.release(charged);
    this.earlyCharged -= charged;
  }

  private checkWindow(): EndpointViolation | undefined {
    return this.earlyBytes + this.reassembly.losslessBytes > this.windowBytes ? "window-exceeded" : undefined;
  }

  /** Whether the message would have to wait for others; `ahead` ordered ones of its packet come before it. */
  private comesEarly(frame: Frame, ahead: number): boolean {
    if (frame.delivery !== DeliveryCode.Ordered) return false;
    const receive = this.receiver(frame.delivery, frame.channel) as OrderedReceive;
    return receive.distance(frame.messageId) > ahead;
  }

  /** bytes that a piece may be charged: room for it, and a stretch for every 64 bytes, should it fill several holes. */
  private mostCharged({ delivery, channel, messageId, start, end }: Frame): number {
    const stretches = 1 + Math.ceil((end - start) / MIN_FRAGMENT_BYTES);
    const room = this.reassembly.of(delivery).mostCharged(keyOf(delivery, channel, messageId));
    return room + stretches * SEGMENT_COST_BYTES;
  }

  private isNewest(channel: number, packetNumber: number): boolean {
    let receive = this.sequencedChannels[channel];
    if (receive === undefined) {
      receive = new SequencedReceive();
      this.sequencedChannels[channel] = receive;
    }
    if (receive.accept(packetNumber)) return true;
    this.statistics.staleSequenced += 1;
    return false;
  }

  private deliver(payload: Uint8Array, channel: number, delivery: DeliveryCode): void {
    const { messagesReceived } = this.statistics;
    messagesReceived[delivery] = (messagesReceived[delivery] as number) + 1;
    this.inbox.push(payload, channel, delivery);
  }

  private receiver(delivery: DeliveryCode, channel: number): KeptReceive {
    const family = this.keptChannels[delivery - DeliveryCode.BestEffort] as (KeptReceive | undefined)[];
    let receive = family[channel];
    if (receive === undefined) {
      if (delivery === DeliveryCode.BestEffort) receive = new BestEffortReceive(this.firstId);
      else if (delivery === DeliveryCode.Reliable) receive = new ReliableReceive(this.firstId);
      else receive = new OrderedReceive(this.firstId);
      family[channel] = receive;
    }
    return receive;
  }
}

/** A number for each message in reassembly. */
function keyOf(delivery: DeliveryCode, channel: number, id: number): number {
  return (delivery << 24) | (channel << 16) | id;
}
