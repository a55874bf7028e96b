/**
 * Why a cluster did not start, or ended; a closed list.
 *
 * - `start-failed`: a worker ended, or could not open the port, before all were there.
 * - `identity-mismatch`: workers have different identities: clients would know one of them only.
 * - `too-many-restarts`: workers crash more often than `restartsPerMinute` allows.
 * - `closed`: it was closed while it started.
 */
export type ClusterErrorCode = "start-failed" | "identity-mismatch" | "too-many-restarts" | "closed";

/** A failure of a cluster, with a code to branch on and a message that says what to do about it. */
export class ClusterError extends Error {
  override readonly name = "ClusterError" as const;
  readonly code: ClusterErrorCode;

  constructor(code: ClusterErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
