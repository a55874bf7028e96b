import { describeKind, describeValue } from "@sortie/connection";
import type { PeerDataOptions, Server } from "@sortie/server";
import { createServer, createUdpTransport, type ServerBaseOptions, type ServerOptions } from "sortie";
import { type WorkerRuntime, workerRuntime } from "./cluster-worker.js";
import { ForwardLink, LINK_HOST } from "./forward-link.js";
import type { WorkerLinks } from "./messages.js";
import { SharedPortTransport } from "./shared-port-transport.js";
import { ShownIdentity } from "./shown-identity.js";

/** What the cluster decides. */
const DECIDED = ["host", "port", "reusePort", "transport", "share", "clock"] as const;

/** Options of {@link createWorkerServer}, whatever its peers' data. */
export interface WorkerServerBaseOptions extends Omit<ServerBaseOptions, (typeof DECIDED)[number] | "identity"> {
  /** The same in all workers: load it from one file. */
  readonly identity: NonNullable<ServerBaseOptions["identity"]>;
}

/**
 * Options of {@link createWorkerServer}: those of `createServer` of `sortie` without what the cluster decides. Limits
 * (`maxPeers`, `maxHalfOpen`, `handshakesPerSecond`, `handshakesPerPrefix`, `reassemblyBudgetBytes`) are those of the
 * whole cluster: each worker has an equal part.
 */
export type WorkerServerOptions<Data = unknown> = WorkerServerBaseOptions & PeerDataOptions<Data>;

/**
 * The server of this worker: `listen()` resolves when all workers have opened the port; `close()` ends the worker,
 * whose place another one then takes. Rejects with Error outside of a cluster or when called twice, with ClusterError
 * "main-gone" where the main process has ended before; with TypeError or RangeError for an option that is missing, out
 * of range, or the cluster's to decide. Where the cluster was closed before this worker served, neither this nor
 * `listen()` settles: the process ends, with status 0, once nothing keeps it busy, or 5 s later.
 */
export async function createWorkerServer<Data = unknown>(options: WorkerServerOptions<Data>): Promise<Server<Data>> {
  checkWorkerOptions(options);
  const runtime = await workerRuntime();
  return runtime.unlessGivenUp(() => createServerOf(runtime, options));
}

async function createServerOf<Data>(runtime: WorkerRuntime, options: WorkerServerOptions<Data>): Promise<Server<Data>> {
  runtime.checkWantsServer();
  const { config, counters } = runtime;
  const { worker, workers, isReplacement, cookieKey, host, port } = config;
  const given: WorkerServerOptions<Data> = options;
  const { receiveBufferBytes, sendBufferBytes, ...rest } = given;
  const socket = createUdpTransport({
    port,
    reusePort: workers > 1,
    ...(host === undefined ? {} : { host }),
    ...(receiveBufferBytes === undefined ? {} : { receiveBufferBytes }),
    ...(sendBufferBytes === undefined ? {} : { sendBufferBytes }),
  });
  const link = new ForwardLink({ transport: createUdpTransport({ host: LINK_HOST }), worker, workers, counters });
  const firstLinks = (): Promise<WorkerLinks> =>
    new Promise((resolve) => {
      runtime.onLinks = (links) => {
        runtime.onLinks = (changed) => transport.setLinks(changed);
        resolve(links);
      };
    });
  const transport: SharedPortTransport = new SharedPortTransport({
    transport: socket,
    link,
    worker,
    workers,
    counters,
    isAccepting: () => runtime.isAccepting,
    ...(isReplacement
      ? {
          join: (linkPort: number) => {
            const links = firstLinks();
            runtime.reportLinked(linkPort);
            return links;
          },
        }
      : {}),
    start: ({ address, linkPort }) => {
      const links = isReplacement ? undefined : firstLinks();
      const { host: local, port: localPort, family } = address;
      runtime.reportOpened({ address: local, port: localPort, family, linkPort, publicKey: identity.opened() });
      return links;
    },
    onLive: () => runtime.reportServing(),
    onFailed: (error) => runtime.reportFailure(error),
    onClosed: () => runtime.onServerClosed(),
  });
  const identity = new ShownIdentity(options.identity.publicKey, (publicKey) => runtime.reportIdentity(publicKey));
  const share = { worker, workers, cookieKey, clockOffsetMs: monotonicMs() - performance.now() };
  const own: ServerOptions<Data> = { ...rest, transport, share };
  const server = createServer<Data>(own);
  const listen = server.listen.bind(server);
  server.listen = () => runtime.unlessGivenUp(listen);
  const setIdentity = server.setIdentity.bind(server);
  server.setIdentity = (other) => {
    setIdentity(other);
    identity.show(other.publicKey);
  };
  runtime.server = server as unknown as Server;
  return server;
}

/** ms. Of the machine and not of the process: all workers see the same. */
function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

function checkWorkerOptions(options: object): void {
  const kind = describeKind(options);
  if (kind !== "an object") throw new TypeError(`"options" expected an object, got ${kind}`);
  const given = options as Readonly<Record<string, unknown>>;
  for (const name of DECIDED) {
    if (given[name] !== undefined) {
      throw new TypeError(`"${name}" expected to be left to createCluster(), got ${describeValue(given[name])}`);
    }
  }
  if (given["identity"] === undefined) {
    throw new TypeError('"identity" expected what loadIdentity() gives, the same in all workers, got undefined');
  }
}
