import {
  type ByteWriter,
  encodePadding,
  encodePing,
  type Frame,
  MAX_DATAGRAM_BYTES,
  MAX_PACKET_NUMBER,
  MIN_DATAGRAM_BYTES,
  PACKET_OVERHEAD_BYTES,
  type PacketFrames,
} from "@sortie/wire";
import { AckTracker } from "./ack-tracker.js";
import { AckUrgency } from "./ack-urgency.js";
import type { CongestionController } from "./congestion/congestion-controller.js";
import { AdaptiveRate } from "./congestion/adaptive-rate.js";
import { DEFAULT_LIMITS, type EndpointOptions, type EndpointViolation, type FlowControl } from "./endpoint-options.js";
import { isCreditedMode } from "./credit.js";
import { checkEndpointOptions } from "./check-endpoint-options.js";
import { expectNumber } from "./expect-number.js";
import { FreshMessages } from "./fresh-messages.js";
import { Inbound } from "./inbound.js";
import { Inbox, type InboundMessage } from "./inbox.js";
import { MessageWriter } from "./message-writer.js";
import { Outbound } from "./outbound.js";
import { OutgoingMessage } from "./outgoing-message.js";
import { PendingControls } from "./pending-controls.js";
import type { SharedPayload } from "./payload-copy.js";
import { PacketOutcomes } from "./packet-outcomes.js";
import { Recovery } from "./recovery.js";
import type { RttEstimator } from "./rtt-estimator.js";
import { checkChannel, type SendOptions } from "./send-options.js";
import { Allowed, allowedNow, nextAllowedAt } from "./send-permission.js";
import type { SendReceipt } from "./send-receipt.js";
import { createStatistics, type EndpointStatistics, type MutableStatistics } from "./statistics.js";

/**
 * bytes. The datagram of a PING with nothing else, where no other size is asked for: a server that lost the connection
 * answers by a reset of 41 bytes, as to any other packet. To the 26 that a PING takes it could answer nothing, as a
 * reset is smaller than its cause (docs/PROTOCOL.md section 8.6; RFC 9000 section 10.3).
 */
const PING_DATAGRAM_BYTES = 42;

/** The packet that is being built. */
const packet = new MessageWriter();

/**
 * One side's end of a connection, without I/O, timers or cryptography: messages in, frames out, and back.
 *
 * - Sending: `send` queues; `buildPacket` fills a datagram's frames, to be called until it gives -1.
 * - Receiving, for each packet that authenticated, was no replay, and decoded: `canAccept`; if true, each of its
 *   frames to `onAck`, `onMessage`, `onFragment` or `onCredit`, then `onPacketReceived`. Then `pollMessage` until
 *   undefined, and `buildPacket` again: what was read gives the peer credit.
 * - Time: `handleTimeout` when `nextTimeoutAt` has come, then `buildPacket` again.
 *
 * `nowMs` is monotonic, in milliseconds, and never runs backwards. Frames and their bytes are read during the call
 * only; payloads given out are the caller's own.
 */
export class ReliableEndpoint implements FlowControl {
  private readonly congestion: CongestionController;
  private readonly overheadBytes: number;
  private readonly counters: MutableStatistics = createStatistics();
  private readonly acks: AckTracker;
  private readonly inbox: Inbox;
  private readonly inbound: Inbound;
  private readonly outbound: Outbound;
  private readonly recovery: Recovery;
  private readonly controls: PendingControls;
  private maxDatagramBytes: number;
  /** bytes. The least size of the datagram with a PING that is to go; 0: none is. */
  private pingBytes = 0;
  private lastNowMs = -Infinity;
  /** ms. When the last packet was built, probes of paths apart. */
  private builtAtMs = -Infinity;
  private closed = false;
  /** Where the owner sends in frames. */
  private fresh: FreshMessages | undefined = undefined;

  /** @throws RangeError or TypeError when an option is out of range */
  constructor(options: EndpointOptions) {
    checkEndpointOptions(options);
    const limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.congestion = options.congestion ?? new AdaptiveRate();
    this.overheadBytes = options.packetOverheadBytes ?? PACKET_OVERHEAD_BYTES;
    this.maxDatagramBytes = options.maxDatagramBytes;
    this.acks = new AckTracker(options.localMaxAckDelayMs, options.peerTakesTimedAcks, options.clockLead);
    this.inbox = new Inbox(limits);
    this.inbound = new Inbound(options, limits, this.inbox, this.counters);
    this.controls = new PendingControls(options.control, this.inbound.credit);
    this.outbound = new Outbound(options, limits, this.maxDatagramBytes - this.overheadBytes, this.counters);
    const outcomes = new PacketOutcomes(this.outbound, this.acks, this.controls);
    this.recovery = new Recovery(options, this.congestion, this.counters, outcomes);
  }

