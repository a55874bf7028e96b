// For `Symbol.asyncDispose`, whatever "lib" the application has.
/// <reference lib="esnext.disposable" preserve="true" />
export { Client } from "./client.js";
export { ClientCore } from "./client-core.js";
export type { ClientCoreEvent, ClientState } from "./client-core-event.js";
export type { ClientCoreOptions } from "./client-core-options.js";
export { connect } from "./connect.js";
export { ConnectError, type ConnectErrorCode } from "./connect-error.js";
export type { ClientEvents } from "./events.js";
export { type AbortSignalLike, checkConnectPayload, CLIENT_OPTION_NAMES, type ClientOptions } from "./options.js";
export { createClient, PolledClient } from "./polled-client.js";
export { ClientSwarm, openSwarm, type SwarmClientOptions, type SwarmListener } from "./swarm/client-swarm.js";
export type { SwarmClient } from "./swarm/swarm-client.js";
