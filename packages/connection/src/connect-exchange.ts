import type { ReliableEndpoint } from "@sortie/reliability";
import { ByteWriter, isLegalProtectedFlags } from "@sortie/wire";
import { type ConnectionOptions, DEFAULT_HANDSHAKE_TIMEOUT_MS } from "./connection-options.js";
import { type ConnectionControlFrames, ControlBit } from "./control-frames.js";
import type { Lifecycle } from "./lifecycle.js";
import { endsInToken } from "./reset-token.js";
import { Timer, type TimerTable } from "./timer-table.js";

/**
 * ms until CONNECT goes again when no ACCEPT came: sooner than a probe timeout that backs off, as a player waits. It
 * does not grow, as that of the hello does not.
 */
const CONNECT_INTERVAL_MS = 250;

/**
 * CONNECT and ACCEPT: the client asks to be let in, again and again, until the server's application has decided
 * (docs/PROTOCOL.md section 8.3).
 */
export class ConnectExchange {
  /** Client: what a restarted server proves itself with, from ACCEPT on. */
  private resetToken: Uint8Array | undefined = undefined;
  private request: Uint8Array | undefined = undefined;
  private readonly life: Lifecycle;
  private readonly control: ConnectionControlFrames;
  private readonly endpoint: ReliableEndpoint;
  private readonly timers: TimerTable;

  constructor(life: Lifecycle, control: ConnectionControlFrames, endpoint: ReliableEndpoint, timers: TimerTable) {
    this.life = life;
    this.control = control;
    this.endpoint = endpoint;
    this.timers = timers;
  }

  /** The time for it begins. A client's CONNECT goes with the next packet, and again when its timer has passed. */
  begin({ role, settings, connectPayload, nowMs }: ConnectionOptions): void {
    this.timers.set(Timer.Handshake, nowMs + (settings.handshakeTimeoutMs ?? DEFAULT_HANDSHAKE_TIMEOUT_MS));
    if (role === "server") return;
    this.control.connectPayload = connectPayload ?? new Uint8Array(0);
    this.askAgain(nowMs);
  }

  askAgain(nowMs: number): void {
    this.endpoint.requestControl(ControlBit.Connect);
    this.timers.set(Timer.ConnectRepeat, nowMs + CONNECT_INTERVAL_MS);
  }

  /** Server: CONNECT has not come yet. */
  get awaitsConnect(): boolean {
    return this.life.state === "awaiting-connect";
  }

  /** Server: CONNECT came. */
  onConnect(payload: Uint8Array, nowMs: number): void {
    // A CONNECT that comes again tells that ACCEPT has not arrived.
    if (this.life.state === "connected" || this.life.state === "flushing") {
      this.endpoint.requestControl(ControlBit.Accept);
    }
    if (this.life.state !== "awaiting-connect") return;
    this.life.become("authenticating", "connect", nowMs);
    this.request = payload;
  }

  /** Server: the payload of CONNECT, once. */
  takeRequest(): Uint8Array | undefined {
    const payload = this.request;
    this.request = undefined;
    return payload;
  }

  /** Server: the application lets the client in. False when it has gone in the meantime. */
  accept(sessionId: Uint8Array, resetToken: Uint8Array, nowMs: number): boolean {
    if (this.life.state !== "authenticating") return false;
    this.control.sessionId = sessionId;
    this.control.resetToken = resetToken;
    this.endpoint.requestControl(ControlBit.Accept);
    this.settle(nowMs);
    return true;
  }

  /**
   * Server: the bytes of a CLOSE, behind those of ACCEPT as long as that may not have arrived: a client that was let in
   * and sent away at once would else take itself for one that was refused.
   */
  closeFrames(close: Uint8Array): Uint8Array {
    const { control } = this;
    if (control.sessionId.length === 0 || control.hasAcceptArrived) return close;
    const bytes = new Uint8Array(control.bytesOf(ControlBit.Accept) + close.length);
    const writer = new ByteWriter().reset(bytes);
    control.write(ControlBit.Accept, writer);
    writer.copy(close);
    return bytes;
  }

  /** Client: ACCEPT came. False when it was known. */
  onAccept(resetToken: Uint8Array, nowMs: number): boolean {
    if (this.life.state !== "connecting") return false;
    this.resetToken = resetToken;
    this.settle(nowMs);
    return true;
  }

  /** Client: whether a datagram is a reset, which ends in the token of ACCEPT. Never before that came. */
  isReset(datagram: Uint8Array): boolean {
    if (this.resetToken === undefined || !isLegalProtectedFlags(datagram[0] as number)) return false;
    return endsInToken(datagram, this.resetToken);
  }

  private settle(nowMs: number): void {
    this.timers.clear(Timer.Handshake);
    this.timers.clear(Timer.ConnectRepeat);
    this.endpoint.setReading(true);
    this.life.become("connected", "accept", nowMs);
  }
}
