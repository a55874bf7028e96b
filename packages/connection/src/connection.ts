import type { PacketProtection, ReplayWindow } from "@sortie/handshake";
import type { FlowControl, InboundMessage, ReliableEndpoint } from "@sortie/reliability";
import type { SendOptions, SendReceipt, SharedPayload } from "@sortie/reliability";
import { CloseCode } from "@sortie/wire";
import { LAST_PACKET_NUMBER, lastFrames } from "./close-packet.js";
import { Closing } from "./closing.js";
import { ConnectExchange } from "./connect-exchange.js";
import { type ConnectionEvent, DRAIN } from "./connection-events.js";
import { type ConnectionOptions, createIdleWatch } from "./connection-options.js";
import type { ConnectionState, TransitionCause } from "./connection-state.js";
import { ConnectionControlFrames } from "./control-frames.js";
import { createProtection, createReplayWindow } from "./create-protection.js";
import { type DisconnectReason, LOST_BY_SERVER, reasonOfLocalClose, reasonOfSilence } from "./disconnect-reason.js";
import type { DropReason } from "./drop-reason.js";
import { createEndpoint, createMtuDiscovery, createPathManager } from "./endpoint-options.js";
import { closeCodeOf, FrameDispatch, type FrameViolation } from "./frame-dispatch.js";
import type { IdleWatch } from "./idle-watch.js";
import { Lifecycle } from "./lifecycle.js";
import { openAgain, opened, openPacket } from "./packet-opener.js";
import { writePacket } from "./packet-writer.js";
import type { PathManager } from "./path-manager.js";
import type { PeerAddress } from "./peer-address.js";
import type { Quality } from "./quality.js";
import { hasRoom } from "./receive-room.js";
import { Refusals } from "./refusals.js";
import type { ConnectionResources } from "./resources.js";
import { RttRefresh } from "./rtt-refresh.js";
import type { SendAdvice } from "./send-advice.js";
import { ConnectionMonitor, type ConnectionStatistics } from "./statistics.js";
import { Timer, TimerTable } from "./timer-table.js";
import type { TraceSink } from "./trace.js";

/**
 * One peer's state machine from the first keys to the end: no sockets, no timers, no clock. Its owner
 *
 * - feeds: `receive` (datagrams with our connection ID), `handleTimeout` (once `nextTimeoutAt` has passed);
 * - acts: `send`, `accept`, `close`, `onLocalMove`, `tryAddress`;
 * - then polls, in this order, until each says it has nothing more: `takeConnectRequest` (server), `pollEvent`,
 *   `pollMessage`, `pollTransmit`, and last `nextTimeoutAt`.
 *
 * `nowMs` is monotonic milliseconds and never runs backwards. Datagrams passed in are read before the call returns and
 * never kept; `pollTransmit` writes into the caller's buffer; payloads of messages are copies that the receiver owns.
 */
export class Connection {
  readonly role: "client" | "server";
  readonly localConnectionId: number;
  readonly remoteConnectionId: number;
  /** Backpressure, both ways. */
  readonly flow: FlowControl;
  private readonly life: Lifecycle;
  private readonly endpoint: ReliableEndpoint;
  private readonly paths: PathManager;
  private readonly protection: PacketProtection;
  private readonly monitor: ConnectionMonitor;
  private readonly idle: IdleWatch;
  private readonly window: ReplayWindow;
  private readonly dispatch: FrameDispatch;
  private readonly refresh: RttRefresh;
  private readonly resources: ConnectionResources;
  private readonly trace: TraceSink | undefined;
  private readonly closing: Closing;
  private readonly timers: TimerTable;
  private readonly exchange: ConnectExchange;
  private readonly refusals: Refusals;

