import { type ChildProcess, fork } from "node:child_process";
import type { SendOptions } from "@sortie/reliability";
import type { ResolvedClusterOptions } from "./cluster-options.js";
import {
  type CloseRequest,
  type CloseTimes,
  EXIT_GRACE_MS,
  type ToMain,
  type ToWorker,
  WORKER_ENVIRONMENT,
  type WorkerConfig,
  type WorkerFigures,
  type WorkerLinks,
  type WorkerOpened,
} from "./messages.js";
import { UnsentMessages } from "./unsent-messages.js";

/** ms between two questions to a worker. */
export const BEAT_MS = 1000;
/** ms that a worker has to answer: its last figures are taken then, and a broadcast counts as one that it missed. */
export const ANSWER_PATIENCE_MS = 1000;
/** ms beyond all that a worker may take to end. */
const KILL_MARGIN_MS = 3000;

/** Where a worker is in its life. */
export type WorkerState = "starting" | "open" | "serving" | "closing" | "gone";

/** Why a worker has gone. */
export type WorkerExitReason = "crashed" | "hung" | "start-failed" | "start-timeout" | "closed";

/** Who hears what becomes of a worker. */
export interface WorkerHandleUser {
  /** It has a socket for the other workers, and none at the shared port yet: it waits to be told where they are. */
  onLinked(handle: WorkerHandle): void;
  /** Its sockets are open: it waits to be told where the others are. */
  onOpened(handle: WorkerHandle): void;
  /** It takes datagrams. */
  onServing(handle: WorkerHandle): void;
  /** Whether it takes newcomers has changed. */
  onAccepting(handle: WorkerHandle): void;
  /** It shows another key than before. */
  onIdentity(handle: WorkerHandle): void;
  onMessage(handle: WorkerHandle, message: unknown): void;
  /** Its server is closed; the process will end. */
  onClosed(handle: WorkerHandle): void;
  /** The process has ended. */
  onExit(handle: WorkerHandle): void;
}

/** A worker's process as the main process sees it. */
export class WorkerHandle {
  readonly index: number;
  state: WorkerState = "starting";
  /** Whether it takes newcomers. */
  isAccepting = true;
  /** It serves, or did so until it began to close. */
  hasServed = false;
  /** Loopback port for the other workers; 0 as long as it has none. */
  linkPort = 0;
  /** What it said when its port was open. */
  opened: WorkerOpened | undefined;
  /** Of the identity that it shows at present; undefined before its port is open. */
  publicKey: Uint8Array | undefined;
  /** What it last said of itself, and when. */
  figures: WorkerFigures | undefined;
  figuresAtMs: number = Number.NEGATIVE_INFINITY;
  /** Peers by its last report before its server was closed. */
  peersReported = 0;
  exitReason: WorkerExitReason | undefined;
  exitCode: number | null = null;
  exitSignal: string | null = null;
  /** Why its process could not be started, or its server not be opened. */
  failure: string | undefined;
  /** undefined where the system refused to start it. */
  readonly #child: ChildProcess | undefined;
  readonly #options: ResolvedClusterOptions;
  readonly #user: WorkerHandleUser;
  readonly #config: WorkerConfig;
  readonly #questions: Map<number, (figures: WorkerFigures | undefined) => void> = new Map();
  readonly #broadcasts: Map<number, (answer: { accepted: number; error?: string } | undefined) => void> = new Map();
  readonly #exited: Promise<void>;
  #onExited: () => void = () => undefined;
  readonly #unsent: UnsentMessages = new UnsentMessages();
  #nextId = 0;
  /** Beats without an answer. */
  #silentBeats = 0;
  /** It has given its last figures, does not answer any more, and ends. Messages of its application may come still. */
  #isServerClosed = false;
  #deadline: NodeJS.Timeout | undefined;
  /** ms of `performance.now()`. One that closes lets its peers leave until then. */
  #leaveUntilMs = 0;
  /** ms. For what it sends reliably, after that. */
  #drainMs = 0;
  /** ms of `performance.now()`. Its peers have left, or were told, by then. */
  #closedByMs = 0;

