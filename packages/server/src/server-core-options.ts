import type { ConnectionResources, ConnectionSettings } from "@sortie/connection";
import type { Identity, KeyLog } from "@sortie/handshake";
import type { TransportError } from "@sortie/transport";
import type { TransportParameters } from "@sortie/wire";
import type { BlockList } from "./block-list.js";
import type { ConnectionEntry } from "./connection-table.js";
import type { PortShare } from "./port-share.js";
import type { RateLimit } from "./prefix-limiter.js";

/** What a {@link ServerCore} is made of. */
export interface ServerCoreOptions {
  readonly resources: ConnectionResources;
  readonly identity: Identity;
  readonly protocolId: Uint8Array;
  readonly parameters: TransportParameters;
  readonly settings: ConnectionSettings;
  readonly blockList: BlockList;
  readonly maxPeers: number;
  readonly maxHalfOpen: number;
  readonly handshakesPerSecond: number;
  readonly handshakesPerPrefix: RateLimit;
  readonly packetsPerPeer?: RateLimit | undefined;
  /** Hears the secrets of every connection. */
  readonly keyLog?: KeyLog;
  /** Hears of faults of the whole socket. */
  readonly onTransportError?: (error: TransportError) => void;
  /**
   * Hears what a crypto provider or congestion controller threw. The connection that it concerns, if any, has ended;
   * its peer is not told why.
   */
  readonly onFault?: (error: unknown, entry?: ConnectionEntry) => void;
  /**
   * ms between two ticks: datagrams for peers wait for `releasePeers`, and deadlines are served with the ticks. 0:
   * without ticks, everything goes as soon as it can.
   */
  readonly tickIntervalMs: number;
  /** Its place among servers that share the port. */
  readonly share?: PortShare | undefined;
}
