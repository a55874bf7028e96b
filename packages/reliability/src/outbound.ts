import { DeliveryCode, type Frame, MIN_DATAGRAM_BYTES, PACKET_OVERHEAD_BYTES } from "@sortie/wire";
import { BestEffortSend } from "./channels/best-effort.js";
import { ChannelTable } from "./channels/channel-table.js";
import type { SendChannel } from "./channels/send-channel.js";
import { SequencedSend } from "./channels/sequenced.js";
import { UsedUpIds } from "./channels/used-up-ids.js";
import { DeadlineHeap } from "./deadline-heap.js";
import { deliveryTraits, retransmits } from "./delivery.js";
import type { EndpointLimits, EndpointOptions } from "./endpoint-options.js";
import { FlowWindow } from "./flow-window.js";
import { DEFAULT_MAX_WAIT_MS, LeftOver } from "./left-over.js";
import { MessageList } from "./message-list.js";
import type { MessageWriter } from "./message-writer.js";
import { OutgoingMessage } from "./outgoing-message.js";
import { payloadPool, type SharedPayload } from "./payload-copy.js";
import { PacketScheduler } from "./packet-scheduler.js";
import type { SentItemSink } from "./part-chains.js";
import { pieceLifetimeMs } from "./piece-lifetime.js";
import { ProbeData } from "./probe-data.js";
import { QueueBudget } from "./queue-budget.js";
import { checkSend, DEFAULT_PRIORITY, MAX_UNRELIABLE_MESSAGE_BYTES } from "./send-options.js";
import { type SendOptions, weightsByChannel } from "./send-options.js";
import { type Outcome, refusedReceipt, type SendReceipt, type SendRefusal } from "./send-receipt.js";
import type { SentPackets } from "./sent-packets.js";
import { countMessage, countUnreliable, type MutableStatistics } from "./statistics.js";

/** bytes. A frame up to this fits the packets of every path. */
const SMALL_FRAME_BYTES: number = MIN_DATAGRAM_BYTES - PACKET_OVERHEAD_BYTES;

/** Sending side: takes messages, lets the scheduler choose, writes them to packets, and settles their outcomes. */
export class Outbound implements SentItemSink {
  private readonly maxMessageBytes: number;
  private readonly statistics: MutableStatistics;
  private readonly flow: FlowWindow;
  private readonly budget: QueueBudget;
  private readonly scheduler: PacketScheduler;
  private readonly maxWaitMs: number;
  /** Since when messages wait that a flush left over; undefined until one does. */
  private leftOver: LeftOver | undefined = undefined;
  /** Made with the first message that has a deadline. */
  private heap: DeadlineHeap | undefined = undefined;
  private readonly unacked = new MessageList();
  private readonly probes = new ProbeData(this.unacked);
  private readonly channels: ChannelTable;
  /** bytes of frames that an empty packet takes. */
  private usableBytes: number;
  private sends = 0;
  private closed = false;

  constructor(options: EndpointOptions, limits: EndpointLimits, usableBytes: number, statistics: MutableStatistics) {
    this.maxMessageBytes = options.peerMaxMessageBytes;
    this.flow = new FlowWindow(options.peerReceiveWindowBytes);
    const usedUpIds = new UsedUpIds();
    this.scheduler = new PacketScheduler(weightsByChannel(options.channelWeights), usedUpIds);
    this.channels = new ChannelTable(options.initialMessageId ?? 0, this.flow, usedUpIds, this.scheduler);
    this.budget = new QueueBudget(limits);
    this.maxWaitMs = options.maxUnreliableWaitMs ?? DEFAULT_MAX_WAIT_MS;
    this.usableBytes = usableBytes;
    this.statistics = statistics;
  }

  get queuedBytes(): number {
    return this.budget.bytes;
  }

  /** Brings its part of the statistics up to date. */
  gauge(counters: MutableStatistics): void {
    counters.blockedChannels = this.scheduler.countBlocked(this.flow.credit);
    counters.queuedBytes = this.budget.bytes;
    counters.queuedMessages = this.budget.messages;
    countUnreliable(counters.messagesSent, this.sends);
  }

  /** Reliable, ordered and bestEffort messages that are not acknowledged. */
  get undelivered(): number {
    return this.budget.undroppableMessages;
  }

  /** Messages that expire. */
  get deadlines(): DeadlineHeap {
    return (this.heap ??= new DeadlineHeap());
  }

