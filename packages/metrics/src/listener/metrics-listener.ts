import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { checkMetrics } from "../check-metrics.js";
import type { ServerMetrics } from "../server-metrics.js";
import { Assets } from "./assets.js";
import { BearerToken } from "./bearer-token.js";
import { ConnectionPool } from "./connection-pool.js";
import { failure, type Reply, sendReply, text } from "./http-reply.js";
import { readApi } from "./json-api.js";
import {
  checkListenerOptions,
  type CheckedListenerOptions,
  isLoopback,
  type MetricsListenerOptions,
} from "./listener-options.js";
import { OpenAnswers } from "./open-answers.js";
import { act } from "./operator-actions.js";
import { Readiness } from "./readiness.js";
import { ServerEndWatch } from "./server-end-watch.js";

/** ms for a request's header and body to arrive. */
const REQUEST_TIMEOUT_MS = 5_000;
/** ms between two looks at who has been too slow: Node's default of 30 s would make that the limit. */
const SLOWNESS_CHECK_MS = 1_000;
/** ms that an idle connection stays open: longer than the page's interval, so that it needs no new one each second. */
const KEEP_ALIVE_MS = 10_000;

const READ_METHODS: readonly string[] = ["GET", "HEAD"];

/** Where the listener is. */
export interface MetricsAddress {
  readonly host: string;
  readonly port: number;
  /** With the token in the fragment, which browsers keep to themselves: for the operator alone. */
  readonly url: string;
}

/**
 * HTTP beside the game, on a port of its own: the dashboard at /, Prometheus' text at /metrics, /healthz, /readyz, and
 * JSON below /api. See {@link MetricsListenerOptions} for who may do what. Once its server has closed it still answers,
 * but does not keep the process alive.
 */
export class MetricsListener {
  readonly #metrics: ServerMetrics;
  readonly #options: CheckedListenerOptions;
  readonly #token: BearerToken | undefined;
  readonly #http: HttpServer;
  readonly #readiness: Readiness;
  readonly #answers: OpenAnswers = new OpenAnswers();
  readonly #connections: ConnectionPool = new ConnectionPool();
  readonly #endWatch: ServerEndWatch;
  #assets: Assets | undefined;
  #address: MetricsAddress | undefined;
  /** What the `listen` under way has given. */
  #opening: Promise<MetricsAddress> | undefined;
  #closing: Promise<void> | undefined;