  get rtt(): RttEstimator {
    return this.recovery.rtt;
  }

  /** Live: the same object each time, brought up to date when it is read from here. */
  get statistics(): EndpointStatistics {
    const { counters, inbound, outbound, inbox } = this;
    inbound.gauge(counters);
    inbox.gauge(counters);
    outbound.gauge(counters);
    this.recovery.gauge(counters);
    return counters;
  }

  /** Reliable, ordered and bestEffort messages that the peer has not acknowledged. */
  get undelivered(): number {
    return this.outbound.undelivered;
  }

  /** Nothing waits for an acknowledgement, and nothing that was acknowledged for its turn. */
  get isSettled(): boolean {
    return this.outbound.undelivered === 0 && !this.inbound.holdsEarly;
  }

  get queuedBytes(): number {
    return this.outbound.queuedBytes;
  }

  /** Refuses further messages as "closed"; those queued are still delivered. */
  stopAccepting(): void {
    this.outbound.stopAccepting();
  }

  /** bytes/s. What congestion control lets through now: its pace, and its window once a round trip. */
  get sendRateBytesPerSecond(): number {
    const { paceBytesPerSecond, windowBytes } = this.congestion;
    return Math.min(paceBytesPerSecond, (windowBytes * 1000) / this.recovery.rtt.smoothedMs);
  }

  /** ms. How long an acknowledgement is waited for, no backoff applied. */
  probeTimeoutMs(): number {
    return this.recovery.rtt.probeTimeoutMs();
  }

  /**
   * Queues a message. The payload is copied, but for one that is shared: the caller may use its buffer again.
   * @throws TypeError or RangeError when the payload or an option is not what it must be; see `SendOptions`
   */
  send(payload: Uint8Array | SharedPayload, options: SendOptions | undefined, nowMs: number): SendReceipt {
    this.lastNowMs = nowMs;
    const receipt = this.outbound.send(payload, options, nowMs);
    const { fresh } = this;
    if (fresh !== undefined && receipt instanceof OutgoingMessage && receipt.heapIndex >= 0) fresh.add(receipt);
    return receipt;
  }

  /** See `FlowControl`. */
  beginFrame(nowMs: number, intervalMs: number): void {
    if (this.closed) return;
    this.fresh ??= new FreshMessages(this.outbound.deadlines, nowMs);
    this.fresh.onFrame(nowMs);
    // A transport that takes nothing keeps this frame from asking for packets: their time runs all the same.
    this.outbound.endTurn(nowMs);
    this.recovery.holdUp.setUsualDelay(intervalMs);
    this.congestion.onFlushInterval?.(intervalMs, nowMs);
  }

  /** Asks that control frame `bit` (0..14) go in the next packet. */
  requestControl(bit: number): void {
    this.controls.request(bit);
  }

  /** Asks for an ack-eliciting packet: a PING if nothing else goes, in a datagram of `bytes` as far as one may be. */
  requestPing(bytes: number = PING_DATAGRAM_BYTES): void {
    this.pingBytes = Math.max(this.pingBytes, bytes);
  }

  /** bytes. The whole UDP payload the path carries from now on; what is resent is cut anew. */
  setMaxDatagramBytes(bytes: number): void {
    expectNumber("maxDatagramBytes", bytes, MIN_DATAGRAM_BYTES, MAX_DATAGRAM_BYTES);
    this.maxDatagramBytes = bytes;
    this.outbound.setUsableBytes(bytes - this.overheadBytes);
  }

  /** The path is another from now on: round trip and congestion are measured anew (RFC 9000 section 9.4). */
  onPathChanged(nowMs: number): void {
    this.recovery.onPathChanged(nowMs);
  }

  /** ms. Since when nothing was acknowledged although something is in flight; Infinity when nothing is. */
  get unansweredSinceMs(): number {
    return this.recovery.unansweredSinceMs;
  }

  /** Whether acknowledgements have been missing for longer than a probe timeout, however much is being sent. */
  isStalled(nowMs: number): boolean {
    this.tellTime(nowMs);
    return this.recovery.isStalled(nowMs);
  }

  /** Whether `buildPacket` would produce something now. */
  wantsToSend(nowMs: number): boolean {
    if (this.closed) return false;
    return this.mustSend(nowMs) || this.allowedNow(nowMs) !== Allowed.Nothing;
  }