  /** Whether, for the first time after a refusal, what was refused has room and no more than half is used. */
  takeDrain(): boolean {
    return !this.closed && this.budget.takeDrain(this.scheduler, this.flow.credit, this.usableBytes);
  }

  /** Refuses everything from now on; what is queued still goes. */
  stopAccepting(): void {
    this.closed = true;
  }

  /** Whether a message could be written now, given room and permission. `onCredit`: one that may borrow. */
  hasData(nowMs: number, onCredit: boolean = false): boolean {
    return this.next(nowMs, onCredit) !== undefined;
  }

  /** Whether the message to be written next will never go again, and leaves a byte of the `roomBytes` of a packet. */
  startsRelaxed(nowMs: number, roomBytes: number): boolean {
    const message = this.next(nowMs, false);
    if (message === undefined || message.retransmits) return false;
    const isWhole = message.wholeFrameBytes <= this.usableBytes;
    return isWhole ? message.wholeFrameBytes < roomBytes : roomBytes * 2 > this.usableBytes;
  }

  /** The peer's application has read: more may go. */
  onCredit(frame: Frame): void {
    this.flow.credit.onCredit(frame.channel, frame.channelLimitBytes, frame.connectionLimitBytes);
  }

  /** ms. When the next message expires; Infinity when none does. */
  nextExpiryAt(): number {
    return this.heap?.nextAt() ?? Infinity;
  }

  setUsableBytes(bytes: number): void {
    this.usableBytes = bytes;
  }

  send(payload: Uint8Array | SharedPayload, options: SendOptions | undefined, nowMs: number): SendReceipt {
    const delivery = checkSend(payload, options);
    const priority = options?.priority ?? DEFAULT_PRIORITY;
    const channel = options?.channel ?? 0;
    const refusal = this.refusal(payload.length, delivery, channel, priority);
    if (refusal !== undefined) {
      this.statistics.messagesRefused += 1;
      return refusedReceipt(refusal);
    }
    const resent = retransmits(delivery);
    // What may be dropped, and was given no deadline, is looked at when its turn comes: no timer for each of them.
    const lifetimeMs = options?.expiresInMs ?? deliveryTraits(delivery).defaultExpiresInMs;
    const isTimed = lifetimeMs !== Infinity;
    const start = payloadPool.take(payload, !resent && !isTimed);
    const message = new OutgoingMessage(
      payloadPool.bytes,
      delivery,
      channel,
      priority,
      nowMs + lifetimeMs,
      this.sends++,
      start,
      payload.length,
    );
    // Not by the MTU of the moment: when that falls, what went whole goes again in pieces, which the receiver holds.
    message.large = message.wholeFrameBytes > SMALL_FRAME_BYTES;
    this.budget.add(message);
    if (isTimed) this.deadlines.push(message);
    // Unreliable messages wait for no other: their channels have nothing to say.
    if (delivery === DeliveryCode.Unreliable) {
      this.scheduler.push(message);
    } else {
      countMessage(this.statistics.messagesSent, delivery);
      this.enqueue(message, this.channels.of(message));
    }
    if (!resent) this.shedBefore(message, nowMs);
    return message;
  }

  /** Writes what may go by priority, until the next has no room, or may not go on credit if that is all there is. */
  fill(packet: MessageWriter, nowMs: number, onCredit: boolean): void {
    if (!onCredit) this.scheduler.endCredit();
    while (!packet.isFull) {
      const message = this.next(nowMs, onCredit);
      if (message === undefined) return;
      const { frames } = packet;
      const went = this.scheduler.isResend ? this.writeLost(message, packet) : this.writeNew(message, packet, nowMs);
      if (!went) return;
      if (packet.frames > frames) this.scheduler.charge(packet.frameBytes, onCredit);
    }
  }

  /** What may be dropped and is still here has had its turn: its wait begins, unless it had one before. */
  endTurn(nowMs: number): void {
    if (this.budget.messages === this.budget.undroppableMessages) return;
    (this.leftOver ??= new LeftOver(this.maxWaitMs)).add(this.sends, nowMs);
  }

  /** From now on the oldest data may be probed with again. */
  beginProbeRound(): void {
    this.probes.beginRound();
  }

  /** Writes unacknowledged data once more, the oldest first, until the packet is full. */
  fillOldest(packet: MessageWriter): void {
    this.probes.fill(packet, this.usableBytes);
  }

