import { withDeadline } from "../deadline.js";
import { read, type Reading, ReadingError } from "./reading.js";

/** Keys that the API sorts peers by. */
export const SORT_KEYS = [
  "id",
  "address",
  "label",
  "connectedSeconds",
  "rttMs",
  "jitterMs",
  "loss",
  "quality",
  "updateDivisor",
  "datagramsReceivedPerSecond",
  "datagramsSentPerSecond",
  "bytesReceivedPerSecond",
  "bytesSentPerSecond",
  "queuedBytes",
  "queuedMessages",
] as const;
export type SortKey = (typeof SORT_KEYS)[number];

/** What is asked for. */
export interface PeerQuery {
  readonly sort: SortKey;
  readonly order: "asc" | "desc";
  /** 1..500. */
  readonly limit: number;
  /** Part of an address or a label; empty: all. */
  readonly search: string;
}

/** Why the figures could not be had, in words for whoever runs the command. */
export class MetricsApiError extends Error {
  override readonly name = "MetricsApiError";
}

/** ms for each answer. */
const TIMEOUT_MS = 5000;
/** bytes of an answer: 500 peers take 200 kB. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
const TOKEN_VARIABLE = "SORTIE_METRICS_TOKEN";

/** The JSON API of a metrics listener. */
export class MetricsApi {
  /** Without the token: fit to be shown. */
  readonly url: string;
  readonly #base: URL;
  readonly #token: string | undefined;
  readonly #timeoutMs: number;
  #since = 0;

  /**
   * Throws RangeError for a URL that is none, or has a user and a password.
   * @param url of the listener, such as the one that it tells: a token in its fragment counts
   * @param token instead of that, as "--token" or the environment gives it
   * @param timeoutMs ms for each answer
   */
  constructor(url: string, token: string | undefined, timeoutMs: number = TIMEOUT_MS) {
    this.#timeoutMs = timeoutMs;
    const base = parseUrl(url);
    const inFragment = new URLSearchParams(base.hash.slice(1)).get("token") ?? undefined;
    this.#token = token ?? inFragment;
    if (this.#token !== undefined && !/^[\x21-\x7e]+$/.test(this.#token)) {
      throw new RangeError('"token" expected the letters, digits and signs of a bearer token, got something else');
    }
    base.hash = "";
    base.search = "";
    if (!base.pathname.endsWith("/")) base.pathname += "/";
    this.#base = base;
    this.url = base.href;
  }

  /** All figures of now. Rejects with MetricsApiError. */
  async read(query: PeerQuery, signal: AbortSignal): Promise<Reading> {
    const { sort, order, limit, search } = query;
    const parameters = new URLSearchParams({ sort, order, limit: String(limit), search });
    const [summary, history, peers] = await Promise.all([
      this.#get("api/summary", signal),
      this.#get(`api/history?since=${this.#since}`, signal),
      this.#get(`api/peers?${parameters.toString()}`, signal),
    ]);
    try {
      const reading = read(summary, history, peers, limit);
      // The newest second again and again: there is none yet in what came after it.
      this.#since = Math.max(0, reading.next - 1);
      return reading;
    } catch (error) {
      if (!(error instanceof ReadingError)) throw error;
      throw new MetricsApiError(`${this.url} answers, but not as @sortie/metrics does: ${error.message}`);
    }
  }

  async #get(path: string, signal: AbortSignal): Promise<unknown> {
    const headers: Record<string, string> = { accept: "application/json" };
    if (this.#token !== undefined) headers["authorization"] = `Bearer ${this.#token}`;
    // The token is for this host alone.
    const ask = async (bounded: AbortSignal): Promise<{ response: Response; body: string }> => {
      const response = await fetch(new URL(path, this.#base), { headers, redirect: "error", signal: bounded });
      return { response, body: await readBody(response, bounded) };
    };
    const { response, body } = await withDeadline(signal, this.#timeoutMs, ask).catch((error: unknown) => {
      throw new MetricsApiError(`no answer from ${this.url}: ${this.#causeOf(error)}`, { cause: error });
    });
    if (response.status === 401) throw new MetricsApiError(this.#unauthorized());
    if (!response.ok) throw new MetricsApiError(`${this.url} answers ${response.status} to ${path}`);
    try {
      return JSON.parse(body) as unknown;
    } catch {
      throw new MetricsApiError(`${this.url} answers, but not in JSON: is this the listener of @sortie/metrics?`);
    }
  }

  /** What fetch hides behind "fetch failed". */
  #causeOf(error: unknown): string {
    if (!(error instanceof Error)) return String(error);
    if (error.name === "TimeoutError") return `the whole answer did not come within ${this.#timeoutMs} ms`;
    const { cause } = error;
    const first = cause instanceof AggregateError ? (cause.errors[0] as unknown) : cause;
    return first instanceof Error && first.message !== "" ? first.message : error.message;
  }

  #unauthorized(): string {
    const need = `${this.url} asks for its bearer token`;
    return this.#token === undefined
      ? `${need}: give it in the environment as ${TOKEN_VARIABLE}, or with --token`
      : `${need}, and takes this one for wrong`;
  }
}

/** The token of the environment; undefined for none. */
export function tokenFromEnvironment(): string | undefined {
  const token = process.env[TOKEN_VARIABLE];
  return token === "" ? undefined : token;
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isHttp = url?.protocol === "http:" || url?.protocol === "https:";
  // Never shown: fetch takes no such URL, and would say it whole. In what is no URL, any "@" may be that of a password.
  if (isHttp ? url.username !== "" || url.password !== "" : text.includes("@")) {
    const advice = `the listener takes a token, in ${TOKEN_VARIABLE} or with --token`;
    throw new RangeError(`"url" expected one without user and password, got one with "@": ${advice}`);
  }
  if (isHttp) return url;
  // Neither is the token that may stand in the fragment.
  throw new RangeError(`"url" expected one such as http://127.0.0.1:9474, got "${text.replace(/#.*/s, "#...")}"`);
}

/** Cancels the body by itself: fetch may forget a signal once it has given the response, when Node 20 collects. */
async function readBody({ body }: Response, signal: AbortSignal): Promise<string> {
  const reader = body?.getReader();
  const onAbort = (): void => void reader?.cancel(signal.reason).catch(() => {});
  signal.addEventListener("abort", onAbort);
  try {
    const parts: Uint8Array[] = [];
    let bytes = 0;
    for (;;) {
      const part = await reader?.read();
      signal.throwIfAborted();
      if (part?.value === undefined) return Buffer.concat(parts).toString("utf8");
      bytes += part.value.length;
      if (bytes > MAX_ANSWER_BYTES) throw new Error(`more than ${MAX_ANSWER_BYTES} bytes came`);
      parts.push(part.value);
    }
  } catch (error) {
    onAbort();
    throw error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
