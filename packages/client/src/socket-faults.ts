import { isTransportError, TransportError } from "@sortie/transport";
import type { ClientCore } from "./client-core.js";
import { faultText } from "./fault-text.js";
import { goneText, isTransportGone } from "./lost-transport.js";

/** What a polled client knows of the faults of its socket, between the updates in which it can act on them. */
export class SocketFaults {
  /** The last one. */
  last: TransportError | undefined = undefined;
  /** The transport said that it is gone, and there is no new socket. */
  #goneBy: TransportError | undefined = undefined;
  /** The last that the core has not heard of; that it is gone, whatever came after. */
  #untold: TransportError | undefined = undefined;
  /** The last that was thrown, until the core knows: nothing but what an attempt to connect names as it fails. */
  #unnoted: unknown = undefined;

  /** The transport told of it. @param canMove it has a `rebind` */
  onError(error: TransportError, canMove: boolean): void {
    this.last = error;
    if (!isTransportGone(this.#untold)) this.#untold = error;
    if (!canMove && isTransportGone(error)) this.#goneBy = error;
  }

  /** Something threw, or failed to send, of which a fault of the socket may be the reason. */
  onThrown(error: unknown): void {
    this.#unnoted = error;
    if (isTransportError(error)) this.last = error;
  }

  /** There is no new socket. */
  onMoveFailed(error: unknown): void {
    this.onThrown(error);
    if (isTransportGone(error)) this.#goneBy = error;
  }

  /** It did not close. Returns what to say of it. */
  onCloseFailed(cause: unknown): string {
    const text = `the socket could not be closed: ${faultText(cause)}`;
    this.last = isTransportError(cause) ? cause : new TransportError("system", text, { cause });
    return text;
  }

  /** The core hears what it has not heard, once; that the socket is gone, each time. */
  tell(core: Pick<ClientCore, "onTransportError" | "noteFault" | "abort">, nowMs: number): void {
    const error = this.#untold;
    if (this.#unnoted !== undefined) core.noteFault(this.#unnoted);
    this.#untold = undefined;
    this.#unnoted = undefined;
    if (error !== undefined) core.onTransportError(error, nowMs);
    if (this.#goneBy !== undefined) core.abort(goneText(this.#goneBy), nowMs);
  }
}
