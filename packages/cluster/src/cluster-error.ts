/**
 * Why a cluster did not start, or ended, or a worker has none; a closed list.
 *
 * - `start-failed`: a worker ended, or could not open the port, before all were there.
 * - `identity-mismatch`: workers have different identities: clients would know one of them only.
 * - `too-many-restarts`: workers crash more often than `restartsPerMinute` allows.
 * - `closed`: it was closed while it started.
 * - `main-gone`: in a worker, its main process has ended before the worker had joined it, or made its server.
 */
export type ClusterErrorCode = "start-failed" | "identity-mismatch" | "too-many-restarts" | "closed" | "main-gone";

/** A failure of a cluster, with a code to branch on and a message that says what to do about it. */
export class ClusterError extends Error {
  override readonly name = "ClusterError" as const;
  readonly code: ClusterErrorCode;

  constructor(code: ClusterErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