  /**
   * Fills one datagram's frames into `writer`, which is bounded to what fits, and records it as sent: control frames,
   * the ACK when it is due or the packet goes anyway, then lost and new messages by priority.
   * @returns the packet number to be used, or -1 when there is nothing to send or nothing may be sent now
   */
  buildPacket(writer: ByteWriter, nowMs: number): number {
    this.tellTime(nowMs);
    if (this.closed) return -1;
    const { outbound, recovery } = this;
    const isProbe = recovery.probesPending > 0;
    const allowed = isProbe ? Allowed.All : this.allowedNow(nowMs);
    const withData = allowed !== Allowed.Nothing;
    if (!withData && !this.mustSend(nowMs)) return this.endFlush(nowMs);
    recovery.makeRoom(nowMs);
    const packetNumber = recovery.sent.begin();
    if (packetNumber > MAX_PACKET_NUMBER) return -1;
    const controls = this.controls.write(writer);
    const ackLargest = this.writeAck(writer, nowMs);
    // While acknowledgements are wanted soon, packets that would not ask for it by themselves carry a PING.
    const mayHurry = withData && !isProbe && controls === 0 && !recovery.isAtEase;
    const hurries = mayHurry && outbound.startsRelaxed(nowMs, writer.remaining);
    if (hurries) encodePing(writer);
    packet.begin(writer, packetNumber, recovery.sent, this.counters);
    if (isProbe) outbound.fillOldest(packet);
    if (withData) outbound.fill(packet, nowMs, allowed === Allowed.OnCredit);
    if (withData && !isProbe && recovery.isStalled(nowMs)) {
      // No acknowledgement comes, yet packets go: each carries the oldest data, so that the first to arrive helps.
      outbound.beginProbeRound();
      outbound.fillOldest(packet);
    }
    const messages = packet.frames;
    packet.end();
    let urgency: AckUrgency = controls !== 0 || hurries ? AckUrgency.Prompt : packet.urgency;
    if (urgency === AckUrgency.None && (this.pingBytes > 0 || isProbe) && writer.remaining > 0) {
      encodePing(writer);
      const datagramBytes = this.pingBytes > 0 ? this.pingBytes : PING_DATAGRAM_BYTES;
      const missing = datagramBytes - this.overheadBytes - writer.written;
      if (missing > 0) encodePadding(writer, Math.min(missing, writer.remaining));
      urgency = AckUrgency.Prompt;
    }
    if (writer.written === 0) return this.endFlush(nowMs);
    if (urgency !== AckUrgency.None) this.pingBytes = 0;
    recovery.commit(urgency, writer.written + this.overheadBytes, nowMs, controls, ackLargest);
    // Two probes guard data against one more loss; with none to carry, one will do.
    if (isProbe && messages === 0) recovery.probesPending = 0;
    return packetNumber;
  }

  /**
   * Takes the number of a packet that the caller fills itself (a path probe). It counts as sent and asks for an
   * acknowledgement, but stands outside of congestion control and timeouts, and its loss concerns nobody. Works after
   * `close` too: the packet that says goodbye needs a number.
   */
  buildProbe(nowMs: number, bytes: number): number {
    this.lastNowMs = nowMs;
    this.recovery.makeRoom(nowMs);
    const packetNumber = this.recovery.sent.begin();
    if (packetNumber > MAX_PACKET_NUMBER) return -1;
    this.recovery.commitProbe(bytes, nowMs);
    return packetNumber;
  }

  /**
   * To be asked before any frame of a packet is applied. False when buffers for data that must not be lost are full
   * (the process budget): then the packet is to be dropped as if it had not come, and will be resent.
   */
  canAccept(frames: PacketFrames, nowMs: number): boolean {
    return this.inbound.canAccept(frames, nowMs);
  }

  onAck(frame: Frame, bytes: Uint8Array, nowMs: number): EndpointViolation | undefined {
    this.tellTime(nowMs);
    return this.closed ? undefined : this.recovery.onAck(frame, bytes, nowMs);
  }

  /** @param packetNumber of the packet with the frame */
  onMessage(frame: Frame, bytes: Uint8Array, packetNumber: number, nowMs: number): EndpointViolation | undefined {
    this.lastNowMs = nowMs;
    return this.closed ? undefined : this.inbound.onMessage(frame, bytes, packetNumber, nowMs);
  }

  /** @param packetNumber of the packet with the frame */
  onFragment(frame: Frame, bytes: Uint8Array, packetNumber: number, nowMs: number): EndpointViolation | undefined {
    this.lastNowMs = nowMs;
    return this.closed ? undefined : this.inbound.onFragment(frame, bytes, packetNumber, nowMs);
  }

