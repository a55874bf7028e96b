import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ServerMetrics } from "../server-metrics.js";
import { Assets } from "./assets.js";
import { BearerToken } from "./bearer-token.js";
import { failure, type Reply, sendReply, text } from "./http-reply.js";
import { readApi } from "./json-api.js";
import {
  checkListenerOptions,
  type CheckedListenerOptions,
  isLoopback,
  type MetricsListenerOptions,
} from "./listener-options.js";
import { act } from "./operator-actions.js";

/** Open TCP connections; a browser takes six, a scraper one. Further ones are closed at once. */
const MAX_CONNECTIONS = 64;
/** ms for a request's header and body to arrive. */
const REQUEST_TIMEOUT_MS = 5_000;
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
 * JSON below /api. See {@link MetricsListenerOptions} for who may do what.
 */
export class MetricsListener {
  readonly #metrics: ServerMetrics;
  readonly #options: CheckedListenerOptions;
  readonly #token: BearerToken | undefined;
  readonly #http: HttpServer;
  #assets: Assets | undefined;
  #address: MetricsAddress | undefined;

  /** Throws TypeError or RangeError for an option that is out of range, and names it. */
  constructor(metrics: ServerMetrics, options: MetricsListenerOptions = {}) {
    this.#metrics = metrics;
    this.#options = checkListenerOptions(options);
    const { token } = this.#options;
    this.#token = token === undefined ? undefined : new BearerToken(token);
    this.#http = createServer(
      { headersTimeout: REQUEST_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS, keepAliveTimeout: KEEP_ALIVE_MS },
      (request, response) => void this.#serve(request, response),
    );
    this.#http.maxConnections = MAX_CONNECTIONS;
  }

  /** undefined before `listen` and after `close`. */
  get address(): MetricsAddress | undefined {
    return this.#address;
  }

  /** Opens the port. Rejects with the system's error: EADDRINUSE, EACCES. */
  async listen(): Promise<MetricsAddress> {
    if (this.#address !== undefined) throw new Error("listen() on a listener that listens already");
    const { port, host, token, title } = this.#options;
    this.#assets ??= await Assets.load(title);
    await new Promise<void>((resolve, reject) => {
      this.#http.once("error", reject);
      this.#http.listen(port, host, () => {
        this.#http.off("error", reject);
        resolve();
      });
    });
    const bound = this.#http.address() as AddressInfo;
    const name = bound.family === "IPv6" ? `[${bound.address}]` : bound.address;
    const url = `http://${name}:${bound.port}/${token === undefined ? "" : `#token=${encodeURIComponent(token)}`}`;
    this.#address = { host: bound.address, port: bound.port, url };
    return this.#address;
  }

  /** Ends all connections; resolves when the port is free. Idempotent. */
  async close(): Promise<void> {
    if (this.#address === undefined) return;
    this.#address = undefined;
    await new Promise<void>((resolve) => {
      this.#http.close(() => resolve());
      this.#http.closeAllConnections();
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A client that hangs up in the middle is no error of ours.
    response.on("error", () => {});
    let reply: Reply;
    try {
      reply = await this.#reply(request);
    } catch {
      // Its text may hold what others should not see.
      reply = failure(500, "internal-error", "the request failed");
    }
    if (!response.destroyed) sendReply(response, reply, request.method !== "HEAD" && reply.status !== 304);
  }

  async #reply(request: IncomingMessage): Promise<Reply> {
    const { method = "GET", headers } = request;
    // Only the path: an absolute form or a double slash must not name another host.
    const [path = "/", search = ""] = (request.url ?? "/").split("?", 2);
    const isRead = READ_METHODS.includes(method);
    if (path === "/healthz" && isRead) return text("ok\n");
    if (path === "/readyz" && isRead) return this.#readiness();
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

  async #readiness(): Promise<Reply> {
    const { server } = this.#metrics;
    if (server.stats.draining) return text("draining\n", 503);
    const isReady = server.address !== undefined && (await (this.#options.ready?.() ?? true));
    return isReady === true ? text("ready\n") : text("not ready\n", 503);
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
