import { DropCounters } from "@sortie/connection";
import { RefusalCounters, RejectCounters, type ServerStatistics } from "@sortie/server";
import { TransportCounters } from "@sortie/transport";
import { ForwardingCounters, type ForwardingStatistics } from "./forwarding-statistics.js";
import type { WorkerFigures } from "./messages.js";
import type { WorkerState } from "./worker-handle.js";

/** Ticks of all workers: sums, and the worst of each. Times in ms, over each worker's last 1024 ticks. */
export interface ClusterTicks {
  readonly ticks: number;
  readonly skipped: number;
  readonly overruns: number;
  readonly lateP99Ms: number;
  readonly lateMaxMs: number;
  readonly busyP99Ms: number;
  readonly busyMaxMs: number;
}

/**
 * Sums over all workers; what ended workers counted stays in the counters: all of it where they closed their server,
 * else what they had told, a second before or two. `certificateNotAfterMs` is the earliest of the workers that are
 * there.
 */
export interface ClusterTotals extends Omit<ServerStatistics, "crypto" | "ticks"> {
  readonly ticks: ClusterTicks;
  readonly forwarding: ForwardingStatistics;
  /** ms. CPU time of the workers' processes, user and system. */
  readonly cpuMs: number;
}

/** One worker. */
export interface WorkerStatistics extends WorkerFigures {
  readonly worker: number;
  readonly pid: number | undefined;
  readonly state: WorkerState;
  /** ms since it told; more than a few hundred when it does not answer, Infinity when it never did. */
  readonly ageMs: number;
}

/** A snapshot of the whole cluster. */
export interface ClusterStatistics {
  readonly workers: readonly WorkerStatistics[];
  readonly total: ClusterTotals;
  /** Workers replaced since the start. */
  readonly restarts: number;
  /** Broadcasts that a worker was not there for, did not read or did not answer; counted once for each worker. */
  readonly broadcastsMissed: number;
}

/** Figures of a worker that has not told any. */
export const NO_FIGURES: WorkerFigures = {
  server: undefined,
  forwarding: { ...new ForwardingCounters() },
  cpuMs: 0,
  rssBytes: 0,
};

/** All zero. */
export const NO_TOTALS: ClusterTotals = {
  peers: 0,
  maxPeers: 0,
  halfOpen: 0,
  pendingAuthenticateCalls: 0,
  handshakes: 0,
  retriesSent: 0,
  ...new RejectCounters().snapshot(),
  ...new RefusalCounters().snapshot(),
  peersAccepted: 0,
  listenerErrors: 0,
  draining: false,
  drops: new DropCounters().snapshot(),
  transport: { ...new TransportCounters() },
  ticks: { ticks: 0, skipped: 0, overruns: 0, lateP99Ms: 0, lateMaxMs: 0, busyP99Ms: 0, busyMaxMs: 0 },
  forwarding: { ...new ForwardingCounters() },
  cpuMs: 0,
};

/** Adds up the figures of workers that are there, and the counters of those that have ended. */
export function totalOf(present: readonly WorkerFigures[], ended: ClusterTotals): ClusterTotals {
  const servers = present.map((one) => one.server).filter((one) => one !== undefined);
  const ticks = servers.map((one) => one.ticks).filter((one) => one !== undefined);
  const sum = (name: CounterName): number => servers.reduce((total, one) => total + one[name], ended[name]);
  const worst = (name: keyof ClusterTicks): number => Math.max(0, ...ticks.map((one) => one[name]));
  const ticksInAll = (name: keyof ClusterTicks): number => {
    return ticks.reduce((total, one) => total + one[name], ended.ticks[name]);
  };
  return {
    peers: servers.reduce((total, one) => total + one.peers, 0),
    maxPeers: servers.reduce((total, one) => total + one.maxPeers, 0),
    halfOpen: servers.reduce((total, one) => total + one.halfOpen, 0),
    pendingAuthenticateCalls: servers.reduce((total, one) => total + one.pendingAuthenticateCalls, 0),
    handshakes: sum("handshakes"),
    retriesSent: sum("retriesSent"),
    rejectsSent: sum("rejectsSent"),
    rejects: sumOf(
      ended.rejects,
      servers.map((one) => one.rejects),
    ),
    refused: sumOf(
      ended.refused,
      servers.map((one) => one.refused),
    ),
    handshakesFailed: sumOf(
      ended.handshakesFailed,
      servers.map((one) => one.handshakesFailed),
    ),
    peersAccepted: sum("peersAccepted"),
    listenerErrors: sum("listenerErrors"),
    draining: servers.some((one) => one.draining),
    drops: sumOf(
      ended.drops,
      servers.map((one) => one.drops),
    ),
    transport: sumOf(
      ended.transport,
      servers.map((one) => one.transport),
    ),
    ticks: {
      ticks: ticksInAll("ticks"),
      skipped: ticksInAll("skipped"),
      overruns: ticksInAll("overruns"),
      lateP99Ms: worst("lateP99Ms"),
      lateMaxMs: worst("lateMaxMs"),
      busyP99Ms: worst("busyP99Ms"),
      busyMaxMs: worst("busyMaxMs"),
    },
    forwarding: sumOf(
      ended.forwarding,
      present.map((one) => one.forwarding),
    ),
    cpuMs: present.reduce((total, one) => total + one.cpuMs, ended.cpuMs),
    certificateNotAfterMs: earliestOf(servers.map((one) => one.certificateNotAfterMs)),
  };
}

type CounterName = "handshakes" | "retriesSent" | "rejectsSent" | "peersAccepted" | "listenerErrors";

function earliestOf(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

/** Field by field. */
function sumOf<Counters extends object>(base: Counters, parts: readonly Counters[]): Counters {
  const total = { ...base } as unknown as Record<string, number>;
  for (const part of parts) {
    for (const [name, value] of Object.entries(part) as [string, number][]) total[name] = (total[name] ?? 0) + value;
  }
  return total as unknown as Counters;
}
