// For `Symbol.asyncDispose`, whatever "lib" the application has.
/// <reference lib="esnext.disposable" preserve="true" />
export type { AccessLogEntry } from "./access-log.js";
export type { BroadcastOptions } from "./broadcast-options.js";
export { type ServerEvents } from "./events.js";
export type { ListenAddress } from "./listen-address.js";
export { SERVER_OPTION_NAMES, type ServerBaseOptions, type ServerOptions } from "./options.js";
export type {
  Acceptance,
  Authenticate,
  AuthenticateRequest,
  AuthenticateResult,
  AuthenticateSignal,
  NeededFor,
  PeerDataOptions,
} from "./peer-data.js";
export { Peer } from "./peer.js";
export { type PortShare, workerOf } from "./port-share.js";
export type { RateLimit } from "./prefix-limiter.js";
export { type HandshakeFailure, type RefusalCode, RefusalCounters } from "./refusal-counters.js";
export { type RejectCode, RejectCounters } from "./reject-counters.js";
export { Server } from "./server.js";
export { ServerCore } from "./server-core.js";
export type { ServerCoreHandler } from "./server-core-handler.js";
export type { ServerCoreOptions } from "./server-core-options.js";
export type { CloseOptions, DrainingEvent } from "./shutdown.js";
export type { ServerStatistics } from "./statistics.js";
export type { TickEvent } from "./tick-loop.js";
export type { TickStatisticsSnapshot } from "./tick-statistics.js";