  constructor(options: ConnectionOptions) {
    const { keys, role } = options;
    const timers = new TimerTable();
    const control = new ConnectionControlFrames();
    const mtu = createMtuDiscovery(options);
    // First what every datagram needs: V8 lays fields out as they are assigned, so that they share a cache line or two.
    this.life = new Lifecycle(role === "client" ? "connecting" : "awaiting-connect", options.trace);
    this.endpoint = createEndpoint(options, control, mtu);
    this.paths = createPathManager(options, mtu, this.endpoint, this.life, () => this.monitor.onPathChanged());
    this.protection = createProtection(options);
    this.monitor = new ConnectionMonitor(options, this.endpoint.sendRateBytesPerSecond);
    this.idle = createIdleWatch(options);
    this.window = createReplayWindow(options);
    const exchange = new ConnectExchange(this.life, control, this.endpoint, timers);
    const refresh = new RttRefresh();
    this.dispatch = new FrameDispatch(role, this.endpoint, this.protection, exchange, control, this.paths, refresh, {
      onConnected: (sessionId) => this.onConnected(sessionId),
      onClose: (reason, at) => this.onClose(reason, at),
    });
    this.refresh = refresh;
    this.resources = options.resources;
    this.remoteConnectionId = keys.remoteConnectionId;
    this.trace = options.trace;
    this.closing = new Closing();
    this.timers = timers;
    this.exchange = exchange;
    this.refusals = new Refusals(this.life, this.idle, this.endpoint, this.paths, exchange);
    this.role = role;
    this.localConnectionId = keys.localConnectionId;
    this.flow = this.endpoint;
    exchange.begin(options);
  }

  get state(): ConnectionState {
    return this.life.state;
  }

  /** The peer's validated address. */
  get address(): PeerAddress {
    return this.paths.address;
  }

  /** Where the datagram that `pollTransmit` has just written must go. */
  get transmitTo(): PeerAddress {
    return this.paths.transmitTo;
  }

  /** Whether an address that may be the peer's new one is to hear from us now. */
  get isPathWaiting(): boolean {
    return this.paths.isCandidateWaiting;
  }

  /** ms. Since when packets have gone unanswered, and nothing else was heard either; Infinity when none waits. */
  get unansweredSinceMs(): number {
    return Math.max(this.endpoint.unansweredSinceMs, this.idle.heardAtMs);
  }

  /** ms. How long an acknowledgement is waited for before it is asked for again, no backoff applied. */
  get probeTimeoutMs(): number {
    return this.endpoint.probeTimeoutMs();
  }

  get rttMs(): number {
    return this.endpoint.rtt.smoothedMs;
  }

  get quality(): Quality {
    return this.monitor.quality;
  }

  get advice(): SendAdvice {
    return this.monitor.advice;
  }

  /** Reliable, ordered and bestEffort messages that the peer has not acknowledged. */
  get undelivered(): number {
    return this.endpoint.undelivered;
  }

  /** Feeds a datagram whose connection ID is ours. Never throws for what it holds; says why it was dropped. */
  receive(datagram: Uint8Array, from: PeerAddress, nowMs: number): DropReason | undefined {
    const reason = this.receivePacket(datagram, from, nowMs);
    if (reason !== undefined) this.monitor.onDropped(reason, datagram.length, nowMs);
    return reason;
  }

  /**
   * Client: a datagram that did not authenticate, or is for no connection. If it ends in the reset token, the server
   * seems to have lost us (RFC 9000 section 10.3). As the token may have been asked for in advance, it is asked for a
   * word; if none comes, that is the end. Only from its address: another of its identity may know the token (21.11).
   */
  receiveReset(datagram: Uint8Array, from: PeerAddress, nowMs: number): void {
    if (!this.life.isOpen || !this.paths.address.equals(from) || !this.exchange.isReset(datagram)) return;
    if (this.idle.doubt(nowMs, this.endpoint.probeTimeoutMs())) this.endpoint.requestPing();
  }

