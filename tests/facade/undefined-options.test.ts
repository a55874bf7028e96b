import { type AgonesOptions, runWithAgones } from "@sortie/agones";
import {
  type AuthorityOptions,
  issueAuthority,
  issueServerCertificate,
  type ServerCertificateOptions,
} from "@sortie/certificates";
import { type ClusterOptions, createCluster } from "@sortie/cluster";
import { answerInBand, createMetrics, createMetricsListener } from "@sortie/metrics";
import type { InBandOptions, MetricsListenerOptions, MetricsOptions } from "@sortie/metrics";
import { MetricsClient, type MetricsClientOptions } from "@sortie/metrics/client";
import { createTokenIssuer, createTokenVerifier, generateTokenKey } from "@sortie/tokens";
import type { TokenIssuerOptions, TokenRequest, TokenVerifierOptions } from "@sortie/tokens";
import {
  type BroadcastOptions,
  type ClientOptions,
  connect,
  createClient,
  createNetwork,
  createServer,
  createUdpTransport,
  type DgramTransportOptions,
  generateIdentity,
  type LinkOptions,
  type MemoryTransportOptions,
  type NetworkOptions,
  type SendOptions,
  type ServerOptions,
} from "sortie";
import { afterEach, describe, expect, it, vi } from "vitest";

/** Every option that may be left out, as undefined: the compiler tells of one that is missing here. */
type Nothing<Options> = {
  [Name in keyof Options as object extends Pick<Options, Name> ? Name : never]-?: undefined;
};

