import type { WorkerConfig } from "../../src/messages.js";

/** What the one worker of a cluster is told. */
export function soleWorker(): WorkerConfig {
  return {
    worker: 0,
    workers: 1,
    isReplacement: false,
    host: undefined,
    port: 1,
    cookieKey: new Uint8Array(32),
    data: undefined,
  };
}
