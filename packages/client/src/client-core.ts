import {
  Connection,
  type DisconnectReason,
  DropCounters,
  type DropReason,
  LOST_BY_SERVER,
  reasonOfFault,
  wasHeldUp,
} from "@sortie/connection";
import type { ClientHandshake, EstablishedKeys } from "@sortie/handshake";
import type { DatagramBatch, DatagramCore, SocketAddress, TransportError } from "@sortie/transport";
import { CloseCode, datagramKind, MAX_DATAGRAM_BYTES, readConnectionId } from "@sortie/wire";
import { AttemptDeadline } from "./attempt-deadline.js";
import { AttemptVerdict } from "./attempt-verdict.js";
import type { ClientCoreEvent, ClientState } from "./client-core-event.js";
import type { ClientCoreOptions } from "./client-core-options.js";
import { ConnectError, errorOfDisconnect, errorOfFault, errorOfReject } from "./connect-error.js";
import { createHandshake } from "./create-handshake.js";
import { FreshStart } from "./fresh-start.js";
import { HelloSender } from "./hello-sender.js";
import { isSocketLost, PathWatch } from "./path-watch.js";
import { otherAddress } from "./server-addresses.js";

/**
 * ms. After a validly signed hello under another key than the pinned one the client goes on waiting this long for the
 * true server, so that someone who can listen and inject cannot end the attempt.
 */
const IDENTITY_GRACE_MS = 1000;

/**
 * The client without socket, timers and clock: handshake first, then one connection. Feed it by the methods of
 * {@link DatagramCore}; then poll `pollEvent`, the connection's messages, `pollTransmit`, `nextTimeoutAt`.
 */
export class ClientCore implements DatagramCore {
  readonly drops: DropCounters = new DropCounters();
  state: ClientState = "connecting";
  connection: Connection | undefined;
  /** What the handshake ended in. */
  keys: Pick<EstablishedKeys, "suite" | "serverPublicKey"> | undefined;
  private readonly options: ClientCoreOptions;
  private handshake: ClientHandshake;
  private readonly hello: HelloSender;
  /** What the server puts into packets for this client: tells it from others on the same socket. */
  readonly connectionId: number;
  private readonly events: ClientCoreEvent[] = [];
  private readonly watch: PathWatch = new PathWatch();
  private readonly fresh: FreshStart = new FreshStart();
  private readonly deadline: AttemptDeadline;
  private readonly verdict: AttemptVerdict = new AttemptVerdict();
  /** A hello went since the REJECT that is doubted. */
  private hasAskedAgain = false;

  constructor(options: ClientCoreOptions) {
    this.options = options;
    this.connectionId = options.resources.random.u32();
    this.handshake = createHandshake(options, this.connectionId);
    this.hello = new HelloSender(options.addresses);
    this.deadline = options.deadline ?? new AttemptDeadline(options.nowMs + options.timeoutMs);
  }

  /** ms. When the attempt is given up, if nothing comes by then. */
  get deadlineMs(): number {
    return this.deadline.atMs;
  }

  /** Whether nothing will happen any more: no datagram goes out, no event comes. */
  get isOver(): boolean {
    return this.state === "closed" && (this.connection === undefined || this.connection.state === "closed");
  }

  receive(datagram: Uint8Array, from: SocketAddress, nowMs: number): void {
    const dropped = this.route(datagram, from, nowMs);
    if (dropped !== undefined) this.drops.count(dropped);
    this.collect(nowMs);
  }

  /** Nothing waits for the end of a batch but the flush that the driver does after it. */
  receiveEnd(): void {}

  /** Datagrams that could not be sent are lost ones; a socket that is gone is replaced. */
  onTransportError(error: TransportError, nowMs: number): void {
    this.events.push({ type: "socket-error", error });
    this.noteFault(error);
    if (isSocketLost(error)) this.watch.onBroken(nowMs);
    this.watchPath(nowMs);
  }

  /** The transport failed, as its owner has found: what the error of an attempt names to which nobody answers. */
  noteFault(fault: unknown): void {
    this.verdict.transportFault = fault;
  }

