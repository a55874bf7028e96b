import { callContained, payloadBytes } from "@sortie/connection";
import { checkSend, type SendReceipt, SharedPayload } from "@sortie/reliability";
import type { Clock } from "@sortie/transport";
import { type BroadcastOptions, checkBroadcastOptions, checkOnReceipt, peersOf } from "./broadcast-options.js";
import { type Peer, type PeerHost, sendTo } from "./peer.js";

/** What a broadcast needs of its server. */
export interface BroadcastParts<Data> {
  readonly peers: ReadonlyMap<number, Peer<Data>>;
  readonly host: PeerHost;
  readonly clock: Clock;
  /** Hears what `onReceipt` threw, or rejected with. A method, so that a `Server<Player>` is a `Server` as well. */
  onFault(error: unknown, peer: Peer<Data>): void;
}

/** Sends to all peers, or those of `to`, but those of `except`: see `Server.broadcast`. */
export function broadcast<Data>(
  parts: BroadcastParts<Data>,
  payload: Uint8Array | string,
  options: BroadcastOptions<Data>,
): number {
  const { peers, host, clock } = parts;
  const shared = new SharedPayload(payloadBytes(payload));
  checkBroadcastOptions(options);
  const { to, except, onReceipt, ...sendOptions } = options;
  checkOnReceipt(onReceipt);
  const left = except === undefined ? undefined : peersOf("except", except, host);
  const named = to === undefined ? undefined : peersOf("to", to, host);
  checkSend(shared, sendOptions);
  const nowMs = clock.now();
  let accepted = 0;
  const told: [Peer<Data>, SendReceipt][] = [];
  for (const peer of named ?? peers.values()) {
    if (left?.has(peer) === true) continue;
    const receipt = sendTo(peer as Peer, shared, sendOptions, nowMs);
    if (receipt.accepted) accepted += 1;
    if (onReceipt !== undefined) told.push([peer, receipt]);
  }
  // Only now: what is called may send, too, and that comes after this message for everybody.
  for (const [peer, receipt] of told) {
    callContained(
      () => onReceipt?.(peer, receipt),
      (error) => parts.onFault(error, peer),
    );
  }
  return accepted;
}
