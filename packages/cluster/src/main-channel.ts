import type { ToMain, ToWorker, WorkerConfig } from "./messages.js";
import { WORKER_ENVIRONMENT } from "./messages.js";

/** Taken once: the variable is deleted, so that processes that a worker starts are none. */
const isWorker = process.env[WORKER_ENVIRONMENT] !== undefined && process.send !== undefined;
if (isWorker) delete process.env[WORKER_ENVIRONMENT];

/** Whether this process is a worker that `createCluster` started: for a file that is main process and worker in one. */
export function isClusterWorker(): boolean {
  return isWorker;
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

  /** Asks the main process for this worker's configuration. Throws Error in a process that is no worker. */
  static async join(): Promise<{ readonly channel: MainChannel; readonly config: WorkerConfig }> {
    if (!isWorker) {
      throw new Error(
        "joinCluster() expected a process that createCluster() started, got one that was started otherwise: " +
          "give this file as the cluster's entry",
      );
    }
    const channel = new MainChannel();
    const config = await new Promise<WorkerConfig>((resolve) => {
      process.on("message", (message: ToWorker) => {
        if (message.type === "config") resolve(message.config);
        else channel.#take(message);
      });
      channel.send({ type: "join" });
    });
    return { channel, config };
  }

  set user(user: MainChannelUser) {
    this.#user = user;
    for (const message of this.#waiting.splice(0)) user.onMessage(message);
    if (process.connected) process.on("disconnect", () => user.onMainGone());
    else user.onMainGone();
  }

  /** Throws what structured clone throws for what it cannot copy. Without effect when the main process has gone. */
  send(message: ToMain): void {
    if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
  }

  /** Lets the process end when it has nothing else to do. */
  leave(): void {
    if (process.connected) process.disconnect();
  }

  #take(message: ToWorker): void {
    if (this.#user === undefined) this.#waiting.push(message);
    else this.#user.onMessage(message);
  }
}
