export { CertificateError, type CertificateErrorCode } from "@sortie/certificates";
export {
  type AbortSignalLike,
  type Client,
  type ClientEvents,
  type ClientState,
  ConnectError,
  type ConnectErrorCode,
  type PolledClient,
} from "@sortie/client";
export type {
  ConnectionStatistics,
  DisconnectCode,
  DisconnectReason,
  DropReason,
  Logger,
  LogLevel,
  Quality,
  SecondOfTraffic,
  SendAdvice,
} from "@sortie/connection";
export {
  type CertificateVerifier,
  type CryptoProvider,
  type Identity,
  IdentityError,
  type IdentityErrorCode,
  type KeyLog,
  type KeyLogEntry,
  type KeyPair,
  type PrivateKey,
} from "@sortie/handshake";
export { generateIdentity } from "@sortie/handshake/node";
export type {
  Delivery,
  EndpointStatistics,
  InboundMessage,
  Outcome,
  SendOptions,
  SendReceipt,
  SendRefusal,
} from "@sortie/reliability";
export type {
  Authenticate,
  AuthenticateRequest,
  AuthenticateResult,
  BroadcastOptions,
  CloseOptions,
  DrainingEvent,
  ListenAddress,
  Peer,
  PeerDataOptions,
  Server,
  ServerEvents,
  ServerStatistics,
  TickEvent,
  TickStatisticsSnapshot,
} from "@sortie/server";
export {
  type Clock,
  type DatagramReceiver,
  type DatagramTransport,
  type SocketAddress,
  TransportError,
  type TransportErrorCode,
  type TransportErrorDetails,
  type TransportStatistics,
} from "@sortie/transport";
export type { DgramTransportOptions } from "@sortie/transport-dgram";
export {
  createNetwork,
  type MemoryNetwork,
  type MemoryTransport,
  type NetworkOptions,
  type VirtualClock,
} from "@sortie/transport-memory";
export { type ConsoleLoggerOptions, createConsoleLogger } from "./console-logger.js";
export { type AuthorityTrust, type ClientOptions, connect, createClient } from "./connect.js";
export { createServer, type ServerBaseOptions, type ServerOptions } from "./create-server.js";
export { createUdpTransport } from "./default-transport.js";
export { type IdentityFiles, loadIdentity, type LoadIdentityOptions, saveIdentity } from "./identity-files.js";
export type { KeyLogChoice } from "./key-log-file.js";
export { type ReloadIdentityOptions, reloadIdentityOnSignal } from "./reload-identity.js";
export type { AeadChoice, CryptoChoice } from "./default-crypto.js";
