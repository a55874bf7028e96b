import type { PacketProtection } from "@sortie/handshake";
import type { InboundMessage, ReliableEndpoint, SendOptions, SendReceipt } from "@sortie/reliability";
import { CloseCode, PACKET_HEADER_BYTES, PATH_DATA_BYTES, TAG_BYTES } from "@sortie/wire";
import { Closing } from "./closing.js";
import type { ConnectionEvent } from "./connection-events.js";
import { type ConnectionOptions, createIdleWatch, DEFAULT_HANDSHAKE_TIMEOUT_MS } from "./connection-options.js";
import { type ConnectionState, isLegalTransition, isOpen } from "./connection-state.js";
import { ConnectionControlFrames, ControlBit } from "./control-frames.js";
import { createProtection } from "./create-protection.js";
import { type DisconnectReason, reasonOfLocalClose } from "./disconnect-reason.js";
import type { DropReason } from "./drop-reason.js";
import { createEndpoint, largestDatagram } from "./endpoint-options.js";
import { applyFrames, type FrameTarget } from "./frame-dispatch.js";
import type { IdleWatch } from "./idle-watch.js";
import { PacketOpener } from "./packet-opener.js";
import { Path, type PeerAddress } from "./path.js";
import type { Quality } from "./quality.js";
import { hasRoom } from "./receive-room.js";
import { endsInToken } from "./reset-token.js";
import type { ConnectionResources } from "./resources.js";
import { ConnectionMonitor, type ConnectionStatistics } from "./statistics.js";
import { Timer, TimerTable } from "./timer-table.js";
import type { TraceSink } from "./trace.js";
import { LAST_PACKET_NUMBER, writeChallengePacket, writeClosePacket } from "./unreliable-packets.js";

