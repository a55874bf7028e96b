import { describeKind, isBytes } from "@sortie/connection";
import type { PairAddress } from "./pair-address.js";

/** A datagram on its way. */
export interface Flight {
  readonly atMs: number;
  readonly to: "client" | "server";
  readonly from: PairAddress;
  readonly datagram: Uint8Array;
}

/** A copy of a datagram. Throws TypeError for what is no bytes: of most of that an empty datagram would be made. */
export function ownDatagram(datagram: Uint8Array): Uint8Array {
  if (!isBytes(datagram)) throw new TypeError(`"datagram" expected a Uint8Array, got ${describeKind(datagram)}`);
  // Not slice(): that of a Node Buffer shares its memory.
  return new Uint8Array(datagram);
}

/** Datagrams by time of arrival; those of one instant in the order in which they were sent. */
export class Flights {
  private readonly list: Flight[] = [];

  get count(): number {
    return this.list.length;
  }

  add(atMs: number, to: Flight["to"], from: PairAddress, datagram: Uint8Array): void {
    const { list } = this;
    let index = list.length;
    // Most arrive after what is under way: a scan from the end is short.
    while (index > 0 && (list[index - 1] as Flight).atMs > atMs) index -= 1;
    list.splice(index, 0, { atMs, to, from, datagram });
  }

  nextAtMs(): number {
    return this.list[0]?.atMs ?? Infinity;
  }

  takeDue(nowMs: number): Flight | undefined {
    return this.nextAtMs() <= nowMs ? this.list.shift() : undefined;
  }
}
