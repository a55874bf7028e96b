import type { CipherSuite, TransportParameters } from "@sortie/wire";
import type { ConnectionSecrets } from "./key-schedule.js";

/** What a handshake gives either side. */
export interface HandshakeKeys {
  readonly suite: CipherSuite;
  readonly secrets: ConnectionSecrets;
  /** What the peer puts into packets for us. */
  readonly localConnectionId: number;
  /** What we put into packets for the peer. */
  readonly remoteConnectionId: number;
  readonly peerParameters: TransportParameters;
}

/** What the client has once the server proved its identity. */
export interface EstablishedKeys extends HandshakeKeys {
  /** 65 bytes: the key that signed. */
  readonly serverPublicKey: Uint8Array;
}
