import type { SocketAddress } from "@sortie/transport";

/** Datagrams kept between two updates. Full: the newest are dropped, as a full socket buffer would. */
const MAX_WAITING_DATAGRAMS = 2048;

/** A datagram that waits for the next update. */
export interface WaitingDatagram {
  readonly payload: Uint8Array;
  readonly from: SocketAddress;
  /** ms of the clock. */
  readonly clockMs: number;
}

/** What came between two updates, in its order. */
export class WaitingDatagrams {
  private readonly datagrams: WaitingDatagram[] = [];

  /** Copies the payload. False where there is no room: it is dropped. */
  push(payload: Uint8Array, from: SocketAddress, clockMs: number): boolean {
    if (this.datagrams.length >= MAX_WAITING_DATAGRAMS) return false;
    this.datagrams.push({ payload: copyOf(payload), from, clockMs });
    return true;
  }

  all(): readonly WaitingDatagram[] {
    return this.datagrams;
  }

  clear(): void {
    this.datagrams.length = 0;
  }
}

/** A slice is the quickest copy, but a Node Buffer's, as transports of others may deliver, shares its memory. */
function copyOf(payload: Uint8Array): Uint8Array {
  return payload.constructor === Uint8Array ? payload.slice() : new Uint8Array(payload);
}
