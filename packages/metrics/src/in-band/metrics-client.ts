import type { Client } from "@sortie/client";
import { checkMethods, checkOptionNames, describeKind, describeValue, type OptionNames } from "@sortie/connection";
import type { InboundMessage } from "@sortie/reliability";
import { type Clock, CLOCK_METHODS, SystemClock, type TimerHandle } from "@sortie/transport";
import {
  checkChannel,
  decodeReply,
  DEFAULT_IN_BAND_CHANNEL,
  encodeRequest,
  isCount,
  type InBandAnswers,
  type InBandRefusal,
  type InBandWant,
} from "./in-band-protocol.js";

/** Requests without an answer; the server takes four a second. */
const MAX_PENDING = 8;
/** ms. */
const DEFAULT_TIMEOUT_MS = 5000;

/** Why there is no answer. */
export type MetricsClientErrorCode =
  | InBandRefusal
  /** Nothing came in time: perhaps this server answers nobody, or on another channel. */
  | "timeout"
  /** The connection has ended, or `close` was called. */
  | "closed"
  /** `send` refused the request, or eight are waiting for their answers. */
  | "busy";

/** What the methods of {@link MetricsClient} reject with. */
export class MetricsClientError extends Error {
  readonly code: MetricsClientErrorCode;

  constructor(code: MetricsClientErrorCode, message: string) {
    super(message);
    this.name = "MetricsClientError";
    this.code = code;
  }
}

export interface MetricsClientOptions {
  /** As the server has it. Default 255. */
  readonly channel?: number | undefined;
  /** The server's token, where this client needs one: at most 256 characters. */
  readonly token?: string | undefined;
  /** ms to wait for an answer, 1..60000. Default 5000. */
  readonly timeoutMs?: number | undefined;
  /** Tests give one with virtual time. */
  readonly clock?: Clock | undefined;
}

const OPTION_NAMES: OptionNames<MetricsClientOptions> = { channel: true, token: true, timeoutMs: true, clock: true };

/** Of any token that a server may have; a longer request would be taken for none, and never be answered. */
const MAX_TOKEN_CHARACTERS = 256;

const CLIENT_METHODS: readonly string[] = ["send", "on", "off"] satisfies (keyof Client)[];

/** The ID of each connection's last request: several that ask over one connection tell their answers apart by it. */
const lastIds: WeakMap<object, number> = new WeakMap();

interface Pending {
  readonly resolve: (body: unknown) => void;
  readonly reject: (error: MetricsClientError) => void;
  readonly timer: TimerHandle;
}

/**
 * Asks a server for its figures over a client's own, encrypted connection. Runs wherever the client runs.
 *
 * It listens to the client's messages from its first request on. A client keeps what comes until there is a first
 * listener, and hands it to that one: so attach the game's own "message" and "disconnect" listeners before the first
 * request, or what came before is lost to the game.
 */
export class MetricsClient {
  readonly #client: Pick<Client, "send" | "on" | "off">;
  readonly #channel: number;
  readonly #token: string | undefined;
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  readonly #pending: Map<number, Pending> = new Map();
  #isListening = false;
  #isClosed = false;