  /** @param total datagrams that the transport could not send so far: they show that the network has gone */
  onRefusedSends(total: number, nowMs: number): void {
    // Hellos go to addresses of families, too, that this machine has no way to: that is no reason to move.
    this.watch.onRefusedSends(total, this.connection === undefined ? Infinity : nowMs);
    this.hello.refused = total;
  }

  /** Our address has changed, or could not: the server is told by a PING, and asked at another address of its own. */
  onRebound(nowMs: number): void {
    const { connection, watch } = this;
    if (connection === undefined) return this.hello.onRebound();
    connection.onLocalMove(nowMs);
    if (watch.attempts === 0) return;
    const address = otherAddress(this.options.addresses, connection.address as SocketAddress, watch.attempts - 1);
    if (address !== undefined) connection.tryAddress(address, nowMs);
  }

  pollEvent(): ClientCoreEvent | undefined {
    return this.events.shift();
  }

  pollTransmit(batch: DatagramBatch, nowMs: number): boolean {
    const { connection } = this;
    if (connection === undefined) {
      if (this.state === "connecting") this.transmitHello(batch, nowMs);
      return false;
    }
    for (;;) {
      const at = batch.reserve();
      if (at < 0) return true;
      let length: number;
      try {
        length = connection.pollTransmit(batch.buffer, at, nowMs);
      } catch (error) {
        this.failClosed(error, nowMs);
        throw error;
      }
      if (length === 0) break;
      batch.commit(length, connection.transmitTo as SocketAddress);
    }
    this.collect(nowMs);
    if (this.state !== "connecting" || connection.state !== "closed") return false;
    this.startAnew(nowMs);
    return this.pollTransmit(batch, nowMs);
  }

  nextTimeoutAt(): number {
    if (this.isOver) return Infinity;
    const { connection } = this;
    const ownAt = connection === undefined ? this.hello.nextAtMs : timeoutOf(connection);
    const at = Math.min(ownAt, this.watchDueAtMs());
    return this.state === "connecting" ? Math.min(this.deadline.atMs, at) : at;
  }

  handleTimeout(nowMs: number): void {
    const dueAtMs = this.nextTimeoutAt();
    if (wasHeldUp(dueAtMs, nowMs)) (this.connection ?? this.hello).excuseSilence(nowMs);
    if (this.state === "connecting") {
      if (this.deadline.isOver(nowMs, dueAtMs)) return this.onDeadline(nowMs);
      if (this.connection === undefined && this.hello.onTimeout(nowMs)) this.handshake.renewRetries();
    }
    try {
      this.connection?.handleTimeout(nowMs);
    } catch (error) {
      this.failClosed(error, nowMs);
      throw error;
    }
    this.watchPath(nowMs);
    this.collect(nowMs);
  }

  /** A frame of an owner that has them begins, `intervalMs` after the last one in the mean. */
  beginFrame(intervalMs: number, nowMs: number): void {
    try {
      this.connection?.flow.beginFrame(nowMs, intervalMs);
    } catch (error) {
      this.failClosed(error, nowMs);
      throw error;
    }
  }

  /** Ends the connection or the attempt; reliable data is delivered first, until `flushUntilMs`. */
  close(text: string, nowMs: number, flushUntilMs: number = nowMs): void {
    if (this.state === "connecting") {
      this.fail(new ConnectError("aborted", `connecting to ${this.options.target} was given up`), nowMs);
    } else {
      this.connection?.close(CloseCode.Normal, text, nowMs, flushUntilMs);
    }
    this.collect(nowMs);
  }

  /** The transport is gone: everything ends without a word. */
  abort(text: string, nowMs: number): void {
    if (this.state === "connecting") this.fail(new ConnectError("network", text), nowMs);
    this.connection?.abort({ code: "network", by: "local", text }, nowMs);
    this.collect(nowMs);
  }

