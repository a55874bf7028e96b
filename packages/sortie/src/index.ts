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
  CongestionAlgorithm,
  CongestionContext,
  ConnectionStatistics,
  DisconnectCode,
  DisconnectReason,
  DropReason,
  Logger,
  LogLevel,
  ProtocolOptions,
  Quality,
  SecondOfTraffic,
  SendAdvice,
} from "@sortie/connection";
export {
  type Aead,
  type CertificateFailure,
  type CertificateFailureCode,
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
  AckSample,
  CongestionController,
  Delivery,
  EndpointStatistics,
  InboundMessage,
  Outcome,
  SendOptions,
  SendReceipt,
  SendRefusal,
} from "@sortie/reliability";
export type {
  Acceptance,
  AccessLogEntry,
  Authenticate,
  AuthenticateRequest,
  AuthenticateResult,
  AuthenticateSignal,
  BroadcastOptions,
  CloseOptions,
  DrainingEvent,
  HandshakeFailure,
  ListenAddress,
  NeededFor,
  Peer,
  PeerDataOptions,
  PortShare,
  RateLimit,
  RefusalCode,
  RejectCode,
  Server,
  ServerEvents,
  ServerStatistics,
  TickEvent,
  TickStatisticsSnapshot,
} from "@sortie/server";
export {
  type Clock,
  type DatagramBatch,
  type DatagramBatchOptions,
  type DatagramReceiver,
  type DatagramTransport,
  type SocketAddress,
  type TimerHandle,
  TransportError,
  type TransportErrorCode,
  type TransportErrorDetails,
  type TransportStatistics,
} from "@sortie/transport";
export type { DgramTransportOptions } from "@sortie/transport-dgram";
export {
  createNetwork,
  type DelayDistribution,
  type DelayTail,
  type DropCause,
  type GilbertElliott,
  type HostLike,
  type LinkOptions,
  type LinkSimulator,
  type LinkSpec,
  type LinkStatistics,
  type LinkTrace,
  type LinkTraceStep,
  type LinkVerdict,
  type MemoryNetwork,
  type MemoryTransport,
  type MemoryTransportOptions,
  type NetworkFilter,
  type NetworkOptions,
  type NetworkStatistics,
  type PresetName,
  type Tap,
  type TapVerdict,
  type TracedLink,
  type VirtualClock,
  type VirtualClockOptions,
} from "@sortie/transport-memory";
export type { CipherSuite } from "@sortie/wire";
export { type ConsoleLoggerOptions, createConsoleLogger } from "./console-logger.js";
export { type AuthorityTrust, type ClientOptions, connect, createClient } from "./connect.js";
export { createServer, type ServerBaseOptions, type ServerOptions } from "./create-server.js";
export { createUdpTransport } from "./default-transport.js";
export { type IdentityFiles, loadIdentity, type LoadIdentityOptions, saveIdentity } from "./identity-files.js";
export type { KeyLogChoice } from "./key-log-file.js";
export { type ReloadIdentityOptions, reloadIdentityOnSignal } from "./reload-identity.js";
export type { AeadChoice, CryptoChoice } from "./default-crypto.js";
