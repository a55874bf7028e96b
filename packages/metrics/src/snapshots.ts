import type { ConnectionStatistics, DisconnectReason } from "@sortie/connection";
import type { ListenAddress, ServerStatistics } from "@sortie/server";
import type { Distribution } from "./distribution.js";
import type { ProcessUsage } from "./process-usage.js";

/** How round trips and losses are spread over the connected peers. */
export interface Distributions {
  readonly rttMs: Distribution;
  readonly loss: Distribution;
}

/** Peers that have ended with one code, by one side. */
export interface DisconnectCount extends Pick<DisconnectReason, "code" | "by"> {
  readonly count: number;
}

/** The server as a whole. */
export interface MetricsSummary {
  /** undefined while it does not listen. */
  readonly address: ListenAddress | undefined;
  /** Since the metrics began. */
  readonly uptimeSeconds: number;
  readonly process: ProcessUsage;
  readonly distributions: Distributions;
  readonly disconnects: readonly DisconnectCount[];
  readonly stats: ServerStatistics;
}

/** Everything about one peer. */
export interface PeerDetail {
  readonly id: number;
  readonly sessionId: string;
  readonly address: string;
  readonly label: string;
  readonly connectedSeconds: number;
  readonly stats: ConnectionStatistics;
}