  private receivePacket(datagram: Uint8Array, from: PeerAddress, nowMs: number): DropReason | undefined {
    if (this.life.state === "closed" || this.life.state === "draining") return "closing";
    const { plaintext, frames } = this.resources;
    const dropped = openPacket(this.window, this.protection, datagram, plaintext, nowMs);
    if (dropped !== undefined) {
      if (dropped === "authentication-failed") this.receiveReset(datagram, from, nowMs);
      else if (dropped === "duplicate" && this.paths.isTelling(from, nowMs)) this.onRepeated(datagram, from, nowMs);
      return dropped;
    }
    const { packetNumber, plaintextBytes, isNewest } = opened;
    const malformed = frames.decode(plaintext, 0, plaintextBytes);
    if (malformed === undefined && !hasRoom(this.life.state, frames, nowMs, this.endpoint)) {
      this.refusals.onRefused(from, nowMs);
      this.applied(this.dispatch.applyRoomless(frames, plaintext, packetNumber, from, nowMs), nowMs);
      return "receive-buffer-full";
    }
    const fault = opened.fault ?? (malformed && `malformed packet: ${malformed}`);
    this.window.accept(packetNumber);
    this.onHeard(packetNumber, isNewest && packetNumber > this.idle.refusedNumber, datagram.length, from, nowMs);
    if (fault !== undefined) {
      this.fail(CloseCode.ProtocolError, fault, "violation", nowMs);
      return "malformed-frames";
    }
    this.applied(this.dispatch.apply(frames, plaintext, packetNumber, from, nowMs), nowMs);
    return undefined;
  }

  private applied(violation: FrameViolation | undefined, nowMs: number): void {
    if (violation !== undefined) this.fail(closeCodeOf(violation), violation, "violation", nowMs);
    this.paths.settle(nowMs);
    this.closeWhenFlushed(nowMs);
  }

  /**
   * Writes the next datagram at `buffer[offset...]`, which must have room for the path's largest datagram, and returns
   * its length, or 0 when there is nothing to send now. `transmitTo` then says where it must go.
   */
  pollTransmit(buffer: Uint8Array, offset: number, nowMs: number): number {
    if (this.life.state === "closed") return 0;
    if (this.protection.exhausted) return this.stopAtKeyLimit(nowMs);
    const mirrored = this.paths.takeMirror(buffer, offset);
    if (mirrored > 0) {
      this.monitor.onMirrored(mirrored, nowMs);
      this.endDraining(nowMs);
      return mirrored;
    }
    const { writer } = this.resources;
    this.refresh.beforePacket(this.endpoint, nowMs);
    const number = writePacket(this.life, this.paths, this.closing, this.endpoint, writer, buffer, offset, nowMs);
    if (number < 0) return 0;
    const end = this.protection.seal(buffer, offset, writer.offset, this.remoteConnectionId, number, nowMs);
    if (end < 0) return this.stopAtKeyLimit(nowMs);
    const bytes = end - offset;
    this.paths.onSealed(buffer, offset, bytes);
    this.monitor.onSent(number, bytes, nowMs);
    this.endDraining(nowMs);
    if (number >= LAST_PACKET_NUMBER) this.fail(CloseCode.KeyLimit, "packet numbers are used up", "key-limit", nowMs);
    return bytes;
  }

  /** ms. When `handleTimeout` has something to do; `Infinity` when never. */
  nextTimeoutAt(): number {
    const { life, timers, idle, paths, closing } = this;
    // A connection that is up has no other deadlines: those of the handshake are met, and it is not closing.
    if (life.state === "connected") return Math.min(idle.nextAtMs, paths.nextAtMs, this.endpoint.nextTimeoutAt());
    if (life.state === "closed") return Infinity;
    const own = Math.min(timers.next(), idle.nextAtMs, paths.nextAtMs, closing.nextAtMs);
    return life.isOpen ? Math.min(own, this.endpoint.nextTimeoutAt()) : own;
  }

