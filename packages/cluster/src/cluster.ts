import { randomBytes } from "node:crypto";
import { checkOptionNames, describeValue, type OptionNames, payloadBytes, TypedEmitter } from "@sortie/connection";
import { checkSend, type SendOptions } from "@sortie/reliability";
import type { CloseOptions, ListenAddress } from "@sortie/server";
import { ClusterError } from "./cluster-error.js";
import { type ClusterOptions, resolveClusterOptions, type ResolvedClusterOptions } from "./cluster-options.js";
import { type ClusterStatistics, type ClusterTotals, NO_FIGURES, NO_TOTALS, totalOf } from "./cluster-statistics.js";
import { doDiffer, IdentityWatch, type ShownKey, whoDiffers } from "./identity-watch.js";
import { isClusterWorker } from "./main-channel.js";
import type { CloseRequest } from "./messages.js";
import { probePort } from "./probe-port.js";
import { RenewalBudget } from "./renewal-budget.js";
import { RestartBudget } from "./restart-budget.js";
import { whatHappened } from "./what-happened.js";
import {
  ANSWER_PATIENCE_MS,
  BEAT_MS,
  WorkerHandle,
  type WorkerExitReason,
  type WorkerHandleUser,
} from "./worker-handle.js";

const CLOSE_OPTION_NAMES: OptionNames<CloseOptions> = { leaveMs: true, drainMs: true, reason: true };
const DRAINING_OPTION_NAMES: OptionNames<Pick<CloseOptions, "reason">> = { reason: true };
/** ms. An hour, as of a server. */
const MAX_WAIT_MS = 3_600_000;
const DEFAULT_REASON = "the server is shutting down";

/** A worker's process that has ended. */
export interface WorkerExit {
  readonly worker: number;
  readonly reason: WorkerExitReason;
  /** Of the process; null when a signal ended it. */
  readonly code: number | null;
  readonly signal: string | null;
  /**
   * Peers by its last report, one second old or two: those who came or left since do not show, and of a worker that was
   * silent the report is older. Those of a worker that closed its server are among them, although they heard of it.
   */
  readonly peersLost: number;
  /** Whether another one takes its place. */
  readonly isReplaced: boolean;
}

/** Events of a cluster. */
export interface ClusterEvents {
  /** What a worker sent with `worker.send`, and its number. */
  message: (message: unknown, worker: number) => void;
  /** A worker listens: at the start, or in the place of another one. */
  start: (worker: number) => void;
  /** A worker's process has ended while the cluster was open. */
  exit: (exit: WorkerExit) => void;
  /**
   * The cluster has ended: undefined after `close`, ClusterError when it gave up. Without a listener that error is
   * thrown, so that the process ends and whoever supervises it hears of it.
   */
  close: (error: ClusterError | undefined) => void;
}

/** The result of a broadcast. */
export interface BroadcastResult {
  /** Peers that took it. */
  readonly accepted: number;
  /**
   * Workers of which it is not known that they got it: not there, not reading, or without an answer for a second. One
   * that hung and goes on sends it late.
   */
  readonly workersMissed: number;
}