  /** Throws TypeError or RangeError for metrics that are none and for an option that is out of range, and names it. */
  constructor(metrics: ServerMetrics, options: MetricsListenerOptions = {}) {
    checkMetrics(metrics);
    this.#metrics = metrics;
    this.#options = checkListenerOptions(options);
    const { token, ready } = this.#options;
    this.#readiness = new Readiness(metrics, ready);
    this.#token = token === undefined ? undefined : new BearerToken(token);
    this.#http = createServer(
      {
        headersTimeout: REQUEST_TIMEOUT_MS,
        requestTimeout: REQUEST_TIMEOUT_MS,
        connectionsCheckingInterval: SLOWNESS_CHECK_MS,
        keepAliveTimeout: KEEP_ALIVE_MS,
      },
      (request, response) => void this.#serve(request, response),
    );
    // Whoever forgets to close the listener would else wait for a process with nothing left to do.
    this.#endWatch = new ServerEndWatch(metrics.server, () => {
      this.#http.unref();
      this.#connections.unref();
    });
    this.#http.on("connection", (socket) => this.#connections.add(socket));
    // Node's own answer to what a client expects of us would leave without a deadline.
    const expectation = failure(417, "expectation", 'expected none but "100-continue" in the header Expect');
    this.#http.on("checkExpectation", (request, response) => void this.#serve(request, response, expectation));
    // A connection that the system did not hand over is no reason to end the game. Before, `listen` rejects with it.
    this.#http.on("error", (error) => {
      if (this.#http.listening) metrics.reportError(error);
    });
  }

  /** undefined before `listen` and after `close`. */
  get address(): MetricsAddress | undefined {
    return this.#address;
  }

  /**
   * Opens the port. Rejects with the system's error: EADDRINUSE, EACCES; with Error where it listens already, or is
   * closed meanwhile.
   */
  listen(): Promise<MetricsAddress> {
    if (this.#address !== undefined || this.#opening !== undefined) {
      return Promise.reject(new Error("listen() on a listener that listens already"));
    }
    if (this.#closing !== undefined) {
      return Promise.reject(new Error("listen() on a listener that closes: await its close() first"));
    }
    return (this.#opening = this.#open().finally(() => (this.#opening = undefined)));
  }

  async #open(): Promise<MetricsAddress> {
    const { port, host, token, title } = this.#options;
    this.#assets ??= await Assets.load(title);
    this.#checkNotClosing();
    await new Promise<void>((resolve, reject) => {
      // Whichever comes takes the other one away: what a failed attempt left behind would pile up with each retry.
      const onListening = (): void => {
        this.#http.off("error", onError);
        resolve();
      };
      const onError = (error: Error): void => {
        this.#http.off("listening", onListening);
        reject(error);
      };
      this.#http.once("listening", onListening).once("error", onError).listen(port, host);
    });
    this.#checkNotClosing();
    this.#endWatch.start();
    const bound = this.#http.address() as AddressInfo;
    const name = bound.family === "IPv6" ? `[${bound.address}]` : bound.address;
    const url = `http://${name}:${bound.port}/${token === undefined ? "" : `#token=${encodeURIComponent(token)}`}`;
    this.#address = { host: bound.address, port: bound.port, url };
    return this.#address;
  }

  #checkNotClosing(): void {
    if (this.#closing !== undefined) throw new Error("the listener was closed while listen() opened its port");
  }

  /**
   * Ends all connections, and a `listen` under way, which rejects; resolves when the port is free. Further calls until
   * then give the same promise.
   */
  close(): Promise<void> {
    return (this.#closing ??= this.#shutDown().finally(() => (this.#closing = undefined)));
  }

  async #shutDown(): Promise<void> {
    this.#address = undefined;
    this.#endWatch.stop();
    // A port that is about to be opened cannot be stopped; it is closed as soon as it is there. Who closes the listener
    // knows why `listen` rejects: where nobody waits for it, that must not end the process.
    await this.#opening?.catch(() => undefined);
    if (!this.#http.listening) return;
    await new Promise<void>((resolve) => {
      this.#http.close(() => resolve());
      this.#http.closeAllConnections();
    });
  }

  /** Answers a request; by `refusal` where it is given. */
  async #serve(request: IncomingMessage, response: ServerResponse, refusal?: Reply): Promise<void> {
    // A client that hangs up in the middle is no error of ours.
    response.on("error", () => {});
    // A request that is given up halfway, for its size, loses its own.
    const { socket } = request;
    this.#connections.use(socket);
    if (!this.#answers.begin(socket, response)) return;
    let reply: Reply;
    try {
      reply = refusal ?? (await this.#reply(request));
    } catch {
      // Its text may hold what others should not see.
      reply = failure(500, "internal-error", "the request failed");
    }
    if (response.destroyed) return;
    this.#answers.limit(socket, response);
    sendReply(response, reply, request.method !== "HEAD" && reply.status !== 304);
  }

  async #reply(request: IncomingMessage): Promise<Reply> {
    const { method = "GET", headers } = request;
    // Only the path: an absolute form or a double slash must not name another host.
    const [path = "/", search = ""] = (request.url ?? "/").split("?", 2);
    const isRead = READ_METHODS.includes(method);
    if (path === "/healthz" && isRead) return text("ok\n");
    if (path === "/readyz" && isRead) return this.#readiness.reply();
    if (this.#token === undefined && !isLoopback(hostName(headers.host))) {
      // A page of another site whose name was pointed at 127.0.0.1 (DNS rebinding) comes with that name.
      return failure(421, "wrong-host", "without a token, only requests to a loopback address are answered");
    }
    const asset = isRead ? this.#assets?.reply(path, headers["if-none-match"]) : undefined;
    if (asset !== undefined) return asset;
    if (this.#token?.matchesHeader(headers.authorization) === false) {
      const challenge = { "www-authenticate": 'Bearer realm="sortie metrics"' };
      return failure(401, "unauthorized", "expected the bearer token of this listener", challenge);
    }
    if (isRead) return (await this.#read(path, new URLSearchParams(search))) ?? notFound(path);
    if (method !== "POST") return failure(405, "method", "expected GET, HEAD or POST", { allow: "GET, HEAD, POST" });
    if (this.#token === undefined) {
      return failure(403, "read-only", "without a token the listener only tells: set one to act");
    }
    return (await act(this.#metrics, path, request, this.#options.onAction)) ?? notFound(path);
  }

  async #read(path: string, query: URLSearchParams): Promise<Reply | undefined> {
    if (path !== "/metrics") return readApi(this.#metrics, path, query);
    const body = await this.#metrics.text();
    return { status: 200, type: this.#metrics.registry.contentType, body };
  }
}

/** An HTTP listener for these metrics; nothing is open before its `listen`. */
export function createMetricsListener(metrics: ServerMetrics, options: MetricsListenerOptions = {}): MetricsListener {
  return new MetricsListener(metrics, options);
}

/** The Host header without its port; empty for none. */
function hostName(host: string = ""): string {
  return host.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
}

function notFound(path: string): Reply {
  return failure(404, "not-found", `nothing is at ${path.slice(0, 100)}`);
}
