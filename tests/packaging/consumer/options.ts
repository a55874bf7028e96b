// Type-checked only, with `exactOptionalPropertyTypes`: an option that may be left out may be given as undefined too,
// as `process.env` and settings of one's own are.
import { type AgonesOptions, runWithAgones } from "@sortie/agones";
import type { DatagramInput, PcapDatagram } from "@sortie/capture";
import type { AuthorityOptions, CertificateVerifierOptions, ServerCertificateOptions } from "@sortie/certificates";
import type { ClientOptions as CoreClientOptions, SwarmClientOptions, SwarmListener } from "@sortie/client";
import type { ClusterOptions, WorkerServerOptions } from "@sortie/cluster";
import type { NobleProviderOptions } from "@sortie/handshake";
import {
  answerInBand,
  createMetrics,
  createMetricsListener,
  type InBandOptions,
  type MetricsListenerOptions,
  type MetricsOptions,
} from "@sortie/metrics";
import type { MetricsClientOptions } from "@sortie/metrics/client";
import type { FixedBudgetOptions, PacedControllerOptions } from "@sortie/reliability";
import type { BroadcastOptions, ServerOptions as CoreServerOptions } from "@sortie/server";
import type { ConnectionPairOptions, LeakSources, TestTransportOptions, TransportEnvironment } from "@sortie/testkit";
import type { TokenAuthenticatorOptions, TokenIssuerOptions, TokenRequest, TokenVerifierOptions } from "@sortie/tokens";
import type { BatchPoolOptions, DatagramBatchOptions, DriverOptions, TransportErrorDetails } from "@sortie/transport";
import type { DgramTransportOptions } from "@sortie/transport-dgram";
import type {
  LinkOptions,
  LinkProxyOptions,
  LinkTraceRecorderOptions,
  MemoryTransportOptions,
  NetworkOptions,
  TracedLink,
  VirtualClockOptions,
} from "@sortie/transport-memory";
import type { FastTransportOptions, MmsgTransportOptions } from "@sortie/transport-mmsg";
import {
  type AbortSignalLike,
  type AuthenticateResult,
  type AuthorityTrust,
  type ClientOptions,
  connect,
  type ConsoleLoggerOptions,
  createServer,
  type LoadIdentityOptions,
  type ReloadIdentityOptions,
  type SendOptions,
  type Server,
  type ServerOptions,
} from "sortie";

interface Player {
  readonly name: string;
  readonly isAdmin: boolean;
}

/** The options, with undefined for each that may be left out. */
type AllMaybe<Options> = Options extends unknown
  ? { [Name in keyof Options]: object extends Pick<Options, Name> ? Options[Name] | undefined : Options[Name] }
  : never;

type TakesUndefined<Options> = AllMaybe<Options> extends Options ? true : false;
type Every<Answers extends readonly true[]> = Answers;

export type Checked = Every<
  [
    TakesUndefined<AgonesOptions<Player>>,
    TakesUndefined<AuthenticateResult<Player | undefined>>,
    TakesUndefined<AuthorityOptions>,
    TakesUndefined<AuthorityTrust>,
    TakesUndefined<BatchPoolOptions>,
    // A message for one peer must not go to all where the peer was not found.
    TakesUndefined<Omit<BroadcastOptions<Player>, "to">>,
    TakesUndefined<CertificateVerifierOptions>,
    TakesUndefined<ClientOptions>,
    TakesUndefined<ClusterOptions>,
    TakesUndefined<ConnectionPairOptions>,
    TakesUndefined<ConsoleLoggerOptions>,
    TakesUndefined<CoreClientOptions>,
    TakesUndefined<CoreServerOptions<Player>>,
    TakesUndefined<DatagramBatchOptions>,
    TakesUndefined<DatagramInput>,
    TakesUndefined<DgramTransportOptions>,
    TakesUndefined<DriverOptions>,
    TakesUndefined<FastTransportOptions>,
    TakesUndefined<FixedBudgetOptions>,
    TakesUndefined<InBandOptions<Player>>,
    TakesUndefined<LeakSources>,
    TakesUndefined<LinkOptions>,
    TakesUndefined<LinkProxyOptions>,
    TakesUndefined<LinkTraceRecorderOptions>,
    TakesUndefined<LoadIdentityOptions>,
    TakesUndefined<MemoryTransportOptions>,
    TakesUndefined<MetricsClientOptions>,
    TakesUndefined<MetricsListenerOptions>,
    TakesUndefined<MetricsOptions<Player>>,
    TakesUndefined<MmsgTransportOptions>,
    TakesUndefined<NetworkOptions>,
    TakesUndefined<NobleProviderOptions>,
    TakesUndefined<PacedControllerOptions>,
    TakesUndefined<PcapDatagram>,
    TakesUndefined<ReloadIdentityOptions>,
    TakesUndefined<SendOptions>,
    TakesUndefined<ServerCertificateOptions>,
    TakesUndefined<ServerOptions>,
    TakesUndefined<ServerOptions<Player>>,
    TakesUndefined<SwarmClientOptions>,
    TakesUndefined<SwarmListener>,
    TakesUndefined<TestTransportOptions>,
    TakesUndefined<TokenAuthenticatorOptions<Player>>,
    TakesUndefined<TokenIssuerOptions>,
    TakesUndefined<TokenRequest>,
    TakesUndefined<TokenVerifierOptions>,
    TakesUndefined<TracedLink>,
    TakesUndefined<TransportEnvironment>,
    TakesUndefined<TransportErrorDetails>,
    TakesUndefined<VirtualClockOptions>,
    TakesUndefined<WorkerServerOptions<Player>>,
  ]
>;

/** Settings as an application reads them. */
export interface Settings {
  readonly port: number | undefined;
  readonly token: string | undefined;
  readonly signal: AbortSignalLike | undefined;
}

export async function start({ port, token, signal }: Settings): Promise<Server<Player>> {
  const server = createServer<Player>({
    protocol: "arena/1",
    port,
    authenticate: () => ({ accept: true, data: { name: "ann", isAdmin: true } }),
  });
  const metrics = createMetrics(server, { describePeer: (peer) => peer.data.name });
  answerInBand(metrics, { token, authorize: (peer) => peer.data.isAdmin });
  createMetricsListener(metrics, { token });
  runWithAgones(server, { list: "players", playerId: (peer) => peer.data.name });
  const client = await connect({ host: "127.0.0.1", port: 1474, protocol: "arena/1", signal, payload: token });
  client.send("hello", { delivery: undefined, priority: undefined });
  return server;
}