  handleTimeout(nowMs: number): void {
    if (this.idle.isLost(nowMs)) return this.finish(LOST_BY_SERVER, "reset", nowMs);
    if (this.timers.takeDue(Timer.Handshake, nowMs)) {
      this.fail(CloseCode.HandshakeTimeout, "the handshake took too long", "deadline", nowMs); // before silence
    }
    if (this.idle.deadlineMs <= nowMs) {
      const reason = reasonOfSilence(this.idle.timeoutMs);
      this.end(reason, "draining", "idle-timeout", nowMs);
      return this.closing.answer(CloseCode.IdleTimeout, reason.text, nowMs, this.endpoint.probeTimeoutMs());
    }
    if (this.timers.takeDue(Timer.ConnectRepeat, nowMs)) this.exchange.askAgain(nowMs);
    if (this.closing.endsAtMs <= nowMs) return this.become("closed", "unanswered", nowMs);
    this.closing.onTimeout(nowMs, this.endpoint.probeTimeoutMs());
    if (this.idle.takePing(nowMs)) this.endpoint.requestPing();
    if (this.life.isOpen && this.endpoint.nextTimeoutAt() <= nowMs) this.endpoint.handleTimeout(nowMs);
    this.paths.onTimeout(nowMs);
    this.closeWhenFlushed(nowMs);
  }

  /** Server: the payload of CONNECT, once, when it came; answer with `accept` or `close`. A copy. */
  takeConnectRequest(): Uint8Array | undefined {
    return this.exchange.takeRequest();
  }

  /** Timeouts come late as this process was held up: the peer may have spoken meanwhile, and is not given up yet. */
  excuseSilence(nowMs: number): void {
    if (this.life.isOpen) this.idle.excuse(nowMs);
  }

  pollEvent(): ConnectionEvent | undefined {
    return this.life.takeEvent() ?? (this.endpoint.takeDrain() ? DRAIN : undefined);
  }

  pollMessage(): InboundMessage | undefined {
    return this.endpoint.pollMessage();
  }

  /** Queues a message, copied unless shared. Throws for bad options; a full queue, an end are told by the receipt. */
  send(payload: Uint8Array | SharedPayload, options: SendOptions | undefined, nowMs: number): SendReceipt {
    return this.endpoint.send(payload, options, nowMs);
  }

  /** Server: the client whose CONNECT came becomes a peer. False when it has gone in the meantime. */
  accept(sessionId: Uint8Array, resetToken: Uint8Array, nowMs: number): boolean {
    if (!this.exchange.accept(sessionId, resetToken, nowMs)) return false;
    this.onConnected(sessionId);
    return true;
  }

  /**
   * Ends the connection. With `flushUntilMs` in the future, reliable data that waits goes first, until then.
   * A repeated call makes no flush longer, ends one where it has none, and keeps the words. TypeError for bad `text`.
   */
  close(code: CloseCode, text: string, nowMs: number, flushUntilMs: number = nowMs): void {
    if (!this.life.isOpen) return;
    const mayFlush = flushUntilMs > nowMs && !this.endpoint.isSettled;
    if (this.life.state === "connected" && mayFlush) {
      this.closing.flush(code, text, flushUntilMs);
      this.endpoint.stopAccepting();
      return this.become("flushing", "flush", nowMs);
    }
    if (this.life.state !== "flushing") return this.startClosing(code, text, "close", nowMs);
    this.closing.endFlushBy(flushUntilMs);
    if (flushUntilMs <= nowMs) this.startClosing(this.closing.code, this.closing.text, "close", nowMs);
  }

  /** Ends the connection at once, without a word to the peer: the transport is gone. */
  abort(reason: DisconnectReason, nowMs: number): void {
    if (this.life.state !== "closed") this.finish(reason, "abort", nowMs);
  }

  /** Asks for an acknowledgement: a PING if nothing else goes, in a datagram of `bytes` as far as the path allows. */
  ping(bytes?: number): void {
    if (this.life.isOpen) this.endpoint.requestPing(bytes);
  }

  /** Our own address has changed: the path is another, and a PING lets the peer learn of it. */
  onLocalMove(nowMs: number): void {
    if (this.life.isOpen) this.paths.onLocalMove(nowMs);
  }

