import { callContained, checkOptionNames, describeKind, type OptionNames } from "@sortie/connection";
import type { InboundMessage } from "@sortie/reliability";
import { checkMetrics } from "../check-metrics.js";
import { BearerToken } from "../listener/bearer-token.js";
import { checkToken } from "../listener/listener-options.js";
import type { ObservedPeer } from "../observed-server.js";
import type { ServerMetrics } from "../server-metrics.js";
import {
  checkChannel,
  decodeRequest,
  DEFAULT_IN_BAND_CHANNEL,
  encodeReply,
  type InBandAnswers,
  type InBandRefusal,
  type InBandRequest,
  MAX_IN_BAND_ROWS,
} from "./in-band-protocol.js";

/** Requests of one peer per second; an answer can have 50 kB. */
const REQUESTS_PER_SECOND = 4;
/** Wrong tokens of one connection, after which it is asked for none any more. */
const MAX_WRONG_TOKENS = 5;

/** Options of {@link answerInBand}; `Data` is what the server's peers carry as `peer.data`. */
export interface InBandOptions<Data = unknown> {
  /** 0..255, of messages each way. Default 255. The application must not use it for anything else. */
  readonly channel?: number | undefined;
  /** 16..256 characters that a client must know. */
  readonly token?: string | undefined;
  /**
   * Or: whether this peer may ask, from what `authenticate` knows of it. With both, either is enough. What it throws is
   * told to `onError` of the metrics, and is no permission.
   */
  readonly authorize?: ((peer: ObservedPeer<Data>) => boolean) | undefined;
}

const OPTION_NAMES: OptionNames<InBandOptions> = { channel: true, token: true, authorize: true };

/** How one peer has behaved. */
interface Asker {
  windowMs: number;
  requests: number;
  wrongTokens: number;
}

/**
 * Answers clients that ask for the server's figures over their own connection: see `MetricsClient` of
 * `@sortie/metrics/client`. The function that is returned ends it. Throws TypeError without `token` and `authorize`,
 * TypeError or RangeError for bad options and for metrics that are none.
 */
export function answerInBand<Data = unknown>(metrics: ServerMetrics<Data>, options: InBandOptions<Data>): () => void {
  checkMetrics(metrics);
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`"options" expected an object, got ${options === null ? "null" : typeof options}`);
  }
  checkOptionNames(options, OPTION_NAMES);
  const { token, authorize } = options;
  const channel = checkChannel(options.channel === undefined ? DEFAULT_IN_BAND_CHANNEL : options.channel);
  checkToken("token", token);
  if (authorize !== undefined && typeof authorize !== "function") {
    throw new TypeError(`"authorize" expected a function, got ${describeKind(authorize)}`);
  }
  if (token === undefined && authorize === undefined) {
    throw new TypeError(`expected "token" or "authorize": every player could read the server's figures without`);
  }
  const secret = token === undefined ? undefined : new BearerToken(token);
  const report = (error: unknown): void => metrics.reportError(error);
  const askers = new WeakMap<ObservedPeer<Data>, Asker>();
  const onMessage = (peer: ObservedPeer<Data>, message: InboundMessage): void => {
    if (message.channel !== channel) return;
    const asker = askers.get(peer) ?? { windowMs: -Infinity, requests: 0, wrongTokens: 0 };
    askers.set(peer, asker);
    const request = decodeRequest(message.payload);
    const refusal = refusalOf(request, peer, asker);
    metrics.countInBand(refusal ?? "answered");
    if (request === undefined) return;
    const { id } = request;
    const reply =
      refusal === undefined
        ? encodeReply({ id, ok: true, body: answer(metrics, request) })
        : encodeReply({ id, ok: false, code: refusal });
    peer.send(reply, { delivery: "reliable", channel });
  };

  function refusalOf(
    request: InBandRequest | undefined,
    peer: ObservedPeer<Data>,
    asker: Asker,
  ): InBandRefusal | undefined {
    const nowMs = metrics.now();
    if (nowMs - asker.windowMs >= 1000) {
      asker.windowMs = nowMs;
      asker.requests = 0;
    }
    asker.requests += 1;
    if (asker.requests > REQUESTS_PER_SECOND) return "too-many-requests";
    if (request === undefined) return "malformed";
    return mayAsk(request, peer, asker) ? undefined : "unauthorized";
  }

  function mayAsk({ token: given }: InBandRequest, peer: ObservedPeer<Data>, asker: Asker): boolean {
    // Only `true`: a promise, which an async function gives, is no permission.
    if (callContained((): unknown => authorize?.(peer), report) === true) return true;
    if (secret === undefined || given === undefined || asker.wrongTokens >= MAX_WRONG_TOKENS) return false;
    const isRight = secret.matches(given);
    if (!isRight) asker.wrongTokens += 1;
    return isRight;
  }

  metrics.server.on("message", onMessage);
  return () => void metrics.server.off("message", onMessage);
}

function answer(metrics: ServerMetrics, { want, since }: InBandRequest): InBandAnswers[keyof InBandAnswers] {
  if (want === "summary") return metrics.summary();
  if (want === "history") return metrics.history.since(since);
  const rows = metrics.peers().sort((a, b) => b.rttMs - a.rttMs);
  return { total: rows.length, peers: rows.slice(0, MAX_IN_BAND_ROWS) };
}
