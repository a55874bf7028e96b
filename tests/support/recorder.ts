import type { SocketAddress } from "@sortie/transport";
import type { MemoryNetwork } from "@sortie/transport-memory";

/** A datagram as it was sent. */
export interface SeenDatagram {
  readonly datagram: Uint8Array;
  readonly from: SocketAddress;
  readonly to: SocketAddress;
}

/** Collects every datagram that is sent, or those to one address. The list grows as they come. */
export function recordDatagrams(network: MemoryNetwork, to?: SocketAddress): SeenDatagram[] {
  const seen: SeenDatagram[] = [];
  network.tap((datagram, from, target, verdict) => {
    if (verdict !== "sent" || (to !== undefined && !target.equals(to))) return;
    seen.push({ datagram: datagram.slice(), from, to: target });
  });
  return seen;
}
