export { CertificateError } from "@sortie/certificates";
export { type Client, ConnectError, type ConnectErrorCode, type PolledClient } from "@sortie/client";
export type { ConnectionStatistics, DisconnectReason, Logger, LogLevel, Quality, SendAdvice } from "@sortie/connection";
export { type Identity, IdentityError } from "@sortie/handshake";
export { generateIdentity } from "@sortie/handshake/node";
export type { Delivery, InboundMessage, Outcome, SendOptions, SendReceipt } from "@sortie/reliability";
export type {
  Authenticate,
  AuthenticateRequest,
  AuthenticateResult,
  CloseOptions,
  DrainingEvent,
  Peer,
  PeerDataOptions,
  Server,
  ServerStatistics,
  TickEvent,
} from "@sortie/server";
export { TransportError } from "@sortie/transport";
export { createNetwork } from "@sortie/transport-memory";
export { type ConsoleLoggerOptions, createConsoleLogger } from "./console-logger.js";
export { type AuthorityTrust, type ClientOptions, connect, createClient } from "./connect.js";
export { createServer, type ServerBaseOptions, type ServerOptions } from "./create-server.js";
export { createUdpTransport } from "./default-transport.js";
export { type IdentityFiles, loadIdentity, type LoadIdentityOptions, saveIdentity } from "./identity-files.js";
export { type ReloadIdentityOptions, reloadIdentityOnSignal } from "./reload-identity.js";
export type { AeadChoice } from "./default-crypto.js";
