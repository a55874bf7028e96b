import { TypedEmitter } from "@sortie/connection";
import type { Server } from "@sortie/server";
import { ForwardingCounters } from "./forwarding-statistics.js";
import { MainChannel, mainGoneError, obeyHangup, type MainChannelUser } from "./main-channel.js";
import {
  type CloseRequest,
  type CloseTimes,
  EXIT_GRACE_MS,
  type ToWorker,
  type WorkerConfig,
  type WorkerFigures,
  type WorkerLinks,
  type WorkerOpened,
} from "./messages.js";

/** Events of a worker. */
export interface ClusterWorkerEvents {
  /** What the main process sent with `cluster.send`. */
  message: (message: unknown) => void;
  /**
   * The worker is about to end: its server closes now, as `server.close` with these options does. The process ends when
   * nothing keeps it busy, or 5 s after its server has closed. Emitted once: where the times are cut short later, as
   * when the main process goes meanwhile, the server's peers hear of it, and no listener.
   */
  close: (request: CloseRequest) => void;
}

const SIGNALS = ["SIGINT", "SIGTERM"] as const;
const MAIN_GONE: CloseRequest = { leaveMs: 0, drainMs: 0, reason: "the server is shutting down" };

/** This process as a worker of a cluster: its number, what it was given, and messages to and from the main process. */
export class ClusterWorker extends TypedEmitter<ClusterWorkerEvents> {
  /** 0..workers-1. A worker that replaces another one has its number. */
  readonly index: number;
  readonly workers: number;
  /** A copy of what `createCluster` was given as `data`, as it was then. */
  readonly data: unknown;
  readonly #channel: MainChannel;

  /** Use `joinCluster`. */
  constructor(channel: MainChannel, config: WorkerConfig) {
    super(["message", "close"]);
    this.#channel = channel;
    this.index = config.worker;
    this.workers = config.workers;
    this.data = config.data;
  }

  /**
   * Sends to the main process what `cluster.send` can copy: it comes as the cluster's event "message". False when
   * the main process does not read, so that 1024 messages or 16 MiB wait here, or has gone, which ends this one too.
   * It works as long as this process runs, also once the server is closed, and what it took keeps the process from
   * ending by itself; `process.exit`, and the end 5 s after the server has closed, lose what the main process has not
   * read. Throws Error for what cannot be copied.
   */
  send(message: unknown): boolean {
    return this.#channel.message(message);
  }

  /** Exceptions of listeners are the application's, and end the process as any other that nobody catches. */
  protected override onListenerError(_name: keyof ClusterWorkerEvents, error: unknown): void {
    process.nextTick(() => {
      throw error;
    });
  }
}

/** The same with what its runtime calls. */
class RunningWorker extends ClusterWorker {
  deliver(message: unknown): void {
    this.emit("message", message);
  }

  announceClose(request: CloseRequest): void {
    this.emit("close", request);
  }
}

/** What a worker's process does for the cluster, out of the application's sight. */
export class WorkerRuntime implements MainChannelUser {
  readonly worker: RunningWorker;
  readonly config: WorkerConfig;
  readonly counters: ForwardingCounters = new ForwardingCounters();
  /** Hears where the others are, whenever it changes. */
  onLinks: ((links: WorkerLinks) => void) | undefined;
  readonly #channel: MainChannel;
  #server: Server | undefined;
  #isClosing = false;
  #isServerClosed = false;
  #hasServed = false;
  /** The cluster was closed before this worker served. */
  #isGivenUp = false;
  #hasMainGone = false;
  readonly #ignoreSignal = (): void => {};
  /** What the main process was told last. */
  #isAccepting = true;

