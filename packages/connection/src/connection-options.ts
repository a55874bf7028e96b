import type { EstablishedKeys, KeyLimits } from "@sortie/handshake";
import type { ClockLead, CongestionController, EndpointLimits } from "@sortie/reliability";
import type { TransportParameters } from "@sortie/wire";
import { IdleWatch } from "./idle-watch.js";
import type { PeerAddress } from "./peer-address.js";
import type { ConnectionResources } from "./resources.js";
import type { TraceSink } from "./trace.js";

/** ms. A third of the default idle timeout: two PINGs may be lost before the third saves the connection. */
export const DEFAULT_KEEP_ALIVE_MS = 3000;
/** ms. From the first keys to ACCEPT, `authenticate` included. */
export const DEFAULT_HANDSHAKE_TIMEOUT_MS = 10_000;

/** What both sides may set; units and ranges were checked by the public options of client and server. */
export interface ConnectionSettings {
  /** ms without a packet from the peer after which a PING is sent. */
  readonly keepAliveMs?: number | undefined;
  /** ms for CONNECT and ACCEPT. */
  readonly handshakeTimeoutMs?: number | undefined;
  /** ms an acknowledgement may wait for company; at most the parameter told to the peer, which is the default. */
  readonly ackDelayMs?: number | undefined;
  /** bytes, 1200..1452: the largest datagram sent, see `ProtocolOptions.mtu`. Without it the path's is searched for. */
  readonly mtuBytes?: number | undefined;
  /** Of an owner that goes by another time than the machine's; default: none does. */
  readonly clockLead?: ClockLead | undefined;
  readonly limits?: Partial<EndpointLimits> | undefined;
  /** By channel, 1..255: shares where channels of one priority compete. Default 1. */
  readonly channelWeights?: Readonly<Record<number, number>> | undefined;
  /** ms. Longest that an unreliable or sequenced message waits to be sent. Default 100. */
  readonly maxUnreliableWaitMs?: number | undefined;
  /** A controller for each connection; clients and servers give `AdaptiveRate` by default. */
  readonly createCongestionController?: (() => CongestionController) | undefined;
}

export interface ConnectionOptions {
  readonly role: "client" | "server";
  readonly resources: ConnectionResources;
  readonly keys: Omit<EstablishedKeys, "serverPublicKey">;
  readonly localParameters: TransportParameters;
  readonly settings: ConnectionSettings;
  readonly address: PeerAddress;
  readonly nowMs: number;
  /** Client: payload of CONNECT, at most 1024 bytes. */
  readonly connectPayload?: Uint8Array | undefined;
  /** ms. A first guess from the handshake. */
  readonly initialRttMs?: number | undefined;
  readonly trace?: TraceSink | undefined;
  /** Lower limits than the suite's own, for tests of key updates. */
  readonly keyLimits?: Partial<KeyLimits> | undefined;
  /** Both sides' first packet number, the same; tests start near the edges of the number space. */
  readonly initialPacketNumber?: number | undefined;
  readonly initialMessageId?: number | undefined;
}

/** PINGs that may go unanswered within the idle timeout before the connection is given up. */
const KEEP_ALIVES_PER_IDLE_TIMEOUT = 3;

/**
 * The idle timeout is the smaller of both sides'; PINGs go as often as was set, but often enough for that: the peer's
 * may be shorter than ours.
 */
export function createIdleWatch({ localParameters, keys, settings, nowMs }: ConnectionOptions): IdleWatch {
  const timeoutMs = Math.min(localParameters.idleTimeoutMs, keys.peerParameters.idleTimeoutMs);
  const keepAliveMs = Math.min(settings.keepAliveMs ?? DEFAULT_KEEP_ALIVE_MS, timeoutMs / KEEP_ALIVES_PER_IDLE_TIMEOUT);
  return new IdleWatch(timeoutMs, keepAliveMs, nowMs);
}
