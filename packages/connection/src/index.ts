export { callContained, isThenable } from "./call-contained.js";
export { checkReason } from "./closing.js";
export { Connection } from "./connection.js";
export { checkCrypto, checkIdentity } from "./crypto-options.js";
export { describeKind, describeValue } from "./describe-value.js";
export { checkBoolean } from "./check-boolean.js";
export { checkMethods } from "./method-checks.js";
export type { ConnectionEvent } from "./connection-events.js";
export {
  type ConnectionOptions,
  type ConnectionSettings,
  DEFAULT_HANDSHAKE_TIMEOUT_MS,
  DEFAULT_KEEP_ALIVE_MS,
} from "./connection-options.js";
export { type ConnectionState, isLegalTransition, type TransitionCause } from "./connection-state.js";
export { containedKeyLog } from "./contained-key-log.js";
export { containedTrace } from "./contained-trace.js";
export {
  DISCONNECT_CODES,
  type DisconnectCode,
  type DisconnectReason,
  LOST_BY_SERVER,
  reasonOfFault,
} from "./disconnect-reason.js";
export { DROP_REASONS, DropCounters, type DropReason } from "./drop-reason.js";
export { checkLogger, containedLogger, LOG_LEVELS, type Logger, type LogLevel } from "./logger.js";
export { checkNames, type OptionNames } from "@sortie/wire";
export { checkOptionNames } from "./option-names.js";
export { MAX_PACKET_NUMBER_LEAP } from "./packet-opener.js";
export type { MtuCause } from "./mtu-discovery.js";
export type { PeerAddress } from "./peer-address.js";
export { prefetch, PREFETCH_BLOCK } from "./prefetch.js";
export type { Quality } from "./quality.js";
export { RandomPool, type RandomSource } from "./random-pool.js";
export { type ConnectionResources, createResources, DEFAULT_REASSEMBLY_BUDGET_BYTES } from "./resources.js";
export type { SecondOfTraffic } from "./rolling-rates.js";
export type { SendAdvice } from "./send-advice.js";
export type { ConnectionStatistics } from "./statistics.js";
export type { TraceEvent, TraceSink } from "./trace.js";
export { type EventMap, TypedEmitter } from "./typed-emitter.js";
export {
  type CongestionAlgorithm,
  type CongestionContext,
  DEFAULT_IDLE_TIMEOUT_MS,
  PROTOCOL_OPTION_NAMES,
  type FrameTiming,
  type ProtocolOptions,
  type ResolvedProtocolOptions,
  resolveProtocolOptions,
} from "./protocol-options.js";
export { containRejection } from "@sortie/handshake";
export { isBytes } from "@sortie/wire";
export { payloadBytes, toHex } from "./payload.js";
export { wasHeldUp } from "./idle-watch.js";