  /**
   * Throws TypeError for what is no client, a token that is no string and options that there are not, RangeError for a
   * channel, a time or the length of a token that is out of range. There may be several for one connection.
   */
  constructor(client: Pick<Client, "send" | "on" | "off">, options: MetricsClientOptions = {}) {
    checkMethods("client", client, "a connected client", CLIENT_METHODS);
    checkOptionNames(options, OPTION_NAMES);
    const { channel = DEFAULT_IN_BAND_CHANNEL, token, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
    if (!(typeof timeoutMs === "number" && timeoutMs >= 1 && timeoutMs <= 60_000)) {
      throw new RangeError(`"timeoutMs" expected a number in 1..60000, got ${describeValue(timeoutMs)}`);
    }
    if (token !== undefined) checkToken(token);
    if (options.clock !== undefined) checkMethods("clock", options.clock, "a clock", CLOCK_METHODS);
    this.#client = client;
    this.#channel = checkChannel(channel);
    this.#token = token;
    this.#timeoutMs = timeoutMs;
    this.#clock = options.clock ?? new SystemClock();
  }

  /** The server as a whole. Rejects with MetricsClientError, as all of these do. */
  summary(): Promise<InBandAnswers["summary"]> {
    return this.#ask("summary", 0);
  }

  /** How many peers there are, and the hundred with the highest round trip. */
  peers(): Promise<InBandAnswers["peers"]> {
    return this.#ask("peers", 0);
  }

  /**
   * The last five minutes, second by second; `since`: `next` of the part before. Rejects with RangeError where that is
   * no integer from 0 on.
   */
  history(since: number = 0): Promise<InBandAnswers["history"]> {
    if (!isCount(since)) {
      return Promise.reject(
        new RangeError(`"since" expected the "next" of an answer before, got ${describeValue(since)}`),
      );
    }
    return this.#ask("history", since);
  }

  /** Listens no more; what waits for an answer is rejected. The connection stays. Idempotent. */
  close(): void {
    this.#client.off("message", this.#onMessage).off("disconnect", this.#onDisconnect);
    this.#rejectAll("the metrics client was closed");
  }

  #ask<Want extends InBandWant>(want: Want, since: number): Promise<InBandAnswers[Want]> {
    if (this.#isClosed) return Promise.reject(new MetricsClientError("closed", "the connection has ended"));
    if (this.#pending.size >= MAX_PENDING) {
      return Promise.reject(new MetricsClientError("busy", `${MAX_PENDING} requests wait for their answers`));
    }
    const id = (lastIds.get(this.#client) ?? 0) + 1;
    lastIds.set(this.#client, id);
    const request = encodeRequest({ id, want, token: this.#token, since });
    const { accepted, refusal } = this.#client.send(request, { delivery: "reliable", channel: this.#channel });
    if (refusal === "closed") return Promise.reject(new MetricsClientError("closed", "the connection has ended"));
    if (!accepted) return Promise.reject(new MetricsClientError("busy", `the request was not sent: ${refusal}`));
    this.#listen();
    return new Promise<unknown>((resolve, reject) => {
      const timer = this.#clock.setTimer(this.#clock.now() + this.#timeoutMs, () => {
        this.#pending.delete(id);
        reject(new MetricsClientError("timeout", `no answer within ${this.#timeoutMs} ms`));
      });
      this.#pending.set(id, { resolve, reject, timer });
    }) as Promise<InBandAnswers[Want]>;
  }

  /** Not before there is an answer to wait for: what waits for the game's first listener is the game's. */
  #listen(): void {
    if (this.#isListening) return;
    this.#isListening = true;
    this.#client.on("message", this.#onMessage).on("disconnect", this.#onDisconnect);
  }

  readonly #onMessage = ({ channel, payload }: InboundMessage): void => {
    if (channel !== this.#channel) return;
    const reply = decodeReply(payload);
    const pending = reply === undefined ? undefined : this.#pending.get(reply.id);
    if (reply === undefined || pending === undefined) return;
    this.#pending.delete(reply.id);
    this.#clock.clearTimer(pending.timer);
    if (reply.ok) pending.resolve(reply.body);
    else pending.reject(new MetricsClientError(reply.code, `the server refused: ${reply.code}`));
  };

  readonly #onDisconnect = (): void => this.#rejectAll("the connection has ended");

  #rejectAll(why: string): void {
    this.#isClosed = true;
    for (const { reject, timer } of this.#pending.values()) {
      this.#clock.clearTimer(timer);
      reject(new MetricsClientError("closed", why));
    }
    this.#pending.clear();
  }
}

/** Without the token in what is said: it is a secret. */
function checkToken(token: unknown): void {
  if (typeof token !== "string") throw new TypeError(`"token" expected a string, got ${describeKind(token)}`);
  if (token.length <= MAX_TOKEN_CHARACTERS) return;
  throw new RangeError(`"token" expected at most ${MAX_TOKEN_CHARACTERS} characters, got ${token.length}`);
}