  private route(datagram: Uint8Array, from: SocketAddress, nowMs: number): DropReason | undefined {
    if (datagram.length === 0) return "too-short";
    if (datagram.length > MAX_DATAGRAM_BYTES) return "too-long";
    const kind = datagramKind(datagram[0] as number);
    if (kind === "unknown") return "unknown-type";
    const { connection } = this;
    if (kind === "handshake") {
      // A plaintext packet never changes the state of a connection that has keys.
      if (connection !== undefined || this.state !== "connecting") return "unexpected-handshake";
      try {
        return this.receiveHandshake(datagram, from, nowMs);
      } catch (error) {
        // What the caller brought does not work: no answer of the server's will change that.
        this.failClosed(error, nowMs);
        throw error;
      }
    }
    if (connection === undefined) return "unknown-connection";
    if (datagram.length >= 5 && readConnectionId(datagram) !== this.connectionId) {
      // A restarted server does not know our connection ID: its reset is told by the token alone.
      connection.receiveReset(datagram, from, nowMs);
      if (this.state === "connecting") this.onUnknown(connection, datagram, from, nowMs);
      return "unknown-connection";
    }
    try {
      const dropped = connection.receive(datagram, from, nowMs);
      if (dropped === undefined) {
        this.watch.onHeard();
        this.fresh.onHeard(nowMs);
      }
      return dropped;
    } catch (error) {
      this.failClosed(error, nowMs);
      throw error;
    }
  }

  /** ms. When to take another way if nothing is answered by then. A client that is leaving has no need to. */
  private watchDueAtMs(): number {
    const { connection, watch } = this;
    if (this.state === "closed") return Infinity;
    if (connection === undefined) return watch.dueAtMs(this.hello);
    return connection.state === "connected" || connection.state === "connecting" ? watch.dueAtMs(connection) : Infinity;
  }

  private watchPath(nowMs: number): void {
    if (this.watchDueAtMs() > nowMs) return;
    this.watch.onAttempt(nowMs);
    this.events.push({ type: "path-dead" });
  }

  private receiveHandshake(datagram: Uint8Array, from: SocketAddress, nowMs: number): DropReason | undefined {
    if (!this.hello.expects(from)) {
      this.hello.strayFrom = from;
      return "unexpected-handshake";
    }
    const progress = this.handshake.receive(datagram);
    switch (progress.kind) {
      case "retry":
        this.verdict.onRetry();
        this.hello.settle(from);
        this.hello.restart();
        if (this.fresh.isElsewhere) this.deadline.narrow(this.fresh.deadlineMs(nowMs));
        return undefined;
      case "rejected":
        this.onReject(errorOfReject(progress.reason, progress.version, this.options.target), nowMs);
        return undefined;
      case "established":
        this.hello.settle(from);
        this.startConnection(progress.keys, this.hello.asAsked(from), nowMs);
        return undefined;
      default:
        this.verdict.onIgnored(progress.reason);
        if (progress.reason === "identity-mismatch") this.onOtherIdentity(progress.detail, nowMs);
        return progress.reason === "malformed" ? "malformed-handshake" : "handshake-refused";
    }
  }

  private startConnection(keys: EstablishedKeys, from: SocketAddress, nowMs: number): void {
    const { resources, parameters, settings, connectPayload, trace } = this.options;
    this.keys = { suite: keys.suite, serverPublicKey: keys.serverPublicKey };
    this.verdict.onKeys();
    this.hello.strayFrom = undefined;
    this.deadline.widen();
    this.fresh.onKeys(nowMs);
    const rttMs = this.hello.roundTripMs(nowMs);
    this.connection = new Connection({
      role: "client",
      resources,
      keys,
      localParameters: parameters,
      settings,
      address: from,
      nowMs,
      connectPayload,
      ...(rttMs === undefined ? {} : { initialRttMs: rttMs }),
      ...(trace === undefined ? {} : { trace }),
    });
  }

  private transmitHello(batch: DatagramBatch, nowMs: number): void {
    if (!this.hello.due) return;
    const at = batch.reserve();
    if (at < 0) return;
    const hello = this.handshake.hello();
    batch.buffer.set(hello, at);
    batch.commit(hello.length, this.hello.target);
    this.hello.onSent(nowMs);
    this.hasAskedAgain = this.verdict.doubtfulReject !== undefined;
  }