const CLIENT: Nothing<ClientOptions> = {
  serverKey: undefined,
  trust: undefined,
  dangerouslyTrustAnyServer: undefined,
  payload: undefined,
  signal: undefined,
  timeoutMs: undefined,
  logger: undefined,
  clock: undefined,
  transport: undefined,
  crypto: undefined,
  aead: undefined,
  keyLogFile: undefined,
  keyLog: undefined,
  mtu: undefined,
  idleTimeoutMs: undefined,
  keepAliveMs: undefined,
  maxMessageBytes: undefined,
  receiveWindowBytes: undefined,
  maxQueuedBytes: undefined,
  maxQueuedMessages: undefined,
  channelWeights: undefined,
  sendRateBytesPerSecond: undefined,
  congestion: undefined,
  createCongestionController: undefined,
};
const { serverKey: _key, trust: _trust, dangerouslyTrustAnyServer: _any, payload: _payload, ...BOTH } = CLIENT;
const { signal: _signal, timeoutMs: _timeout, ...SHARED } = BOTH;
const SERVER: Nothing<ServerOptions> = {
  ...SHARED,
  identity: undefined,
  host: undefined,
  port: undefined,
  receiveBufferBytes: undefined,
  sendBufferBytes: undefined,
  reusePort: undefined,
  tickRate: undefined,
  maxPeers: undefined,
  authenticate: undefined,
  handshakeTimeoutMs: undefined,
  reassemblyBudgetBytes: undefined,
  maxHalfOpen: undefined,
  handshakesPerSecond: undefined,
  handshakesPerPrefix: undefined,
  packetsPerPeer: undefined,
  blocked: undefined,
  onAccess: undefined,
  share: undefined,
};
const SEND: Nothing<SendOptions> = {
  delivery: undefined,
  channel: undefined,
  priority: undefined,
  expiresInMs: undefined,
};
/** All but `to`: of a peer that was looked up and has gone, what was for him alone would go to everybody. */
const BROADCAST: Nothing<Omit<BroadcastOptions<unknown>, "to">> = {
  ...SEND,
  except: undefined,
  onReceipt: undefined,
};
const UDP: Nothing<DgramTransportOptions> = {
  host: undefined,
  port: undefined,
  receiveBufferBytes: undefined,
  sendBufferBytes: undefined,
  ipv6Only: undefined,
  reuseAddress: undefined,
  reusePort: undefined,
  batches: undefined,
  unref: undefined,
};
const NETWORK: Nothing<NetworkOptions> = { link: undefined, maxInFlight: undefined, names: undefined };
const MEMORY: Nothing<MemoryTransportOptions> = {
  host: undefined,
  port: undefined,
  link: undefined,
  receiveLink: undefined,
  batches: undefined,
  batchCapacity: undefined,
  slotBytes: undefined,
};
const LINK: Nothing<LinkOptions> = {
  latencyMs: undefined,
  jitterMs: undefined,
  delayTail: undefined,
  delayTailInBad: undefined,
  loss: undefined,
  burst: undefined,
  gilbertElliott: undefined,
  reorder: undefined,
  reorderDelayMs: undefined,
  duplicate: undefined,
  corrupt: undefined,
  bandwidthBytesPerSecond: undefined,
  queueBytes: undefined,
  mtu: undefined,
  overheadBytes: undefined,
};
const METRICS: Nothing<MetricsOptions> = {
  prefix: undefined,
  registry: undefined,
  describePeer: undefined,
  onError: undefined,
  clock: undefined,
};
const LISTENER: Nothing<MetricsListenerOptions> = {
  port: undefined,
  host: undefined,
  token: undefined,
  ready: undefined,
  onAction: undefined,
  title: undefined,
};
const IN_BAND: Nothing<InBandOptions> = { channel: undefined, token: undefined, authorize: undefined };
const ASKER: Nothing<MetricsClientOptions> = {
  channel: undefined,
  token: undefined,
  timeoutMs: undefined,
  clock: undefined,
};
const AGONES: Nothing<AgonesOptions> = {
  healthIntervalMs: undefined,
  isHealthy: undefined,
  counter: undefined,
  list: undefined,
  playerId: undefined,
  allocateOnFirstPeer: undefined,
  onShutdown: undefined,
  logger: undefined,
  createSdk: undefined,
};
const ISSUER: Nothing<TokenIssuerOptions> = { issuer: undefined, now: undefined };
const TOKEN: Nothing<TokenRequest> = {
  lifetimeSeconds: undefined,
  notBefore: undefined,
  challenge: undefined,
  data: undefined,
};
const VERIFIER: Nothing<TokenVerifierOptions> = {
  issuer: undefined,
  requireChallenge: undefined,
  toleranceSeconds: undefined,
  maxLifetimeSeconds: undefined,
  notIssuedBefore: undefined,
  maxConsumed: undefined,
  reloadSeconds: undefined,
  maxKeyAgeSeconds: undefined,
  onError: undefined,
  now: undefined,
  monotonicNow: undefined,
};
const AUTHORITY: Nothing<AuthorityOptions> = { days: undefined, now: undefined };
const CERTIFICATE: Nothing<ServerCertificateOptions> = { days: undefined, now: undefined };
const CLUSTER: Nothing<ClusterOptions> = {
  workers: undefined,
  host: undefined,
  port: undefined,
  data: undefined,
  execArgv: undefined,
  env: undefined,
  startTimeoutMs: undefined,
  hangTimeoutMs: undefined,
  restartsPerMinute: undefined,
  logger: undefined,
};

const protocol = "test/1";
const host = "127.0.0.1";
const identity = generateIdentity();