  /** Client: asks whether the server answers at another of its addresses; if it does, the connection moves there. */
  tryAddress(address: PeerAddress, nowMs: number): void {
    if (this.role === "client" && this.life.state === "connected") this.paths.tryAddress(address, nowMs);
  }

  statistics(nowMs: number): ConnectionStatistics {
    return this.monitor.snapshot(nowMs, this.endpoint, this.paths, this.protection.statistics.updates);
  }

  private onHeard(packetNumber: number, isNews: boolean, bytes: number, from: PeerAddress, nowMs: number): void {
    this.monitor.onReceived(packetNumber, isNews, bytes, nowMs);
    if (isNews && this.life.isOpen) this.idle.onHeard(nowMs); // others may be copies that somebody kept
    if (this.life.followsPeer) this.paths.onAuthenticPacket(from, packetNumber, isNews, bytes, nowMs);
    if (this.life.state === "connected") this.monitor.evaluate(this.endpoint, this.window.largest, nowMs, this.life);
  }

  private onRepeated(datagram: Uint8Array, from: PeerAddress, nowMs: number): void {
    const number = openAgain(this.window, this.protection, datagram, this.resources.plaintext, nowMs);
    if (number >= 0) this.paths.onRepeated(from, number, nowMs);
  }

  private onConnected(sessionId: Uint8Array): void {
    this.paths.start();
    this.life.tell({ type: "connected", sessionId });
  }

  private onClose(reason: DisconnectReason, nowMs: number): void {
    if (this.life.state === "closing") return this.become("closed", "close-received", nowMs);
    if (!this.life.isOpen) return;
    this.end(reason, "draining", "close-received", nowMs);
    // One CLOSE in answer lets the other side stop repeating its own.
    this.closing.answer(CloseCode.Normal, "", nowMs, this.endpoint.probeTimeoutMs());
  }

  /** The CLOSE in answer is sent: to both addresses, while one is validated. */
  private endDraining(nowMs: number): void {
    if (this.life.state === "draining" && !this.paths.isMirrorDue) this.become("closed", "answered", nowMs);
  }

  private fail(code: CloseCode, text: string, cause: TransitionCause, nowMs: number): void {
    if (this.life.isOpen) this.startClosing(code, text, cause, nowMs);
  }

  private closeWhenFlushed(nowMs: number): void {
    if (this.life.state !== "flushing" || (!this.endpoint.isSettled && nowMs < this.closing.flushUntilMs)) return;
    this.startClosing(this.closing.code, this.closing.text, "flushed", nowMs);
  }

  private startClosing(code: CloseCode, text: string, cause: TransitionCause, nowMs: number): void {
    const last = lastFrames(this.endpoint, code, text, nowMs); // first: where it throws, nothing has changed
    this.end(reasonOfLocalClose(code, text), "closing", cause, nowMs);
    this.closing.start(this.exchange.closeFrames(last), nowMs, this.endpoint.probeTimeoutMs());
  }

  private stopAtKeyLimit(nowMs: number): 0 {
    this.finish(reasonOfLocalClose(CloseCode.KeyLimit, "the usage limit of the keys was reached"), "key-limit", nowMs);
    return 0;
  }

  private finish(reason: DisconnectReason, cause: TransitionCause, nowMs: number): void {
    if (this.life.isOpen) this.end(reason, "closed", cause, nowMs);
    else this.become("closed", cause, nowMs);
  }

  /** Leaves the open states: everything queued is given up and the owner is told, once. */
  private end(reason: DisconnectReason, state: ConnectionState, cause: TransitionCause, nowMs: number): void {
    this.timers.clearAll();
    this.idle.stop();
    this.closing.stop();
    this.endpoint.close();
    this.paths.stopAsking();
    this.become(state, cause, nowMs);
    this.trace?.({ type: "closed", atMs: nowMs, reason });
    this.life.tell({ type: "closed", reason });
  }

  private become(state: ConnectionState, cause: TransitionCause, nowMs: number): void {
    this.life.become(state, cause, nowMs);
    if (state !== "closed") return;
    this.closing.stop();
    this.paths.stop();
  }
}
