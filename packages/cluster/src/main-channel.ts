import { ClusterError } from "./cluster-error.js";
import { type ToMain, type ToWorker, WORKER_ENVIRONMENT, type WorkerConfig } from "./messages.js";
import { ORPHAN_EXIT_MS } from "./orphan-limits.js";
import { startOrphanWatchdog } from "./orphan-watchdog.js";
import { UnsentMessages } from "./unsent-messages.js";

/** Taken once: the variable is deleted, so that processes that a worker starts are none. */
const membership = process.env[WORKER_ENVIRONMENT];
const isWorker = membership !== undefined && process.send !== undefined;
if (isWorker) delete process.env[WORKER_ENVIRONMENT];

/** Whether this process is a worker that `createCluster` started: for a file that is main process and worker in one. */
export function isClusterWorker(): boolean {
  return isWorker;
}

let hasMainGone = false;
/** This process ends by itself, whether the main process is there or not. */
let hasLeft = false;
/** Who hears that the main process has gone: who joins, then its user. */
let onMainGone: (() => void) | undefined;

function noteMainGone(): void {
  if (hasLeft || hasMainGone) return;
  hasMainGone = true;
  // Whatever the application does, or has caught: nobody else is there who could end this process.
  setTimeout(() => process.exit(), ORPHAN_EXIT_MS).unref();
  onMainGone?.();
}

// From now on, and not from when the application joins: until then it may load a world for minutes.
if (isWorker) {
  process.on("disconnect", noteMainGone);
  // Listening keeps a process busy: one that never joins would not end by itself.
  process.channel?.unref();
  if (!process.connected) noteMainGone();
  // Of no effect where the application listens too; where it does not, or not yet, the signal would end this process.
  process.on("SIGHUP", ignoreHangup);
  startOrphanWatchdog(Number(membership.split(":")[1]));
}

/** SIGHUP ends this process again, unless the application listens to it. */
export function obeyHangup(): void {
  process.off("SIGHUP", ignoreHangup);
}

function ignoreHangup(): void {}

/** Who hears what the main process says. */
export interface MainChannelUser {
  onMessage(message: ToWorker): void;
  /** The main process has gone. */
  onMainGone(): void;
}

/** A worker's end of the channel to the main process. One for each process. */
export class MainChannel {
  #user: MainChannelUser | undefined;
  /** What came before there was a user. */
  readonly #waiting: ToWorker[] = [];
  readonly #unsent: UnsentMessages = new UnsentMessages();

  /**
   * Asks the main process for this worker's configuration. Rejects with Error in a process that is no worker, with
   * ClusterError "main-gone" where nobody is there to answer.
   */
  static async join(): Promise<{ readonly channel: MainChannel; readonly config: WorkerConfig }> {
    if (!isWorker) {
      throw new Error(
        "joinCluster() expected a process that createCluster() started, got one that was started otherwise: " +
          "give this file as the cluster's entry",
      );
    }
    const channel = new MainChannel();
    const config = await new Promise<WorkerConfig>((resolve, reject) => {
      onMainGone = () => reject(mainGoneError("joined it"));
      if (hasMainGone) return onMainGone();
      process.on("message", (message: ToWorker) => {
        if (message.type === "config") resolve(message.config);
        else channel.#take(message);
      });
      process.channel?.ref();
      channel.send({ type: "join" });
    });
    return { channel, config };
  }

  set user(user: MainChannelUser) {
    this.#user = user;
    for (const message of this.#waiting.splice(0)) user.onMessage(message);
    onMainGone = () => user.onMainGone();
    if (hasMainGone) user.onMainGone();
  }

  /** Of the cluster's own, which are few. Without effect when the main process has gone. */
  send(message: ToMain): void {
    this.#unsent.send(process, message);
  }

  /**
   * Of the application. False when the main process has gone, or does not read. Throws Error for what cannot be copied.
   */
  message(message: unknown): boolean {
    if (!process.connected || this.#unsent.isFull) return false;
    this.#unsent.send(process, { type: "message", message });
    return true;
  }

  /**
   * Lets the process end when it has nothing else to do. What was sent, and is sent until then, keeps it from that
   * until the system has taken it; a disconnect would make Node throw that away.
   */
  leave(): void {
    hasLeft = true;
    process.channel?.unref();
  }

  #take(message: ToWorker): void {
    if (this.#user === undefined) this.#waiting.push(message);
    else this.#user.onMessage(message);
  }
}

/** What a worker's own code hears. */
export function mainGoneError(before: string): ClusterError {
  return new ClusterError("main-gone", `the worker's main process ended before the worker had ${before}`);
}
