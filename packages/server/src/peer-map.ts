/**
 * The peers as the application sees them. A true Map, so that reading it costs what it always does; but only the server
 * enters and removes: whoever else did would leave peers connected that `broadcast` no longer reaches.
 */
export class PeerMap<Peer> extends Map<number, Peer> {
  /** Always throws TypeError. */
  override set(): never {
    throw readOnly("set");
  }

  /** Always throws TypeError. */
  override delete(): never {
    throw readOnly("delete");
  }

  /** Always throws TypeError. */
  override clear(): never {
    throw readOnly("clear");
  }
}

/** For the server alone: the peer is there from now on. */
export function enterPeer<Peer>(peers: PeerMap<Peer>, id: number, peer: Peer): void {
  Map.prototype.set.call(peers, id, peer);
}

/** For the server alone: the peer has gone. */
export function removePeer(peers: PeerMap<unknown>, id: number): void {
  Map.prototype.delete.call(peers, id);
}

function readOnly(method: string): TypeError {
  return new TypeError(`"peers" expected to be read only, got ${method}(): to send a peer away, use peer.disconnect()`);
}