/**
 * One peer's state machine from the first keys to the end: no sockets, no timers, no clock. Its owner
 *
 * - feeds: `receive` (datagrams with our connection ID), `handleTimeout` (once `nextTimeoutAt` has passed);
 * - acts: `send`, `accept`, `close`, `requestPing`;
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
  /** Where the datagram that `pollTransmit` has just written must go. */
  transmitTo: PeerAddress;
  private currentState: ConnectionState;
  private readonly resources: ConnectionResources;
  private readonly protection: PacketProtection;
  private readonly opener: PacketOpener;
  private readonly endpoint: ReliableEndpoint;
  private readonly control: ConnectionControlFrames = new ConnectionControlFrames();
  private readonly path: Path;
  private readonly timers: TimerTable = new TimerTable();
  private readonly monitor: ConnectionMonitor;
  private readonly events: ConnectionEvent[] = [];
  private readonly trace: TraceSink | undefined;
  private readonly idle: IdleWatch;
  private readonly mtuBytes: number;
  private readonly frameTarget: FrameTarget;
  private readonly closing: Closing = new Closing();
  private resetToken: Uint8Array | undefined;
  private connectRequest: Uint8Array | undefined;

  constructor(options: ConnectionOptions) {
    const { keys, settings, nowMs } = options;
    this.role = options.role;
    this.resources = options.resources;
    this.localConnectionId = keys.localConnectionId;
    this.remoteConnectionId = keys.remoteConnectionId;
    this.trace = options.trace;
    const isClient = options.role === "client";
    this.protection = createProtection(options);
    this.opener = new PacketOpener(this.protection, options.initialPacketNumber ?? 0);
    this.endpoint = createEndpoint(options, this.control);
    this.mtuBytes = largestDatagram(options);
    this.path = new Path(options.address);
    this.transmitTo = options.address;
    this.monitor = new ConnectionMonitor(nowMs);
    this.idle = createIdleWatch(options);
    this.frameTarget = {
      role: options.role,
      endpoint: this.endpoint,
      onConnect: this.onConnect.bind(this),
      onAccept: this.onAccept.bind(this),
      onClose: this.onClose.bind(this),
      onAckFrame: (largest) => this.protection.onAcked(largest),
      onPathChallenge: (bytes, start) => {
        this.control.setPathData(bytes, start);
        this.endpoint.requestControl(ControlBit.PathResponse);
      },
      onPathResponse: this.onPathResponse.bind(this),
    };
    this.currentState = isClient ? "connecting" : "awaiting-connect";
    this.timers.set(Timer.Handshake, nowMs + (settings.handshakeTimeoutMs ?? DEFAULT_HANDSHAKE_TIMEOUT_MS));
    if (isClient) {
      this.control.connectPayload = options.connectPayload ?? new Uint8Array(0);
      this.requestConnect(nowMs);
    }
  }

  get state(): ConnectionState {
    return this.currentState;
  }

  /** The peer's validated address. */
  get address(): PeerAddress {
    return this.path.current;
  }

  get rttMs(): number {
    return this.endpoint.rtt.smoothedMs;
  }

  get quality(): Quality {
    return this.monitor.quality;
  }

  /** Reliable, ordered and bestEffort messages that the peer has not acknowledged. */
  get undelivered(): number {
    return this.endpoint.undelivered;
  }

  /** Feeds a datagram whose connection ID is ours. Never throws for what it holds; says why it was dropped. */
  receive(datagram: Uint8Array, from: PeerAddress, nowMs: number): DropReason | undefined {
    const reason = this.receivePacket(datagram, from, nowMs);
    if (reason === undefined) return undefined;
    this.monitor.packetsDropped += 1;
    this.trace?.({ type: "packet-dropped", atMs: nowMs, reason, bytes: datagram.length });
    return reason;
  }

  /**
   * Client: a datagram that belongs to no known connection or did not authenticate. When it ends in this connection's
   * reset token, the server has lost the connection, and it ends here (RFC 9000 section 10.3). Only from the server's
   * address: another server of its identity could be made to answer with the token (RFC 9000 section 21.11).
   */
  receiveReset(datagram: Uint8Array, from: PeerAddress, nowMs: number): void {
    if (this.resetToken === undefined || !isOpen(this.currentState)) return;
    if (!this.path.current.equals(from) || !endsInToken(datagram, this.resetToken)) return;
    const text = "the server restarted and knows this connection no longer";
    this.finish({ code: "server-restarted", by: "remote", text }, nowMs);
  }

  private receivePacket(datagram: Uint8Array, from: PeerAddress, nowMs: number): DropReason | undefined {
    if (this.currentState === "closed" || this.currentState === "draining") return "closing";
    const { opener } = this;
    const { plaintext, frames } = this.resources;
    const dropped = opener.open(datagram, plaintext, nowMs);
    if (dropped !== undefined) {
      if (dropped === "authentication-failed") this.receiveReset(datagram, from, nowMs);
      return dropped;
    }
    const malformed = frames.decode(plaintext, 0, opener.plaintextBytes);
    if (malformed === undefined && !hasRoom(this.currentState, frames, opener.plaintextBytes, this.endpoint)) {
      // It does not count as received, but the peer was heard.
      this.idle.onHeard(nowMs);
      return "receive-buffer-full";
    }
    const fault = opener.leaps ? "packet number leaps too far" : malformed && `malformed packet: ${malformed}`;
    opener.accept();
    this.onHeard(datagram.length, from, nowMs);
    if (fault !== undefined) {
      this.fail(CloseCode.ProtocolError, fault, nowMs);
      return "malformed-frames";
    }
    const violation = applyFrames(this.frameTarget, frames, plaintext, opener.packetNumber, from, nowMs);
    if (violation !== undefined) {
      const code = violation === "window-exceeded" ? CloseCode.FlowControl : CloseCode.ProtocolError;
      this.fail(code, violation, nowMs);
    }
    this.closeWhenFlushed(nowMs);
    return undefined;
  }

  /**
   * Writes the next datagram at `buffer[offset...]`, which must have room for the path's largest datagram, and returns
   * its length, or 0 when there is nothing to send now. `transmitTo` then says where it must go.
   */
  pollTransmit(buffer: Uint8Array, offset: number, nowMs: number): number {
    if (this.currentState === "closed") return 0;
    if (this.protection.exhausted) return this.stopAtKeyLimit(nowMs);
    const { writer } = this.resources;
    writer.reset(buffer, offset + PACKET_HEADER_BYTES, offset + this.mtuBytes - TAG_BYTES);
    this.transmitTo = this.path.current;
    let packetNumber = -1;
    if (this.path.challengeDue) {
      packetNumber = writeChallengePacket(this.endpoint, this.path, writer, nowMs);
      if (packetNumber >= 0) this.transmitTo = this.path.candidate as PeerAddress;
    }
    if (packetNumber < 0) {
      if (this.closing.hasFrame) packetNumber = writeClosePacket(this.endpoint, this.closing, writer, nowMs);
      else packetNumber = this.endpoint.buildPacket(writer, nowMs);
    }
    if (packetNumber < 0) return 0;
    const end = this.protection.seal(buffer, offset, writer.offset, this.remoteConnectionId, packetNumber, nowMs);
    if (end < 0) return this.stopAtKeyLimit(nowMs);
    const bytes = end - offset;
    this.monitor.onSent(bytes, nowMs);
    this.trace?.({ type: "packet-sent", atMs: nowMs, packetNumber, bytes });
    if (this.currentState === "draining") this.become("closed", nowMs);
    if (packetNumber >= LAST_PACKET_NUMBER) this.fail(CloseCode.KeyLimit, "packet numbers are used up", nowMs);
    return bytes;
  }

  /** Next time in ms at which `handleTimeout` has something to do; `Infinity` when never. */
  nextTimeoutAt(): number {
    if (this.currentState === "closed") return Infinity;
    const { timers, idle, path, closing } = this;
    const own = Math.min(timers.next(), idle.nextAtMs, path.nextChallengeAtMs, closing.nextAtMs);
    return isOpen(this.currentState) ? Math.min(own, this.endpoint.nextTimeoutAt()) : own;
  }

  handleTimeout(nowMs: number): void {
    const { timers } = this;
    if (this.idle.deadlineMs <= nowMs) {
      return this.finish({ code: "timeout", by: "local", text: `nothing heard for ${this.idle.timeoutMs} ms` }, nowMs);
    }
    if (timers.takeDue(Timer.Handshake, nowMs)) {
      this.fail(CloseCode.HandshakeTimeout, "the handshake took too long", nowMs);
    }
    if (timers.takeDue(Timer.ConnectRepeat, nowMs)) this.requestConnect(nowMs);
    if (this.closing.endsAtMs <= nowMs) return this.become("closed", nowMs);
    this.closing.onTimeout(nowMs, this.endpoint.probeTimeoutMs());
    if (this.path.nextChallengeAtMs <= nowMs) this.path.onChallengeTimeout(nowMs, this.endpoint.probeTimeoutMs());
    if (this.idle.takePing(nowMs)) this.endpoint.requestPing();
    if (isOpen(this.currentState) && this.endpoint.nextTimeoutAt() <= nowMs) this.endpoint.handleTimeout(nowMs);
    this.closeWhenFlushed(nowMs);
  }

  /** Server: the payload of CONNECT, once, when it came; answer with `accept` or `close`. A copy. */
  takeConnectRequest(): Uint8Array | undefined {
    const payload = this.connectRequest;
    this.connectRequest = undefined;
    return payload;
  }

  /** Timeouts come late as this process was held up: the peer may have spoken meanwhile, and is not given up yet. */
  excuseSilence(nowMs: number): void {
    if (isOpen(this.currentState)) this.idle.excuse(nowMs);
  }

  pollEvent(): ConnectionEvent | undefined {
    return this.events.shift();
  }

  pollMessage(): InboundMessage | undefined {
    return this.endpoint.pollMessage();
  }

  /** Queues a message, copied. Throws for bad options; a full queue and a closed connection are told by the receipt. */
  send(payload: Uint8Array, options: SendOptions | undefined, nowMs: number): SendReceipt {
    return this.endpoint.send(payload, options, nowMs);
  }

  /** Server: the client whose CONNECT came becomes a peer. False when it has gone in the meantime. */
  accept(sessionId: Uint8Array, resetToken: Uint8Array, nowMs: number): boolean {
    if (this.currentState !== "authenticating") return false;
    this.control.sessionId = sessionId;
    this.control.resetToken = resetToken;
    this.endpoint.requestControl(ControlBit.Accept);
    this.timers.clear(Timer.Handshake);
    this.become("connected", nowMs);
    this.events.push({ type: "connected", sessionId });
    return true;
  }

  /**
   * Ends the connection. With `flushUntilMs` in the future, reliable data that waits is delivered first, until then.
   * Repeated calls change nothing but a flush, which a call without one cuts short.
   */
  close(code: CloseCode, text: string, nowMs: number, flushUntilMs: number = nowMs): void {
    if (!isOpen(this.currentState)) return;
    const mayFlush = flushUntilMs > nowMs && this.endpoint.undelivered > 0;
    if (this.currentState === "connected" && mayFlush) {
      this.closing.flush(code, text, flushUntilMs);
      this.endpoint.stopAccepting();
      return this.become("flushing", nowMs);
    }
    if (this.currentState === "flushing" && flushUntilMs > nowMs) return;
    this.startClosing(code, text, nowMs);
  }

  /** Ends the connection at once, without a word to the peer: the transport is gone. */
  abort(reason: DisconnectReason, nowMs: number): void {
    if (this.currentState !== "closed") this.finish(reason, nowMs);
  }

  /** Asks the peer for an acknowledgement: after a change of our own address, so that the peer learns of it. */
  requestPing(): void {
    if (isOpen(this.currentState)) this.endpoint.requestPing();
  }

  statistics(nowMs: number): ConnectionStatistics {
    return this.monitor.snapshot(nowMs, this.endpoint, this.path.migrations, this.protection.statistics.updates);
  }

  private onHeard(bytes: number, from: PeerAddress, nowMs: number): void {
    const { opener } = this;
    this.monitor.onReceived(bytes, nowMs);
    this.trace?.({ type: "packet-received", atMs: nowMs, packetNumber: opener.packetNumber, bytes });
    if (!isOpen(this.currentState)) return;
    this.idle.onHeard(nowMs);
    this.protection.setProbeTimeoutMs(this.endpoint.probeTimeoutMs());
    // Only a server follows its peer: a client knows where its server is.
    if (this.currentState !== "connected") return;
    if (this.role === "server" && this.path.onAuthenticPacket(from, opener.isNewest, bytes, nowMs)) {
      this.challengePath(nowMs);
    }
    if (this.monitor.updateQuality(this.endpoint, nowMs)) {
      this.events.push({ type: "quality", quality: this.monitor.quality });
    }
  }

  private requestConnect(nowMs: number): void {
    this.endpoint.requestControl(ControlBit.Connect);
    this.timers.set(Timer.ConnectRepeat, nowMs + this.control.nextConnectIntervalMs());
  }

  private onConnect(payload: Uint8Array, nowMs: number): void {
    // A CONNECT that comes again tells that ACCEPT has not arrived.
    if (this.currentState === "connected") this.endpoint.requestControl(ControlBit.Accept);
    if (this.currentState !== "awaiting-connect") return;
    this.become("authenticating", nowMs);
    this.connectRequest = payload;
  }

  private onAccept(sessionId: Uint8Array, resetToken: Uint8Array, nowMs: number): void {
    if (this.currentState !== "connecting") return;
    this.resetToken = resetToken;
    this.timers.clear(Timer.Handshake);
    this.timers.clear(Timer.ConnectRepeat);
    this.become("connected", nowMs);
    this.events.push({ type: "connected", sessionId });
  }

  private onClose(reason: DisconnectReason, nowMs: number): void {
    if (this.currentState === "closing") return this.become("closed", nowMs);
    if (!isOpen(this.currentState)) return;
    this.end(reason, "draining", nowMs);
    // One CLOSE in answer lets the other side stop repeating its own.
    this.closing.answer(CloseCode.Normal, "");
  }

  private onPathResponse(bytes: Uint8Array, start: number, from: PeerAddress, nowMs: number): void {
    if (!this.path.onResponse(bytes, start, from)) return;
    this.trace?.({ type: "path-changed", atMs: nowMs });
    this.events.push({ type: "path-changed", address: this.path.current });
  }

  private challengePath(nowMs: number): void {
    const data = this.resources.crypto.randomBytes(PATH_DATA_BYTES);
    this.path.startChallenge(data, nowMs, this.endpoint.probeTimeoutMs());
    this.trace?.({ type: "path-challenge", atMs: nowMs });
  }

  private fail(code: CloseCode, text: string, nowMs: number): void {
    if (isOpen(this.currentState)) this.startClosing(code, text, nowMs);
  }

  private closeWhenFlushed(nowMs: number): void {
    if (this.currentState !== "flushing") return;
    const { closing } = this;
    if (this.endpoint.undelivered > 0 && nowMs < closing.flushUntilMs) return;
    this.startClosing(closing.code, closing.text, nowMs);
  }

  private startClosing(code: CloseCode, text: string, nowMs: number): void {
    this.end(reasonOfLocalClose(code, text), "closing", nowMs);
    this.closing.start(code, text, nowMs, this.endpoint.probeTimeoutMs());
  }

  private stopAtKeyLimit(nowMs: number): 0 {
    this.finish(reasonOfLocalClose(CloseCode.KeyLimit, "the usage limit of the keys was reached"), nowMs);
    return 0;
  }

  private finish(reason: DisconnectReason, nowMs: number): void {
    if (isOpen(this.currentState)) this.end(reason, "closed", nowMs);
    else this.become("closed", nowMs);
  }

  /** Leaves the open states: everything queued is given up and the owner is told, once. */
  private end(reason: DisconnectReason, state: ConnectionState, nowMs: number): void {
    this.timers.clearAll();
    this.idle.stop();
    this.closing.stop();
    this.endpoint.close();
    this.path.abandon();
    this.become(state, nowMs);
    this.trace?.({ type: "closed", atMs: nowMs, reason });
    this.events.push({ type: "closed", reason });
  }

  private become(state: ConnectionState, nowMs: number): void {
    const from = this.currentState;
    if (!isLegalTransition(from, state)) throw new Error(`connection cannot go from ${from} to ${state}`);
    this.currentState = state;
    if (state === "closed") this.closing.stop();
    this.trace?.({ type: "state", atMs: nowMs, from, to: state });
  }
}
