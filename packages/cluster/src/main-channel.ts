import { ClusterError } from "./cluster-error.js";
import { EXIT_GRACE_MS, type ToMain, type ToWorker, WORKER_ENVIRONMENT, type WorkerConfig } from "./messages.js";

/** ms beyond the grace of a worker's end for its server to close: it tells its peers, and waits for nothing else. */
const ORPHAN_MARGIN_MS = 3000;

/** Taken once: the variable is deleted, so that processes that a worker starts are none. */
const isWorker = process.env[WORKER_ENVIRONMENT] !== undefined && process.send !== undefined;
if (isWorker) delete process.env[WORKER_ENVIRONMENT];

/** Whether this process is a worker that `createCluster` started: for a file that is main process and worker in one. */
export function isClusterWorker(): boolean {
  return isWorker;
}

let hasMainGone = false;
/** This process has ended the connection itself. */
let hasLeft = false;
/** Who hears that the main process has gone: who joins, then its user. */
let onMainGone: (() => void) | undefined;

function noteMainGone(): void {
  if (hasLeft || hasMainGone) return;
  hasMainGone = true;
  // Whatever the application does, or has caught: nobody else is there who could end this process.
  setTimeout(() => process.exit(), EXIT_GRACE_MS + ORPHAN_MARGIN_MS).unref();
  onMainGone?.();
}

// From now on, and not from when the application joins: until then it may load a world for minutes.
if (isWorker) {
  process.on("disconnect", noteMainGone);
  // Listening keeps a process busy: one that never joins would not end by itself.
  process.channel?.unref();
  if (!process.connected) noteMainGone();
}

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

  /** Throws what structured clone throws for what it cannot copy. Without effect when the main process has gone. */
  send(message: ToMain): void {
    if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
  }

  /** Lets the process end when it has nothing else to do. */
  leave(): void {
    hasLeft = true;
    if (process.connected) process.disconnect();
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