describe("an option that is undefined", () => {
  const ends: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
    vi.restoreAllMocks();
  });

  it("is as one left out, for servers, clients and messages", async () => {
    const told = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const server = createServer({ ...SERVER, protocol, identity, host, port: 0 });
    ends.push(() => server.close());
    const { port } = await server.listen();
    const client = await connect({ ...CLIENT, host, port, protocol, serverKey: identity.publicKey });
    ends.push(() => client.close({ drainMs: undefined, reason: undefined }));
    const received = new Promise((resolve) => server.on("message", (_peer, message) => resolve(message.delivery)));
    expect(client.send("hello", SEND).accepted).toBe(true);
    expect(await received).toBe("unreliable");
    expect(server.broadcast("hello", BROADCAST)).toBe(1);
    const toNobody = { ...BROADCAST, to: undefined } as unknown as BroadcastOptions<unknown>;
    expect(() => server.broadcast("hello", toNobody)).toThrow('"to" expected a peer or peers, got undefined');
    const polled = createClient({ ...CLIENT, host, port, protocol, serverKey: identity.publicKey });
    polled.close({ drainMs: undefined, reason: undefined });
    server.startDraining({ reason: undefined });
    expect(told).not.toHaveBeenCalled();
  });

  it("leaves servers and clients their logger", async () => {
    const told: string[] = [];
    vi.spyOn(console, "error").mockImplementation((line: string) => void told.push(line));
    const server = createServer({ ...SERVER, protocol, identity, host, port: 0 });
    ends.push(() => server.close());
    const { port } = await server.listen();
    const client = await connect({ ...CLIENT, host, port, protocol, serverKey: identity.publicKey });
    ends.push(() => client.close());
    client.on("message", () => {
      throw new Error("a bug of the client");
    });
    server.on("message", (peer) => {
      peer.send("hello", { delivery: "reliable" });
      throw new Error("a bug of the server");
    });
    client.send("hello", { delivery: "reliable" });
    await vi.waitFor(() => expect(told.join("\n")).toMatch(/a bug of the client/), { timeout: 30_000 });
    await vi.waitFor(() => expect(told.join("\n")).toMatch(/a bug of the server/), { timeout: 30_000 });
  });

  it("is as one left out, for networks and sockets", async () => {
    const network = createNetwork({ ...NETWORK, seed: 1, link: LINK });
    const memory = network.createTransport({ ...MEMORY, link: LINK, receiveLink: { ...LINK, loss: 0 } });
    const udp = createUdpTransport(UDP);
    ends.push(
      () => memory.close(),
      () => udp.close(),
    );
    const receiver = { onDatagram: () => false, onBatchEnd() {}, onWritable() {}, onError() {} };
    expect((await memory.open(receiver)).port).toBeGreaterThan(0);
    expect((await udp.open(receiver)).port).toBeGreaterThan(0);
  });

  it("is as one left out, for metrics and Agones", async () => {
    const server = createServer({ ...SERVER, protocol, identity, host, port: 0 });
    ends.push(() => server.close());
    const { port } = await server.listen();
    const metrics = createMetrics(server, METRICS);
    ends.push(() => metrics.close());
    const listener = createMetricsListener(metrics, { ...LISTENER, port: 0 });
    ends.push(() => listener.close());
    expect((await listener.listen()).host).toBe(host);
    ends.push(answerInBand(metrics, { ...IN_BAND, authorize: () => true }));
    const client = await connect({ ...CLIENT, host, port, protocol, serverKey: identity.publicKey });
    ends.push(() => client.close());
    expect((await new MetricsClient(client, ASKER).summary()).stats.draining).toBe(false);
    for (const level of ["info", "warn", "error"] as const)
      vi.spyOn(console, level).mockImplementation(() => undefined);
    const agones = runWithAgones(server, AGONES);
    ends.push(() => agones.close());
    expect(agones.state).toBeUndefined();
  });

  it("is as one left out, for tokens, certificates and clusters", async () => {
    const issuer = await createTokenIssuer({
      ...ISSUER,
      keys: [await generateTokenKey({ algorithm: undefined, keyId: undefined })],
    });
    const token = await issuer.issue({ ...TOKEN, subject: "ann", audience: "a", protocol });
    const verifier = createTokenVerifier({ ...VERIFIER, keys: issuer.keySet(), audience: "a", protocol });
    expect(await verifier.verify(new TextEncoder().encode(token))).toMatchObject({ claims: { subject: "ann" } });
    const authorityKey = generateIdentity();
    const authority = issueAuthority({ ...AUTHORITY, key: authorityKey, name: "test" });
    const { publicKey } = identity;
    const own = { authority, authorityKey, publicKey, hostnames: ["a.test"] };
    expect(issueServerCertificate({ ...CERTIFICATE, ...own })).toMatch(/BEGIN CERTIFICATE/);
    const cluster = createCluster({ ...CLUSTER, entry: import.meta.url, workers: 1 });
    await cluster.close();
  });
});