  constructor(channel: MainChannel, config: WorkerConfig) {
    this.#channel = channel;
    this.config = config;
    this.worker = new RunningWorker(channel, config);
    // Both reach a whole process group or service: the main process decides, and when it has gone this one ends.
    for (const signal of SIGNALS) process.on(signal, this.#ignoreSignal);
    channel.user = this;
  }

  /** Throws Error where there is a server already, ClusterError where the main process has gone. */
  checkWantsServer(): void {
    if (this.#server !== undefined) throw new Error("createWorkerServer() expected to be called once in a worker");
    if (this.#hasMainGone) throw mainGoneError("made its server");
  }

  /**
   * A step of a worker on its way to serve. It never settles where the cluster is closed meanwhile: nothing has failed
   * then, so that an error, which most would not catch, would end the process with a stack trace for no reason.
   */
  async unlessGivenUp<T>(step: () => Promise<T>): Promise<T> {
    try {
      if (!this.#isGivenUp) {
        const made = await step();
        if (!this.#isGivenUp) return made;
      }
    } catch (error) {
      if (!this.#isGivenUp) throw error;
    }
    return new Promise(() => undefined);
  }

  /** The server of this worker, from its making on. */
  set server(server: Server) {
    this.#server = server;
    for (const event of ["connect", "disconnect", "draining"] as const) server.on(event, () => this.#tellAccepting());
  }

  /** Whether newcomers get in here. */
  get isAccepting(): boolean {
    return this.#server?.isAccepting ?? false;
  }

  reportLinked(linkPort: number): void {
    this.#channel.send({ type: "linked", linkPort });
  }

  reportOpened(opened: WorkerOpened): void {
    this.#channel.send({ type: "opened", ...opened });
  }

  reportIdentity(publicKey: Uint8Array): void {
    this.#channel.send({ type: "identity", publicKey });
  }

  reportServing(): void {
    this.#hasServed = true;
    this.#channel.send({ type: "serving" });
  }

  reportFailure(error: unknown): void {
    if (this.#isGivenUp) return;
    const message = error instanceof Error ? error.message : String(error);
    const code = (error as { readonly code?: unknown } | null)?.code;
    this.#channel.send({ type: "failed", message, code: typeof code === "string" ? code : undefined });
  }

  /** The server's socket is closed, whoever asked for it: this worker's time is over. */
  onServerClosed(): void {
    this.#isClosing = true;
    this.#isServerClosed = true;
    // Peers have been told; nobody but who sends a signal could hurry what the application does still.
    if (this.#hasMainGone) {
      for (const signal of SIGNALS) process.off(signal, this.#ignoreSignal);
      obeyHangup();
    }
    this.#channel.send({ type: "closed", figures: this.#figures });
    this.#channel.leave();
    // Also where the main process hangs and never takes what was sent.
    setTimeout(exitInOrder, EXIT_GRACE_MS).unref();
  }

  onMessage(message: ToWorker): void {
    // The main process did not know yet: it has the last figures, and there is nothing left to close or to send by.
    if (this.#isServerClosed && message.type !== "message") return;
    switch (message.type) {
      case "links":
        return this.onLinks?.(message.links);
      case "ask":
        return this.#answer(message.id);
      case "broadcast":
        return this.#broadcast(message);
      case "message":
        return this.worker.deliver(message.message);
      case "drain":
        return this.#server?.startDraining({ reason: message.reason });
      case "close":
        return this.#onClose(message);
      case "hurry":
        return this.#hurry(message.times);
      case "config":
        return;
    }
  }

  onMainGone(): void {
    if (this.#isServerClosed) return;
    this.#hasMainGone = true;
    if (!this.#isClosing) return this.#close(MAIN_GONE);
    // Nobody is there any more for whom peers could be given time.
    this.#hurry({ leaveMs: 0, drainMs: 0 });
  }

  #tellAccepting(): void {
    const { isAccepting } = this;
    if (isAccepting === this.#isAccepting) return;
    this.#isAccepting = isAccepting;
    this.#channel.send({ type: "accepting", isAccepting });
  }

  get #figures(): WorkerFigures {
    const { user, system } = process.cpuUsage();
    return {
      server: this.#server?.stats,
      forwarding: { ...this.counters },
      cpuMs: (user + system) / 1000,
      rssBytes: process.memoryUsage.rss(),
    };
  }

  #answer(id: number): void {
    this.#channel.send({ type: "figures", id, figures: this.#figures });
  }

  #broadcast({ id, payload, options }: Extract<ToWorker, { type: "broadcast" }>): void {
    let accepted = 0;
    let error: string | undefined;
    try {
      accepted = this.#server?.broadcast(payload, options) ?? 0;
    } catch (thrown) {
      error = thrown instanceof Error ? thrown.message : String(thrown);
    }
    this.#channel.send({ type: "broadcast", id, accepted, error });
  }

  #onClose(request: CloseRequest): void {
    if (!this.#hasServed && !this.#isClosing) {
      this.#isGivenUp = true;
      // Its code may wait for a server that never comes: Node would take that for a fault.
      process.once("beforeExit", exitInOrder);
    }
    this.#close(request);
  }

  #close({ leaveMs, drainMs, reason }: CloseRequest): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.worker.announceClose({ leaveMs, drainMs, reason });
    if (this.#server === undefined) this.onServerClosed();
    else void this.#endWith(this.#server, { leaveMs, drainMs, reason });
  }

  async #endWith(server: Server, request: CloseRequest): Promise<void> {
    await server.close(request).catch(() => undefined);
    // One that was not to listen yet has no socket that would tell of its end.
    if (!this.#isServerClosed) this.onServerClosed();
  }

  /** The server closes already, and may be so for an hour. */
  #hurry(times: CloseTimes): void {
    void this.#server?.close(times);
  }
}

function exitInOrder(): void {
  process.exit(process.exitCode ?? 0);
}

let runtime: Promise<WorkerRuntime> | undefined;

/** The one of this process. */
export function workerRuntime(): Promise<WorkerRuntime> {
  return (runtime ??= MainChannel.join().then(({ channel, config }) => new WorkerRuntime(channel, config)));
}

/**
 * In a process that `createCluster` started: which worker it is. Every call gives the same object. Rejects with Error
 * in any other process, with ClusterError "main-gone" where the main process has ended: a worker whose main process has
 * gone ends 8 s later at the latest, whatever keeps it busy; one that hangs is killed 10 s later at the latest.
 */
export async function joinCluster(): Promise<ClusterWorker> {
  return (await workerRuntime()).worker;
}