  /** Starts the process; where that fails, the user hears of its exit in a later turn, as of one that ended. */
  constructor(config: WorkerConfig, options: ResolvedClusterOptions, user: WorkerHandleUser) {
    this.index = config.worker;
    this.#config = config;
    this.#options = options;
    this.#user = user;
    this.#exited = new Promise((resolve) => (this.#onExited = resolve));
    try {
      this.#child = this.#fork();
    } catch (error) {
      // Some of the system's refusals (ENOMEM, E2BIG) are thrown, others are told by "error".
      process.nextTick(() => this.#endUnstarted(error));
      return;
    }
    this.#endWithin(options.startTimeoutMs, "start-timeout");
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Whether its sockets are open. */
  get isOpen(): boolean {
    return this.state === "open" || this.state === "serving";
  }

  /**
   * Whether it does what it is told. One that closes goes on until its server is closed: its peers may have an hour to
   * leave, and play on meanwhile.
   */
  get isReachable(): boolean {
    if (this.#child?.connected !== true || this.#isServerClosed) return false;
    return this.isOpen || (this.state === "closing" && this.hasServed);
  }

  /** Whether it and other workers can pass datagrams on to each other. */
  get isLinked(): boolean {
    if (this.state === "starting") return this.linkPort !== 0 && this.#child?.connected === true;
    return this.isReachable;
  }

  /** Tells where all workers are. With the first of these calls it begins to serve. */
  setLinks(links: WorkerLinks): void {
    if (this.isLinked) this.#send({ type: "links", links });
  }

  /** False when the worker is not there, or does not read. Throws Error for what cannot be copied. */
  message(message: unknown): boolean {
    // One that starts may not listen yet.
    if (!this.isReachable || this.#unsent.isFull) return false;
    this.#send({ type: "message", message });
    return true;
  }

  /** Turns newcomers away. */
  startDraining(reason: string): void {
    if (this.isOpen) this.#send({ type: "drain", reason });
  }

  /**
   * How many peers took it; undefined when the worker is not there, does not read, or has not answered for
   * `ANSWER_PATIENCE_MS`. Rejects when it failed to send: payload and options were checked before.
   */
  async broadcast(payload: Uint8Array, options: SendOptions): Promise<number | undefined> {
    if (!this.hasServed || !this.isReachable || this.#unsent.isFull) return undefined;
    const id = this.#nextId++;
    this.#send({ type: "broadcast", id, payload, options });
    let timer: NodeJS.Timeout | undefined;
    const answer = await new Promise<{ accepted: number; error?: string } | undefined>((resolve) => {
      this.#broadcasts.set(id, resolve);
      timer = setTimeout(resolve, ANSWER_PATIENCE_MS, undefined);
    });
    clearTimeout(timer);
    this.#broadcasts.delete(id);
    if (answer?.error !== undefined) throw new Error(`worker ${this.index} failed to broadcast: ${answer.error}`);
    return answer?.accepted;
  }

  /** Its figures of now; undefined when it is not there, has gone meanwhile, or has given its last ones. */
  ask(): Promise<WorkerFigures | undefined> {
    if (this.state === "gone" || this.#isServerClosed || this.#unsent.isFull) return Promise.resolve(undefined);
    const id = this.#nextId++;
    this.#send({ type: "ask", id });
    return new Promise((resolve) => this.#questions.set(id, resolve));
  }

  /** Once every `BEAT_MS`: a worker that has not answered for too many of them is ended, also while it should close. */
  beat(): void {
    if (this.state !== "serving" && (this.state !== "closing" || this.#isServerClosed)) return;
    const { hangTimeoutMs } = this.#options;
    if (hangTimeoutMs > 0 && this.#silentBeats * BEAT_MS >= hangTimeoutMs) return this.kill("hung");
    this.#silentBeats += 1;
    void this.ask();
  }

  /** Ends it in order; resolves when the process has gone, which is forced when it takes too long. */
  close(request: CloseRequest): Promise<void> {
    if (this.state !== "gone" && this.state !== "closing") {
      this.state = "closing";
      this.exitReason ??= "closed";
      this.#send({ type: "close", ...request });
      const nowMs = performance.now();
      this.#leaveUntilMs = nowMs + request.leaveMs;
      this.#drainMs = request.drainMs;
      this.#endClosedBy(this.#leaveUntilMs + request.drainMs, nowMs);
    }
    return this.#exited;
  }

  /** After `close`: what is under way ends sooner where these times, from now on, are shorter. */
  hurry(times: CloseTimes): void {
    const { leaveMs = Infinity, drainMs = Infinity } = times;
    if (this.state !== "closing" || this.#isServerClosed || Math.min(leaveMs, drainMs) === Infinity) return;
    this.#send({ type: "hurry", times });
    const nowMs = performance.now();
    this.#leaveUntilMs = Math.min(this.#leaveUntilMs, nowMs + leaveMs);
    this.#drainMs = Math.min(this.#drainMs, drainMs);
    const closedByMs = Math.max(this.#leaveUntilMs, nowMs) + this.#drainMs;
    if (closedByMs < this.#closedByMs) this.#endClosedBy(closedByMs, nowMs);
  }

  /** Ends the process at once. */
  kill(reason?: WorkerExitReason): void {
    if (reason !== undefined) this.exitReason ??= reason;
    this.#child?.kill("SIGKILL");
  }

  #fork(): ChildProcess {
    const { entry, execArgv, env } = this.#options;
    const child = fork(entry, [], {
      execArgv: [...execArgv],
      env: { ...env, [WORKER_ENVIRONMENT]: `${this.index}:${process.pid}` },
      serialization: "advanced",
    });
    child.on("message", (message: ToMain) => this.#take(message));
    child.on("exit", (code, signal) => this.#end(code, signal));
    child.on("error", (error) => {
      // One that never started has no "exit".
      if (child.pid === undefined) this.#endUnstarted(error);
      else this.failure ??= error.message;
    });
    return child;
  }

  #endUnstarted(error: unknown): void {
    this.failure ??= error instanceof Error ? error.message : String(error);
    this.exitReason ??= "start-failed";
    this.#end(null, null);
  }

  #endClosedBy(closedByMs: number, nowMs: number): void {
    this.#closedByMs = closedByMs;
    this.#endWithin(closedByMs - nowMs + EXIT_GRACE_MS + KILL_MARGIN_MS);
  }

  #endWithin(ms: number, reason?: WorkerExitReason): void {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.kill(reason), ms);
  }

  #send(message: ToWorker): void {
    if (this.#child !== undefined) this.#unsent.send(this.#child, message);
  }

  #take(message: ToMain): void {
    switch (message.type) {
      case "join":
        return this.#send({ type: "config", config: this.#config });
      case "linked":
        return this.#onLinked(message.linkPort);
      case "opened":
        return this.#onOpened(message);
      case "serving":
        return this.#onServing();
      case "accepting":
        this.isAccepting = message.isAccepting;
        return this.#user.onAccepting(this);
      case "identity":
        this.publicKey = message.publicKey;
        return this.#user.onIdentity(this);
      case "failed":
        this.failure = message.message;
        this.exitReason ??= "start-failed";
        return this.kill();
      case "figures":
        return this.#onFigures(message.id, message.figures);
      case "broadcast": {
        const { id, accepted, error } = message;
        this.#broadcasts.get(id)?.({ accepted, ...(error === undefined ? {} : { error }) });
        return;
      }
      case "message":
        return this.#user.onMessage(this, message.message);
      case "closed":
        return this.#onClosed(message.figures);
    }
  }

  #onLinked(linkPort: number): void {
    if (this.state !== "starting") return;
    this.linkPort = linkPort;
    this.#user.onLinked(this);
  }

  #onOpened(opened: WorkerOpened): void {
    if (this.state !== "starting") return;
    this.opened = opened;
    this.publicKey = opened.publicKey;
    this.linkPort = opened.linkPort;
    this.state = "open";
    this.#user.onOpened(this);
  }

  #onServing(): void {
    if (this.state !== "open") return;
    this.state = "serving";
    this.hasServed = true;
    clearTimeout(this.#deadline);
    this.#user.onServing(this);
  }

  #onFigures(id: number, figures: WorkerFigures): void {
    this.#silentBeats = 0;
    this.#keep(figures);
    this.peersReported = figures.server?.peers ?? 0;
    this.#questions.get(id)?.(figures);
    this.#questions.delete(id);
  }

  #keep(figures: WorkerFigures): void {
    this.figures = figures;
    this.figuresAtMs = performance.now();
  }

  #onClosed(figures: WorkerFigures): void {
    // The process may have ended before what it said last is read.
    if (this.state === "gone") return;
    this.#isServerClosed = true;
    this.#keep(figures);
    // What it was asked before and has not answered, it will not answer.
    for (const resolve of this.#questions.values()) resolve(undefined);
    this.#questions.clear();
    if (this.state !== "closing") {
      this.state = "closing";
      this.exitReason ??= "closed";
    }
    this.#endWithin(EXIT_GRACE_MS + KILL_MARGIN_MS);
    this.#user.onClosed(this);
  }

  #end(code: number | null, signal: string | null): void {
    if (this.state === "gone") return;
    clearTimeout(this.#deadline);
    this.exitReason ??= "crashed";
    this.exitCode = code;
    this.exitSignal = signal;
    this.state = "gone";
    for (const resolve of this.#questions.values()) resolve(undefined);
    for (const resolve of this.#broadcasts.values()) resolve(undefined);
    this.#questions.clear();
    this.#broadcasts.clear();
    this.#onExited();
    this.#user.onExit(this);
  }
}
