import type { SendOptions } from "@sortie/reliability";
import type { CloseOptions, ServerStatistics } from "@sortie/server";
import type { ForwardingStatistics } from "./forwarding-statistics.js";

/**
 * Set in the environment of workers, so that a process knows whether it is one, and whose: "worker:pid" with the main
 * process's ID. That may have gone before the worker's code runs, which then has another parent.
 */
export const WORKER_ENVIRONMENT = "SORTIE_CLUSTER_WORKER";

/** ms. How long a worker that has closed its server may go on with other work before it is ended. */
export const EXIT_GRACE_MS = 5000;

/** What a worker is told first. */
export interface WorkerConfig {
  readonly worker: number;
  readonly workers: number;
  /** Whether the others run already: it then has to know where they are before the system gives it datagrams. */
  readonly isReplacement: boolean;
  readonly host: string | undefined;
  readonly port: number;
  /** 32 bytes. */
  readonly cookieKey: Uint8Array;
  /** What the application gave for its workers. */
  readonly data: unknown;
}

/** How a worker ends: as `server.close`. */
export type CloseRequest = { readonly [Name in keyof CloseOptions]-?: NonNullable<CloseOptions[Name]> };

/** What a later `close` makes shorter. */
export type CloseTimes = Pick<CloseOptions, "leaveMs" | "drainMs">;

/** Where workers are. */
export interface WorkerLinks {
  /** Loopback ports by worker, 0 for one that is not there. */
  readonly ports: readonly number[];
  /** Workers that take newcomers. */
  readonly accepting: readonly number[];
}

/** From the main process to a worker. */
export type ToWorker =
  | { readonly type: "config"; readonly config: WorkerConfig }
  /** All workers have their sockets. */
  | { readonly type: "links"; readonly links: WorkerLinks }
  | { readonly type: "ask"; readonly id: number }
  | {
      readonly type: "broadcast";
      readonly id: number;
      readonly payload: Uint8Array;
      readonly options: SendOptions;
    }
  | { readonly type: "message"; readonly message: unknown }
  | { readonly type: "drain"; readonly reason: string }
  | ({ readonly type: "close" } & CloseRequest)
  /** After "close": times that hold where they end sooner. */
  | { readonly type: "hurry"; readonly times: CloseTimes };

/** What a worker tells of itself. */
export interface WorkerFigures {
  /** undefined before there is a server. */
  readonly server: ServerStatistics | undefined;
  readonly forwarding: ForwardingStatistics;
  /** ms. CPU time of the process since its start, user and system. */
  readonly cpuMs: number;
  /** bytes. Memory of the process. */
  readonly rssBytes: number;
}

/** Where a worker listens, and who it says it is. */
export interface WorkerOpened {
  readonly address: string;
  readonly port: number;
  readonly family: 4 | 6;
  readonly linkPort: number;
  /** The server's identity, of then. */
  readonly publicKey: Uint8Array;
}

/** From a worker to the main process. */
export type ToMain =
  /** The worker's code runs and wants its configuration. */
  | { readonly type: "join" }
  /** A replacement has a socket for the other workers, and asks where they are. */
  | { readonly type: "linked"; readonly linkPort: number }
  | ({ readonly type: "opened" } & WorkerOpened)
  /** It takes datagrams now: it knows where the others are. */
  | { readonly type: "serving" }
  /** Whether it takes newcomers: told when that changes, and true at first. */
  | { readonly type: "accepting"; readonly isAccepting: boolean }
  /** After "opened": its server shows an identity with another key. */
  | { readonly type: "identity"; readonly publicKey: Uint8Array }
  /** Its server could not be opened. */
  | { readonly type: "failed"; readonly message: string; readonly code: string | undefined }
  | { readonly type: "figures"; readonly id: number; readonly figures: WorkerFigures }
  | { readonly type: "broadcast"; readonly id: number; readonly accepted: number; readonly error: string | undefined }
  | { readonly type: "message"; readonly message: unknown }
  /** Its server is closed; the process ends when it has nothing else to do. Only "message" may follow. */
  | { readonly type: "closed"; readonly figures: WorkerFigures };