  /** One damaged hello must not end the attempt: the server is asked again, and what it then says counts. */
  private onReject(error: ConnectError, nowMs: number): void {
    if (this.verdict.doubtfulReject !== undefined && this.hasAskedAgain) return this.fail(error, nowMs);
    this.verdict.doubtfulReject = error;
    this.hello.again();
  }

  private onOtherIdentity(detail: string | undefined, nowMs: number): void {
    if (this.verdict.sawOtherIdentity) return;
    this.verdict.onOtherIdentity(detail);
    this.deadline.narrow(Math.min(this.deadline.atMs, nowMs + IDENTITY_GRACE_MS));
  }

  private onDeadline(nowMs: number): void {
    const isAnswered = this.connection !== undefined;
    this.fail(this.verdict.errorAtDeadline(this.options, isAnswered, this.hello, this.deadline.heldUpMs), nowMs);
  }

  /** Before ACCEPT a reset proves nothing. That it names the server's ID of the connection, and silence, must do. */
  private onUnknown(connection: Connection, datagram: Uint8Array, from: SocketAddress, nowMs: number): void {
    const isOurs = readConnectionId(datagram) === connection.remoteConnectionId;
    if (!isOurs || !from.equals(connection.address as SocketAddress) || !this.fresh.isUnknown(nowMs)) return;
    connection.abort(LOST_BY_SERVER, nowMs);
    this.startAnew(nowMs);
  }

  /** Another hello, under other keys, within the time of the attempt. A server that shuts down has its answer then. */
  private startAnew(nowMs: number): void {
    this.connection = undefined;
    this.verdict.doubtfulReject = undefined;
    this.hello.restart();
    try {
      this.handshake = createHandshake(this.options, this.connectionId);
    } catch (error) {
      this.failClosed(error, nowMs);
      throw error;
    }
  }

  private fail(error: ConnectError, nowMs: number): void {
    this.state = "closed";
    this.events.push({ type: "failed", error: this.fresh.errorOf(error) });
    // The server may hold a half-open connection: it is told.
    this.connection?.close(CloseCode.Normal, "given up", nowMs);
  }

  /** What the caller brought threw, a provider or a controller: nothing more is sent or taken under these keys. */
  private failClosed(fault: unknown, nowMs: number): void {
    if (this.state === "connecting") this.fail(errorOfFault(fault, this.options.target), nowMs);
    this.connection?.abort(reasonOfFault(fault), nowMs);
    this.collect(nowMs);
  }

  /** Turns what the connection reports into events of the client. */
  private collect(nowMs: number): void {
    const { connection } = this;
    if (connection === undefined) return;
    for (let event = connection.pollEvent(); event !== undefined; event = connection.pollEvent()) {
      if (event.type === "quality" || event.type === "drain" || event.type === "advice") this.events.push(event);
      else if (event.type === "connected") this.onConnected(event.sessionId);
      else if (event.type === "closed") this.onClosed(event.reason, nowMs);
    }
  }

  private onConnected(sessionId: Uint8Array): void {
    if (this.state !== "connecting") return;
    this.state = "connected";
    this.events.push({ type: "connected", sessionId });
  }

  private onClosed(reason: DisconnectReason, nowMs: number): void {
    if (this.state === "connecting") {
      const error = errorOfDisconnect(reason, this.options.target);
      if (reason.code !== "shutting-down" || !this.fresh.turnAway(error)) return this.fail(error, nowMs);
      this.deadline.narrow(this.fresh.deadlineMs(nowMs));
    } else if (this.state === "connected") {
      this.state = "closed";
      this.events.push({ type: "disconnected", reason });
    }
  }
}

/** ms. A controller may throw here as well: `handleTimeout` is called at once, and fails by the same. */
function timeoutOf(connection: Connection): number {
  try {
    return connection.nextTimeoutAt();
  } catch {
    return 0;
  }
}