  onItem(message: OutgoingMessage, from: number, to: number): void {
    if (!message.onAcked(from, to)) return;
    if (message.retransmits) this.channels.of(message).onAcked(message);
    if (!message.finished) this.finish(message, "acked");
  }

  onDataLost(message: OutgoingMessage, from: number, to: number, packetNumber: number): void {
    // Of one that was given up too: its channel asks whether any of it is still under way.
    const hasLost = message.onLost(packetNumber, from, to);
    if (message.finished) return;
    if (!message.retransmits) this.finish(message, "dropped");
    else if (hasLost) this.scheduler.pushLost(message, this.channels.of(message).resendPriority(message));
  }

  /** Gives up what is past its time. */
  expire(nowMs: number): void {
    for (;;) {
      const message = this.heap?.peek();
      if (message === undefined || message.expiresAtMs > nowMs) return;
      this.finish(message, "expired");
    }
  }

  /** Settles everything as "closed". */
  close(sent: SentPackets): void {
    this.closed = true;
    for (let message = this.scheduler.any(); message !== undefined; message = this.scheduler.any()) this.drop(message);
    for (let m = this.channels.takeWaiting(); m !== undefined; m = this.channels.takeWaiting()) this.drop(m);
    for (let message = this.unacked.oldest; message !== undefined; message = this.unacked.oldest) this.drop(message);
    sent.clear({ onItem: (message) => this.drop(message) });
    this.channels.close();
  }

  /** The message to be written next. Those that waited too long for their turn, and may be dropped, are. */
  private next(nowMs: number, onCredit: boolean): OutgoingMessage | undefined {
    for (;;) {
      const message = this.scheduler.peek(this.flow, onCredit);
      if (message === undefined || !this.isOverdue(message, nowMs)) return message;
      this.shed(message);
    }
  }

  /** Of the queue that took `message`, drops what is overdue: while nothing goes out, only what comes in bounds it. */
  private shedBefore(message: OutgoingMessage, nowMs: number): void {
    for (;;) {
      const first = this.scheduler.firstBefore(message);
      if (first === undefined || !this.isOverdue(first, nowMs)) return;
      this.shed(first);
    }
  }

  private isOverdue(message: OutgoingMessage, nowMs: number): boolean {
    return message.isOverdue(nowMs) || this.leftOver?.isStale(message, nowMs) === true;
  }

  private shed(message: OutgoingMessage): void {
    const expires = message.heapIndex >= 0;
    if (!expires) this.statistics.messagesShed += 1;
    this.finish(message, expires ? "expired" : "dropped");
  }

  private refusal(bytes: number, delivery: DeliveryCode, channel: number, priority: number): SendRefusal | undefined {
    if (this.closed) return "closed";
    if (bytes > this.maxMessageBytes) return "message-too-large";
    const isResent = retransmits(delivery);
    if (!isResent && bytes > MAX_UNRELIABLE_MESSAGE_BYTES) return "message-too-large";
    const { budget, scheduler, flow } = this;
    if (!budget.admits(bytes, delivery, channel, priority, scheduler, flow.credit, this.usableBytes))
      return "queue-full";
    while (!budget.fits(bytes, isResent)) this.finish(budget.leastDroppable as OutgoingMessage, "dropped");
    return undefined;
  }

  private enqueue(message: OutgoingMessage, channel: SendChannel): void {
    if (channel.hasWaiting || !channel.maySchedule()) {
      channel.waiting.push(message);
      return;
    }
    if (!(channel instanceof SequencedSend && this.supersede(channel, message))) this.scheduler.push(message);
    channel.onScheduled(message);
  }

  /** Puts the message in the place of those of its channel that were left over; false when there are none. */
  private supersede(channel: SequencedSend, message: OutgoingMessage): boolean {
    const leftOverBelow = this.leftOver?.below ?? 0;
    const oldest = channel.takeBelow(leftOverBelow);
    if (channel.followsLarge(message)) message.large = true;
    if (oldest === undefined) return false;
    // In its place: else a channel that is updated often would never get its turn.
    this.scheduler.replace(oldest, message);
    this.endOlder(channel, leftOverBelow, oldest);
    return true;
  }

