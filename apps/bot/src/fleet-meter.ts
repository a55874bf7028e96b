import { type Route, ROUTE_NAMES } from "@sortie-apps/arena";
import type { Fleet } from "./fleet.js";
import type { OutcomeCounts } from "./mailbox.js";
import { SampleWindow } from "./percentile.js";

/** Round-trip times that are kept: four a second and bot. */
const KEPT_SAMPLES = 32_768;

/** Sums over all bots since the start. */
export interface FleetTotals {
  readonly atMs: number;
  readonly packetsSent: number;
  readonly packetsReceived: number;
  readonly packetsLost: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** ms of processor time of this process. */
  readonly cpuMs: number;
}

/** What happened between two totals. */
export interface FleetRates {
  readonly seconds: number;
  readonly datagramsOutPerSecond: number;
  readonly datagramsInPerSecond: number;
  readonly bytesOutPerSecond: number;
  readonly bytesInPerSecond: number;
  /** Packets found lost, as a share of those sent meanwhile, 0..1. */
  readonly loss: number;
  /** Share of one processor that this process used. */
  readonly cpu: number;
}

/** Measures a fleet as it plays. */
export class FleetMeter {
  readonly rttSamples: SampleWindow = new SampleWindow(KEPT_SAMPLES);
  private readonly fleet: Fleet;

  constructor(fleet: Fleet) {
    this.fleet = fleet;
  }

  /** Takes each bot's smoothed round-trip time. */
  sampleRtt(): void {
    if (!this.fleet.isMeasuring) return;
    for (const { client, connected } of this.fleet.members) {
      if (connected) this.rttSamples.add(client.rttMs);
    }
  }

  totals(): FleetTotals {
    let [packetsSent, packetsReceived, packetsLost, bytesSent, bytesReceived] = [0, 0, 0, 0, 0];
    for (const { client } of this.fleet.members) {
      const { endpoint, ...traffic } = client.stats;
      packetsSent += traffic.packetsSent;
      packetsReceived += traffic.packetsReceived;
      // What was taken for lost and then acknowledged was only late.
      packetsLost += Math.max(0, endpoint.packetsLost - endpoint.spuriousLosses);
      bytesSent += traffic.bytesSent;
      bytesReceived += traffic.bytesReceived;
    }
    const { user, system } = process.cpuUsage();
    const cpuMs = (user + system) / 1_000;
    return { atMs: performance.now(), packetsSent, packetsReceived, packetsLost, bytesSent, bytesReceived, cpuMs };
  }

  outcomes(): OutcomeCounts {
    const sum: OutcomeCounts = { acked: 0, expired: 0, dropped: 0, closed: 0 };
    for (const { bot } of this.fleet.members) {
      for (const route of ROUTE_NAMES) add(sum, bot.mailbox.outcomes, route);
    }
    return sum;
  }
}

/** What happened from `before` to `after`. */
export function ratesBetween(before: FleetTotals, after: FleetTotals): FleetRates {
  const seconds = Math.max(1e-3, (after.atMs - before.atMs) / 1_000);
  const per = (name: keyof FleetTotals): number => (after[name] - before[name]) / seconds;
  const sent = after.packetsSent - before.packetsSent;
  return {
    seconds,
    datagramsOutPerSecond: per("packetsSent"),
    datagramsInPerSecond: per("packetsReceived"),
    bytesOutPerSecond: per("bytesSent"),
    bytesInPerSecond: per("bytesReceived"),
    // Loss is found later than it happens, and may be of more packets than were sent since.
    loss: sent > 0 ? Math.min(1, Math.max(0, after.packetsLost - before.packetsLost) / sent) : 0,
    cpu: per("cpuMs") / 1_000,
  };
}

function add(sum: OutcomeCounts, outcomes: Record<Route, OutcomeCounts>, route: Route): void {
  for (const name of ["acked", "expired", "dropped", "closed"] as const) sum[name] += outcomes[route][name];
}
