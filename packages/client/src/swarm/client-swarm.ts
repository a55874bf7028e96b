import {
  callContained,
  checkOptionNames,
  type ConnectionResources,
  containedLogger,
  containedTrace,
  type DisconnectReason,
  type OptionNames,
  payloadBytes,
  type TraceSink,
} from "@sortie/connection";
import type { InboundMessage } from "@sortie/reliability";
import {
  type Clock,
  type DatagramTransport,
  Driver,
  type SocketAddress,
  SystemClock,
  type TransportError,
} from "@sortie/transport";
import { resolveAddresses } from "../addresses.js";
import { AttemptDeadline } from "../attempt-deadline.js";
import { AwaitedWork } from "../awaited-work.js";
import { goneText, isTransportGone } from "../lost-transport.js";
import { promiseFirst } from "../promise-first.js";
import { type CoreMaker, createClientResources, prepare, throwIfAborted } from "../connect.js";
import { ConnectError, socketError } from "../connect-error.js";
import {
  checkConnectPayload,
  checkDrainMs,
  type ClientOptions,
  DEFAULT_TIMEOUT_MS,
  type LeaveOptions,
} from "../options.js";
import { targetText } from "../target-text.js";
import { CLOSE_WAIT_MS, waitAtMost } from "../wait-at-most.js";
import { withinLimits } from "../within-limits.js";
import type { SwarmClient, SwarmOwner } from "./swarm-client.js";
import { SwarmCore } from "./swarm-core.js";

/** ms that `close` waits for the server to confirm that it heard of the last ones. */
const CLOSE_GRACE_MS = 1000;
/** Clients that leave at once, and ms until the next: all at once would overflow the server's socket. */
const LEAVING_AT_ONCE = 32;
const LEAVING_INTERVAL_MS = 5;
/** Of `close`; see `checkOptionNames`. */
const CLOSE_OPTION_NAMES: OptionNames<Pick<LeaveOptions, "drainMs">> = { drainMs: true };

/**
 * Told what happens to the clients, outside of any work on them: they may be sent by, closed and added to at will. What
 * a listener throws goes to `onError`.
 */
export interface SwarmListener {
  onConnect?: ((client: SwarmClient) => void) | undefined;
  /** The client did not connect; it is over. */
  onFailure?: ((client: SwarmClient, error: ConnectError) => void) | undefined;
  onMessage?: ((client: SwarmClient, message: InboundMessage) => void) | undefined;
  /** There is room again after a send was refused as "queue-full": at most half of the client's queue is used. */
  onDrain?: ((client: SwarmClient) => void) | undefined;
  /** The connection ended; the client is over, its `stats` stay. */
  onDisconnect?: ((client: SwarmClient, reason: DisconnectReason) => void) | undefined;
  /**
   * What another listener or a `trace` threw, a congestion controller or provider of yours, which ends its client
   * alone, or a TransportError of the socket. Default: the options' `logger`.
   */
  onError?: ((error: unknown) => void) | undefined;
}

const LISTENER_METHODS = ["onConnect", "onFailure", "onMessage", "onDrain", "onDisconnect", "onError"] as const;

/** What one client has of its own. */
export interface SwarmClientOptions {
  /** In place of the `payload` of all. */
  readonly payload?: Uint8Array | string | undefined;
  /** Hears what its connection does. Must not call back into it. What it throws goes to `onError`. */
  readonly trace?: TraceSink | undefined;
}

/** Of `add`; see `checkOptionNames`. */
const ADD_OPTION_NAMES: OptionNames<SwarmClientOptions> = { payload: true, trace: true };

/**
 * Many clients of one server on one socket, told apart by their connection IDs: for load generators, bots and relays.
 * The socket is shared, so that clients do not move to another one when their path dies. Made by `openSwarm`.
 */