  /** Ends what waits to start and is older than a place in the order of sends. */
  private endOlder(channel: SequencedSend, order: number, first = channel.takeBelow(order)): void {
    for (let old = first; old !== undefined; old = channel.takeBelow(order)) {
      this.statistics.messagesSuperseded += 1;
      this.finish(old, "dropped");
    }
  }

  /** Schedules messages of the channel that had to wait and no longer have to. */
  private admit(channel: SendChannel): void {
    while (channel.hasWaiting && channel.maySchedule()) {
      const message = channel.waiting.shift() as OutgoingMessage;
      this.scheduler.push(message);
      channel.onScheduled(message);
    }
  }

  private writeNew(message: OutgoingMessage, packet: MessageWriter, nowMs: number): boolean {
    const { totalBytes } = message;
    if (!message.started) {
      const whole = message.wholeFrameBytes <= this.usableBytes;
      if (whole ? !packet.fitsWhole(message) : packet.pieceEnd(message, 0, totalBytes) < 0) return false;
      if (!this.start(message, whole)) return true;
      if (whole) {
        packet.writeWhole(message);
        this.onWritten(message, totalBytes);
        return true;
      }
      this.deadlines.bound(message, nowMs + pieceLifetimeMs(message.delivery));
    }
    const from = message.sentBytes;
    const to = packet.pieceEnd(message, from, totalBytes);
    if (to < 0) return false;
    message.cut();
    packet.writePiece(message, from, to);
    this.onWritten(message, to);
    return true;
  }

  private writeLost(message: OutgoingMessage, packet: MessageWriter): boolean {
    if (message.fragments === undefined && message.wholeFrameBytes <= this.usableBytes) {
      if (!packet.fitsWhole(message)) return false;
      packet.writeWhole(message);
      message.lost = false;
      this.scheduler.shift();
      return true;
    }
    const { lost } = message.cut();
    const from = lost.firstFrom;
    const to = packet.pieceEnd(message, from, lost.firstTo);
    if (to < 0) return false;
    packet.writePiece(message, from, to);
    lost.remove(from, to);
    if (lost.isEmpty) this.scheduler.shift();
    return true;
  }

  /** Gives the message its ID; it goes `whole` or in pieces. False when it had to be given up instead. */
  private start(message: OutgoingMessage, whole: boolean): boolean {
    if (whole && message.delivery === DeliveryCode.Unreliable) {
      message.started = true;
      return true;
    }
    const channel = this.channels.of(message);
    if (channel instanceof BestEffortSend) {
      if (!channel.mayStart(message, whole)) {
        this.finish(message, "dropped");
        return false;
      }
      if (channel.surplus !== undefined) this.finish(channel.surplus, "dropped");
    }
    if (channel instanceof SequencedSend) this.endOlder(channel, message.order);
    channel.onStart(message, whole);
    message.started = true;
    this.flow.charge(message);
    if (message.retransmits) this.unacked.append(message);
    this.admit(channel);
    return true;
  }

  /** The scheduled message was written up to `to`. */
  private onWritten(message: OutgoingMessage, to: number): void {
    message.sentBytes = to;
    if (to < message.totalBytes) return;
    this.scheduler.shift();
    if (message.retransmits) return;
    // It will not go again: only its outcome is still open.
    if (message.heapIndex >= 0) this.deadlines.remove(message);
    this.budget.release(message);
    message.payload = undefined;
  }

  private finish(message: OutgoingMessage, outcome: Outcome): void {
    this.release(message);
    message.settle(outcome);
    if (outcome === "dropped") this.statistics.messagesDropped += 1;
    else if (outcome === "expired") this.statistics.messagesExpired += 1;
    // What the receiver holds of ordered messages is released in order, by their channel.
    if (message.isCharged && message.delivery !== DeliveryCode.Ordered) this.flow.release(message);
    if (message.delivery === DeliveryCode.Unreliable) return;
    const channel = this.channels.of(message);
    channel.onFinish(message);
    this.admit(channel);
  }

  private drop(message: OutgoingMessage): void {
    if (message.finished) return;
    this.release(message);
    message.settle("closed");
  }

  /** Takes the message out of everything that holds it for its payload or its deadline. */
  private release(message: OutgoingMessage): void {
    if (message.heapIndex >= 0) this.deadlines.remove(message);
    if (message.payload !== undefined) this.budget.release(message);
    if (message.started && message.retransmits) this.unacked.remove(message);
  }
}