/** A server over several processes that share one UDP port, seen from the process that started them. */
export class Cluster extends TypedEmitter<ClusterEvents> {
  readonly #options: ResolvedClusterOptions;
  readonly #cookieKey: Uint8Array = randomBytes(32);
  readonly #handles: (WorkerHandle | undefined)[];
  readonly #budget: RestartBudget;
  /** Of workers that ended in order: renewing all of them in turn is no loop. */
  readonly #renewals: RenewalBudget;
  readonly #waiting: Set<NodeJS.Timeout> = new Set();
  readonly #user: WorkerHandleUser = {
    onLinked: () => this.#tellLinks(),
    onOpened: (handle) => this.#onOpened(handle),
    onServing: (handle) => this.#onServing(handle),
    onAccepting: () => this.#tellLinks(),
    onIdentity: () => this.#lookAtIdentities(),
    onMessage: (handle, message) => this.emit("message", message, handle.index),
    onClosed: () => this.#onSocketsChanged(),
    onExit: (handle) => this.#onExit(handle),
  };
  readonly #identities: IdentityWatch = new IdentityWatch(
    () => this.#shownKeys(),
    (groups) => this.#options.logger.error({ groups }, whoDiffers(groups)),
  );
  #state: "idle" | "starting" | "open" | "closing" | "closed" = "idle";
  #port = 0;
  #address: ListenAddress | undefined;
  #settleStart: { readonly resolve: () => void; readonly reject: (error: Error) => void } | undefined;
  #beat: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;
  #ended: ClusterTotals = NO_TOTALS;
  #restarts = 0;
  #broadcastsMissed = 0;
  /** What `startDraining` was given: workers that start later turn newcomers away too. */
  #drainingReason: string | undefined;

  /** As `createCluster`. */
  constructor(options: ClusterOptions) {
    super(["message", "start", "exit", "close"]);
    // Each worker would start workers, and those too, without end.
    if (isClusterWorker()) {
      throw new Error(
        "createCluster() expected a process that is no worker, got a worker of a cluster: " +
          'ask isClusterWorker() first, or give workers a file of their own as "entry"',
      );
    }
    this.#options = resolveClusterOptions(options);
    this.#handles = new Array<undefined>(this.#options.workers).fill(undefined);
    const { workers, restartsPerMinute } = this.#options;
    this.#budget = new RestartBudget(restartsPerMinute);
    this.#renewals = new RenewalBudget(workers, restartsPerMinute);
  }

  /** Workers, whether they are there or not. */
  get workers(): number {
    return this.#options.workers;
  }

  /** Process IDs by worker; undefined for one that is not there. */
  get pids(): readonly (number | undefined)[] {
    return this.#handles.map((handle) => (handle?.state === "gone" ? undefined : handle?.pid));
  }

  /** undefined before `listen` and after `close`. */
  get address(): ListenAddress | undefined {
    return this.#address;
  }

  /** Whether newcomers are turned away for good: from `startDraining`, or the beginning of the end, on. */
  get isDraining(): boolean {
    return this.#drainingReason !== undefined || this.isClosing;
  }

  /** Whether it ends, or has ended: by `close`, or as it gave up. Peers may have time to leave yet. */
  get isClosing(): boolean {
    return this.#state === "closing" || this.#state === "closed";
  }

  /**
   * Starts the workers and resolves when all of them listen. Rejects with TransportError when the port cannot be had,
   * with ClusterError when a worker does not come up; nothing is left running then.
   */
  async listen(): Promise<ListenAddress> {
    if (this.#state !== "idle") throw new Error(`listen() expected a new cluster, got one that is ${this.#state}`);
    this.#state = "starting";
    try {
      this.#port = await probePort(this.#options.host, this.#options.port);
      if (this.#state !== "starting") throw new ClusterError("closed", "the cluster was closed while it started");
      await new Promise<void>((resolve, reject) => {
        this.#settleStart = { resolve, reject };
        for (let worker = 0; worker < this.#options.workers; worker++) this.#start(worker);
      });
    } catch (error) {
      this.#settleStart = undefined;
      this.#state = "closing";
      for (const handle of this.#handles) handle?.kill();
      await Promise.all(this.#handles.map((handle) => handle?.close({ leaveMs: 0, drainMs: 0, reason: "" })));
      this.#state = "closed";
      throw error;
    }
    const { address, port, family } = this.#handles[0]?.opened as ListenAddress;
    this.#address = { address, port, family };
    this.#state = "open";
    this.#lookAtIdentities();
    this.#beat = setInterval(() => this.#handles.forEach((handle) => handle?.beat()), BEAT_MS);
    for (let worker = 0; worker < this.#options.workers; worker++) this.emit("start", worker);
    return this.#address;
  }

  /**
   * Sends to all peers of all workers, also while `close` gives them time to leave. Resolves with how many took it, in
   * about a second at the latest. Rejects with TypeError or RangeError for a bad payload or bad
   * options, whichever workers are there; with Error when a worker failed to send.
   */
  async broadcast(payload: Uint8Array | string, options: SendOptions = {}): Promise<BroadcastResult> {
    const bytes = payloadBytes(payload);
    checkSend(bytes, options);
    // Of `Server.broadcast`. Undefined, as from a lookup of somebody who has left, passes for an option left out.
    if ("to" in options) throw new TypeError('"options" expected no "to": a cluster broadcasts to all peers');
    // Those alone: whatever else the object has, or inherits, need not be what can be copied.
    const { delivery, channel, priority, expiresInMs } = options;
    const checked: SendOptions = { delivery, channel, priority, expiresInMs };
    const answers = await Promise.all(this.#handles.map((handle) => handle?.broadcast(bytes, checked)));
    const workersMissed = answers.filter((answer) => answer === undefined).length;
    this.#broadcastsMissed += workersMissed;
    return { accepted: answers.reduce<number>((sum, answer) => sum + (answer ?? 0), 0), workersMissed };
  }

  /**
   * Sends to one worker a copy of plain data: its event "message". The copy is that of `child_process.fork` with the
   * serialization "advanced": objects of classes arrive as plain ones, those of Node (KeyObject, URL, Blob) empty.
   * False when the worker is not there, or does not read. Throws RangeError for a worker that there cannot be, Error
   * for what cannot be copied, such as a function, a promise, a symbol or a SharedArrayBuffer.
   */
  send(worker: number, message: unknown): boolean {
    if (!Number.isInteger(worker) || worker < 0 || worker >= this.#options.workers) {
      throw new RangeError(
        `"worker" expected an integer in 0..${this.#options.workers - 1}, got ${describeValue(worker)}`,
      );
    }
    return this.#handles[worker]?.message(message) ?? false;
  }

  /** Asks all workers for their figures; one that does not answer within a second has its last ones, of `ageMs`. */
  async statistics(): Promise<ClusterStatistics> {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, ANSWER_PATIENCE_MS)));
    await Promise.race([Promise.all(this.#handles.map((handle) => handle?.ask())), patience]);
    clearTimeout(timer);
    const nowMs = performance.now();
    const workers = this.#handles.map((handle, worker) => ({
      ...(handle?.figures ?? NO_FIGURES),
      worker,
      pid: handle?.state === "gone" ? undefined : handle?.pid,
      state: handle?.state ?? ("gone" as const),
      ageMs: nowMs - (handle?.figuresAtMs ?? Number.NEGATIVE_INFINITY),
    }));
    // What ended workers told is in the sum already.
    const present = workers.filter((one) => one.state !== "gone");
    const total = totalOf(present, this.#ended);
    return { workers, total, restarts: this.#restarts, broadcastsMissed: this.#broadcastsMissed };
  }

  /**
   * Turns newcomers away from now on, in all workers and those that replace them; peers stay. As of a server. Throws
   * TypeError for bad options.
   */
  startDraining(options: { readonly reason?: string | undefined } = {}): void {
    checkOptionNames(options, DRAINING_OPTION_NAMES);
    const { reason = DEFAULT_REASON } = options;
    if (typeof reason !== "string") throw new TypeError(`"reason" expected a string, got ${typeof reason}`);
    this.#drainingReason ??= reason;
    for (const handle of this.#handles) handle?.startDraining(reason);
  }

  /**
   * Ends all workers as `server.close` does: peers may leave for `leaveMs`, then what was sent reliably goes, for
   * `drainMs` at the most, and they hear why. Resolves when all processes have gone; one that hangs, or takes longer,
   * is killed. Meanwhile `broadcast` and `send` reach those that serve their peers still. Further calls give the same
   * promise, and shorten what is under way as those of `server.close` do: `close({ leaveMs: 0 })` for somebody who will
   * not wait. Throws TypeError or RangeError for options that there are not, or that are out of range.
   */
  close(options: CloseOptions = {}): Promise<void> {
    checkOptionNames(options, CLOSE_OPTION_NAMES);
    const { leaveMs = 0, drainMs = 0, reason = DEFAULT_REASON } = options;
    checkMs("leaveMs", leaveMs);
    checkMs("drainMs", drainMs);
    if (typeof reason !== "string") throw new TypeError(`"reason" expected a string, got ${typeof reason}`);
    if (this.#closing === undefined) return (this.#closing = this.#shutDown({ leaveMs, drainMs, reason }, undefined));
    const times: { leaveMs?: number; drainMs?: number } = {};
    if (options.leaveMs !== undefined) times.leaveMs = leaveMs;
    if (options.drainMs !== undefined) times.drainMs = drainMs;
    for (const handle of this.#handles) handle?.hurry(times);
    return this.#closing;
  }

  /** `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Exceptions of listeners are the application's, and end the process as any other that nobody catches. */
  protected override onListenerError(_name: keyof ClusterEvents, error: unknown): void {
    process.nextTick(() => {
      throw error;
    });
  }

  #start(worker: number): void {
    const { workers, host, data } = this.#options;
    const isReplacement = this.#state === "open";
    const config = { worker, workers, isReplacement, host, port: this.#port, cookieKey: this.#cookieKey, data };
    this.#handles[worker] = new WorkerHandle(config, this.#options, this.#user);
  }

  #onOpened(handle: WorkerHandle): void {
    if (this.#state === "starting") {
      if (doDiffer(this.#shownKeys())) {
        const message = `worker ${handle.index} has another identity than the others: load one key file in all workers`;
        this.#settleStart?.reject(new ClusterError("identity-mismatch", message));
      } else if (this.#handles.every((one) => one?.isOpen === true)) this.#tellLinks();
      return;
    }
    this.#onSocketsChanged();
  }

  /** A worker's sockets were opened, or closed. */
  #onSocketsChanged(): void {
    this.#lookAtIdentities();
    this.#tellLinks();
  }

  #shownKeys(): ShownKey[] {
    return this.#handles.map((handle, worker) => ({
      worker,
      publicKey: handle?.isOpen === true ? handle.publicKey : undefined,
    }));
  }

  #lookAtIdentities(): void {
    if (this.#state === "open") this.#identities.look();
  }

  #onServing(handle: WorkerHandle): void {
    if (this.#drainingReason !== undefined) handle.startDraining(this.#drainingReason);
    if (this.#state === "open") this.emit("start", handle.index);
    else if (this.#handles.every((one) => one?.state === "serving")) this.#settleStart?.resolve();
  }

  #tellLinks(): void {
    const there = this.#handles.filter((handle) => handle?.isLinked === true) as WorkerHandle[];
    const ports = new Array<number>(this.#options.workers).fill(0);
    for (const { index, linkPort } of there) ports[index] = linkPort;
    const accepting = there.filter((one) => one.isOpen && one.isAccepting).map(({ index }) => index);
    for (const handle of there) handle.setLinks({ ports, accepting });
  }

  #onExit(handle: WorkerHandle): void {
    if (handle.figures !== undefined) this.#ended = totalOf([handle.figures], this.#ended);
    const { index: worker, exitCode: code, exitSignal: signal } = handle;
    const reason = handle.exitReason ?? "crashed";
    if (this.#state === "starting") {
      this.#settleStart?.reject(new ClusterError("start-failed", `worker ${worker} ${whatHappened(handle)}`));
      return;
    }
    this.#onSocketsChanged();
    if (this.#state !== "open") return;
    const isRenewed = reason === "closed" && handle.hasServed;
    const nowMs = performance.now();
    const delayMs = isRenewed ? this.#renewals.take(worker, nowMs) : this.#budget.take(nowMs);
    const isReplaced = delayMs !== undefined;
    const peersLost = handle.peersReported;
    const what = `worker ${worker} ${whatHappened(handle)}: ${isReplaced ? "it is replaced" : "the cluster ends"}`;
    // A worker that is renewed is no reason to wake anybody.
    const level = isRenewed && isReplaced ? "info" : "error";
    this.#options.logger[level]({ worker, reason, code, signal, peersLost }, what);
    if (isReplaced) this.#replace(worker, delayMs);
    this.emit("exit", { worker, reason, code, signal, peersLost, isReplaced });
    if (isReplaced) return;
    const { restartsPerMinute } = this.#options;
    const message = `worker ${worker} ${whatHappened(handle)}, after ${restartsPerMinute} replacements within a minute`;
    const error = new ClusterError("too-many-restarts", message);
    this.#closing ??= this.#shutDown({ leaveMs: 0, drainMs: 0, reason: "the server failed" }, error);
  }

  #replace(worker: number, delayMs: number): void {
    this.#restarts += 1;
    const timer = setTimeout(() => {
      this.#waiting.delete(timer);
      this.#start(worker);
    }, delayMs);
    this.#waiting.add(timer);
  }

  async #shutDown(request: CloseRequest, error: ClusterError | undefined): Promise<void> {
    if (this.#state === "closed") return;
    this.#settleStart?.reject(new ClusterError("closed", "the cluster was closed while it started"));
    this.#state = "closing";
    for (const timer of this.#waiting) clearTimeout(timer);
    this.#identities.stop();
    await Promise.all(this.#handles.map((handle) => handle?.close(request)));
    clearInterval(this.#beat);
    this.#address = undefined;
    this.#state = "closed";
    if (error !== undefined && this.listenerCount("close") === 0) this.onListenerError("close", error);
    this.emit("close", error);
  }
}

/**
 * Makes a cluster: `listen()` starts its workers. Throws TypeError or RangeError for an option that is missing or out
 * of range, and names it; TransportError "unsupported" for several workers on a system that cannot share a port; Error
 * in a process that is a worker itself.
 */
export function createCluster(options: ClusterOptions): Cluster {
  return new Cluster(options);
}

function checkMs(label: string, value: number): void {
  if (typeof value === "number" && value >= 0 && value <= MAX_WAIT_MS) return;
  throw new RangeError(`"${label}" expected a number in 0..${MAX_WAIT_MS}, got ${describeValue(value)}`);
}
