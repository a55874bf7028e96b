export { Client } from "./client.js";
export { ClientCore, type ClientCoreEvent, type ClientCoreOptions, type ClientState } from "./client-core.js";
export { connect } from "./connect.js";
export { ConnectError, type ConnectErrorCode } from "./connect-error.js";
export type { ClientEvents } from "./events.js";
export { type AbortSignalLike, checkConnectPayload, CLIENT_OPTION_NAMES, type ClientOptions } from "./options.js";
export { createClient, PolledClient } from "./polled-client.js";
export { ClientSwarm, openSwarm, type SwarmClientOptions, type SwarmListener } from "./swarm/client-swarm.js";
export type { SwarmClient } from "./swarm/swarm-client.js";