export class ClientSwarm {
  readonly #transport: DatagramTransport;
  readonly #clock: Clock;
  readonly #listener: SwarmListener;
  readonly #logger: ClientOptions["logger"];
  readonly #makeCore: CoreMaker;
  readonly #addresses: readonly SocketAddress[];
  readonly #resources: ConnectionResources;
  readonly #core: SwarmCore = new SwarmCore();
  readonly #driver: Driver;
  readonly #owner: SwarmOwner;
  #closing: Promise<void> | undefined;
  /** ms. Until when those that `close` sends away deliver what is reliable, at the latest. */
  #latestMs = Infinity;
  /** Those that were told by it. */
  readonly #sentAway: SwarmClient[] = [];
  /** The transport said that it is gone; a swarm does not move. */
  #goneBy: TransportError | undefined;
  /** What clients failed by, until the work on the others is done. */
  readonly #faults: unknown[] = [];
  /** How far leaving has come. */
  readonly #leaving: AwaitedWork;

  /** @internal Use `openSwarm`. */
  constructor(
    options: ClientOptions,
    listener: SwarmListener,
    clock: Clock,
    makeCore: CoreMaker,
    addresses: readonly SocketAddress[],
  ) {
    this.#transport = options.transport;
    this.#clock = clock;
    this.#leaving = new AwaitedWork(clock);
    this.#listener = listener;
    this.#logger = options.logger === undefined ? undefined : containedLogger(options.logger);
    this.#makeCore = makeCore;
    this.#addresses = addresses;
    this.#resources = createClientResources(options.crypto);
    this.#core.onSocketError = (error) => {
      this.#report(error);
      if (!isTransportGone(error)) return;
      this.#goneBy = error;
      this.#abortAll(goneText(error));
    };
    this.#core.onFault = (error) => {
      this.#faults.push(error);
      this.#driver.wake();
    };
    this.#driver = new Driver({
      core: this.#core,
      transport: options.transport,
      clock,
      afterWork: () => this.#afterWork(),
      onError: (error) => this.#report(error),
    });
    this.#owner = {
      nowMs: () => clock.now(),
      onChanged: (client) => {
        this.#core.touch(client);
        this.#driver.wake();
      },
    };
  }

  /** Clients that are not over: connecting, connected or leaving. */
  get size(): number {
    return this.#core.size;
  }

  /** Those clients. */
  clients(): IterableIterator<SwarmClient> {
    return this.#core.clients();
  }

  /** The socket's own address. */
  get localAddress(): SocketAddress | undefined {
    return this.#transport.localAddress;
  }

  /** Datagrams and bytes of the socket. */
  get transportStatistics(): DatagramTransport["statistics"] {
    return this.#transport.statistics;
  }

  /** Datagrams that were for none of the clients. */
  get strays(): number {
    return Object.values(this.#core.drops.snapshot()).reduce((sum, count) => sum + count, 0);
  }

  /**
   * One more client, which connects from now on; the listener hears of the outcome. Throws TypeError or RangeError for
   * bad options, Error once the swarm closes.
   */
  add(options: SwarmClientOptions = {}): SwarmClient {
    if (this.#closing !== undefined) throw new Error("the swarm is closed: no client can be added");
    checkOptionNames(options, ADD_OPTION_NAMES);
    const { payload, trace } = options;
    if (trace !== undefined && typeof trace !== "function") {
      throw new TypeError(`"trace" expected a function, got ${trace === null ? "null" : typeof trace}`);
    }
    const overrides = {
      resources: this.#resources,
      ...(payload === undefined ? {} : { connectPayload: checkConnectPayload(payloadBytes(payload)) }),
      ...containedTrace(trace, this.#onTraceThrown),
    };
    const nowMs = this.#clock.now();
    const client = this.#core.add(() => this.#makeCore(this.#addresses, nowMs, overrides), this.#owner);
    if (this.#goneBy !== undefined) client.core.abort(goneText(this.#goneBy), nowMs);
    this.#owner.onChanged(client);
    return client;
  }

  /** Sends what is queued at once. */
  flush(): void {
    this.#driver.flush();
  }

  /**
   * All clients leave, some at a time: what is queued and reliable is delivered first, for `drainMs` (default 0) at the
   * most. One that leaves already, by its own `close`, keeps the time that it was given there. Resolves when the socket
   * is closed; rejects when it fails to, or has not within 5 s, after the last clients were told of their end. Further
   * calls give the same promise; a `drainMs` that they name, counted from the call, holds for these clients where it
   * ends sooner. Throws TypeError or RangeError for options that there are not, or that are out of range.
   */
  close(options: { readonly drainMs?: number | undefined } = {}): Promise<void> {
    checkOptionNames(options, CLOSE_OPTION_NAMES);
    const { drainMs = 0 } = options;
    checkDrainMs(drainMs);
    if (this.#closing !== undefined) {
      // Not the default: who only waits for the end is not in a hurry.
      if (options.drainMs !== undefined) this.#shorten(drainMs);
      return this.#closing;
    }
    // A listener that hears of an end may come here, or want to add.
    const keep = (promise: Promise<void>): void => void (this.#closing = promise);
    return promiseFirst(keep, () => this.#shutDown(drainMs));
  }

  /** `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @internal Opens the socket, until the deadline, in ms of the clock, at the latest. */
  async open(options: ClientOptions, deadline: AttemptDeadline): Promise<void> {
    const { timeoutMs = DEFAULT_TIMEOUT_MS } = options;
    const late = `the socket for ${targetText(options)} was not open within ${timeoutMs} ms`;
    let isOpening = true;
    const opening = this.#driver.start().finally(() => (isOpening = false));
    try {
      await withinLimits(opening, options, this.#clock, deadline, late);
      throwIfAborted(options);
    } catch (error) {
      const stopped = this.#driver.stop().catch((fault: unknown) => this.#report(fault));
      // A transport may wait for its opening to close.
      if (!isOpening) await waitAtMost(this.#clock, CLOSE_WAIT_MS, stopped);
      throw error instanceof ConnectError ? error : socketError(error);
    }
  }

  /** Those that `close` sends away have no longer than that. */
  #shorten(drainMs: number): void {
    this.#latestMs = Math.min(this.#latestMs, this.#clock.now() + drainMs);
    for (const client of this.#sentAway) client.close({ drainMs });
    this.#driver.flush();
  }

  async #shutDown(drainMs: number): Promise<void> {
    const clients = [...this.#core.clients()];
    const leaving = clients.filter(({ drainsUntilMs }) => drainsUntilMs === undefined);
    for (let from = 0; from < leaving.length; from += LEAVING_AT_ONCE) {
      for (const client of leaving.slice(from, from + LEAVING_AT_ONCE)) {
        client.close({ drainMs: Math.max(0, Math.min(drainMs, this.#latestMs - this.#clock.now())) });
        this.#sentAway.push(client);
      }
      this.#driver.flush();
      if (from + LEAVING_AT_ONCE < leaving.length) await this.#leaving.wait(LEAVING_INTERVAL_MS);
    }
    // First what is reliable, then the server's answers, however much of `drainMs` is left.
    const untilMs = clients.reduce((latest, client) => Math.max(latest, client.drainsUntilMs ?? 0), 0);
    await this.#leaving.wait(Math.max(untilMs - this.#clock.now(), 0), () => this.#isDrained());
    await this.#leaving.wait(CLOSE_GRACE_MS, () => this.size === 0);
    try {
      await this.#driver.stop();
    } finally {
      // One that fails to close is not used any more either.
      this.#abortAll("the socket was closed");
      this.#afterWork();
    }
  }

  #abortAll(text: string): void {
    const nowMs = this.#clock.now();
    for (const client of this.#core.clients()) {
      client.core.abort(text, nowMs);
      this.#core.touch(client);
    }
  }

  /** Whether no client has anything to deliver any more. */
  #isDrained(): boolean {
    for (const { state } of this.#core.clients()) if (state !== "closed") return false;
    return true;
  }

  #afterWork(): void {
    const { eventful } = this.#core;
    while (this.#faults.length > 0) this.#report(this.#faults.shift());
    // Listeners may add to it: what they change is told in the same turn.
    for (let at = 0; at < eventful.length; at++) {
      const client = eventful[at] as SwarmClient;
      client.isEventful = false;
      this.#tell(client);
      if (client.core.isOver) this.#core.remove(client);
    }
    eventful.length = 0;
    this.#leaving.onWork();
  }

  #tell(client: SwarmClient): void {
    const { core } = client;
    const listener = this.#listener;
    for (let event = core.pollEvent(); event !== undefined; event = core.pollEvent()) {
      if (event.type === "connected") {
        client.onConnected(event.sessionId);
        this.#call(() => listener.onConnect?.(client));
      } else if (event.type === "failed") {
        const { error } = event;
        this.#call(() => listener.onFailure?.(client, error));
      } else if (event.type === "disconnected") {
        const { reason } = event;
        // A listener may end the process: what tells the server goes before that.
        this.#driver.flush();
        // What came before the end is told before it.
        this.#tellMessages(client);
        this.#call(() => listener.onDisconnect?.(client, reason));
      } else if (event.type === "drain") {
        this.#call(() => listener.onDrain?.(client));
      } else if (event.type === "path-dead") {
        core.onRebound(this.#clock.now());
        this.#owner.onChanged(client);
      }
    }
    this.#tellMessages(client);
  }

  #tellMessages(client: SwarmClient): void {
    const { connection } = client.core;
    // What came for one that was never let in is nobody's, also once it gave up.
    if (connection === undefined || client.sessionId === "") return;
    for (let message = connection.pollMessage(); message !== undefined; message = connection.pollMessage()) {
      const received = message;
      this.#call(() => this.#listener.onMessage?.(client, received));
    }
  }

  #call(tell: () => unknown): void {
    callContained(tell, this.#onThrown);
  }

  readonly #onThrown = (error: unknown): void => this.#report(error);

  /** Told later: the connection is in the middle of its work. */
  readonly #onTraceThrown = (error: unknown): void => this.#clock.defer(() => this.#report(error));

  /** A listener for errors that throws has had its chance. */
  readonly #onThrownByLast = (error: unknown): void => {
    this.#logger?.error({ err: error }, '"onError" of a swarm of clients threw');
  };

  #report(error: unknown): void {
    const { onError } = this.#listener;
    if (onError === undefined) this.#logger?.error({ err: error }, "unhandled error in a swarm of clients");
    else callContained(() => onError(error), this.#onThrownByLast);
  }
}

/**
 * A socket for many clients of the server that the options name; no client connects before `add`. A signal in the
 * options gives up the opening alone; `timeoutMs` is for that, and then for each client anew. Rejects as `connect`
 * does: ConnectError "network", "timeout" or "aborted", and TypeError, RangeError or IdentityError for bad options.
 */
export async function openSwarm(options: ClientOptions, listener: SwarmListener): Promise<ClientSwarm> {
  const makeCore = prepare(options);
  if (typeof listener !== "object" || listener === null) {
    throw new TypeError(`"listener" expected an object, got ${listener === null ? "null" : typeof listener}`);
  }
  for (const name of LISTENER_METHODS) {
    const method: unknown = listener[name];
    if (method === undefined || typeof method === "function") continue;
    throw new TypeError(`"listener.${name}" expected a function, got ${method === null ? "null" : typeof method}`);
  }
  const clock = options.clock ?? new SystemClock();
  const deadline = new AttemptDeadline(clock.now() + (options.timeoutMs ?? DEFAULT_TIMEOUT_MS));
  throwIfAborted(options);
  const addresses = await resolveAddresses(options, clock, deadline);
  throwIfAborted(options);
  const swarm = new ClientSwarm(options, listener, clock, makeCore, addresses);
  await swarm.open(options, deadline);
  return swarm;
}