  /** The peer's application has read, and more may be sent. Never a violation: lower limits are old news. */
  onCredit(frame: Frame, nowMs: number): void {
    this.lastNowMs = nowMs;
    if (!this.closed) this.outbound.onCredit(frame);
  }

  /**
   * After a packet's frames: it will be acknowledged.
   * @param urgency the most that one of its frames asks for
   * @param bytes of its datagram: bitmaps of ACKs take no more than was received; Infinity leaves that aside
   */
  onPacketReceived(packetNumber: number, urgency: AckUrgency, nowMs: number, bytes: number = Infinity): void {
    this.lastNowMs = nowMs;
    this.acks.onPacketReceived(packetNumber, urgency, nowMs, bytes);
    this.recovery.back.onReceived(bytes, urgency !== AckUrgency.None);
  }

  /**
   * The next received message; after `close`, what had been received before. What is read gives the peer credit for
   * more, so that `buildPacket` may have something to send afterwards.
   */
  pollMessage(): InboundMessage | undefined {
    const message = this.inbound.poll();
    if (message !== undefined && isCreditedMode(message.delivery) && !this.closed) this.controls.noteCredit();
    return message;
  }

  /** Whether `pollMessage` is called as messages come. Default true; else they wait, and take no common memory. */
  setReading(isReading: boolean): void {
    this.inbox.isRead = isReading;
  }

  /** See `FlowControl`. */
  setPaused(channel: number, paused: boolean): void {
    checkChannel(channel);
    if (paused) this.inbox.pause(channel);
    else this.inbox.resume(channel);
  }

  /** Whether there is room again after a message was refused as "queue-full": at most half is used. Once each time. */
  takeDrain(): boolean {
    return this.outbound.takeDrain();
  }

  /** ms. When `handleTimeout` or `buildPacket` has something to do that only time brings; Infinity: never. */
  nextTimeoutAt(): number {
    if (this.closed) return Infinity;
    return Math.min(
      this.acks.dueAt(),
      this.recovery.nextTimeoutAt(),
      this.outbound.nextExpiryAt(),
      this.inbound.nextExpiryAt(),
      nextAllowedAt(this.recovery, this.outbound, this.lastNowMs, this.maxDatagramBytes),
    );
  }

  handleTimeout(nowMs: number): void {
    this.tellTime(nowMs);
    if (this.closed) return;
    this.outbound.expire(nowMs);
    this.inbound.expire(nowMs);
    if (!this.recovery.handleTimeout(nowMs)) return;
    this.outbound.beginProbeRound();
    this.controls.onProbeTimeout(this.recovery.sent.controlsInFlight());
  }

  /**
   * Writes the ACK that goes with the goodbye, so that nobody is told "closed" of what was received and read. None if a
   * message waits to be read: the peer would be told "acked" of what the application may never get.
   */
  writeLastAck(writer: ByteWriter, nowMs: number): void {
    if (this.inbox.messages === 0) this.acks.write(writer, nowMs);
  }

  /** Settles every message as "closed" and frees what is held. Messages in the inbox can still be polled. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.outbound.close(this.recovery.sent);
    this.inbound.close();
    this.controls.clear();
    this.pingBytes = 0;
  }

  /** Before anything that a pause of this process would be taken for loss or a long way by. */
  private tellTime(nowMs: number): void {
    const { recovery } = this;
    if (recovery.holdUp.isLeap(nowMs)) recovery.notice(this.nextTimeoutAt(), nowMs);
    this.lastNowMs = nowMs;
  }

  /** Nothing may go now: what is left over, and may be dropped, waits from here on. */
  private endFlush(nowMs: number): -1 {
    this.outbound.endTurn(nowMs);
    return -1;
  }

  /** Whether a packet must go that no budget holds back. */
  private mustSend(nowMs: number): boolean {
    return !this.controls.isEmpty || this.pingBytes > 0 || this.recovery.probesPending > 0 || this.acks.isDue(nowMs);
  }

  private allowedNow(nowMs: number): Allowed {
    return allowedNow(this.recovery, this.outbound, nowMs, this.maxDatagramBytes);
  }

  private writeAck(writer: ByteWriter, nowMs: number): number {
    const pauseMs = nowMs - this.builtAtMs;
    this.builtAtMs = nowMs;
    if (!this.acks.isWorthwhile(nowMs, pauseMs)) return -1;
    const bytes = this.acks.frameBytes(nowMs);
    return bytes > 0 && bytes <= writer.remaining ? this.acks.write(writer, nowMs) : -1;
  }
}
