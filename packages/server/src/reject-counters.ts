import { RejectReason } from "@sortie/wire";

/** What the server says to a client whose hello it rejects, before keys are agreed. */
export type RejectCode = "version" | "protocol-mismatch" | "server-full" | "shutting-down" | "no-common-suite";

const CODES: Readonly<Record<RejectReason, RejectCode>> = {
  [RejectReason.Version]: "version",
  [RejectReason.ProtocolMismatch]: "protocol-mismatch",
  [RejectReason.ServerFull]: "server-full",
  [RejectReason.ShuttingDown]: "shutting-down",
  [RejectReason.NoCommonSuite]: "no-common-suite",
};

/** Hellos answered with a REJECT, by what it says: a closed list, one counter each. */
export class RejectCounters {
  private readonly rejects: Record<RejectCode, number> = {
    version: 0,
    "protocol-mismatch": 0,
    "server-full": 0,
    "shutting-down": 0,
    "no-common-suite": 0,
  };

  count(reason: RejectReason): void {
    this.rejects[CODES[reason]] += 1;
  }

  /** A copy of all counters, and their sum. */
  snapshot(): { rejectsSent: number; rejects: Record<RejectCode, number> } {
    const rejects = { ...this.rejects };
    return { rejectsSent: Object.values(rejects).reduce((sum, count) => sum + count, 0), rejects };
  }
}
