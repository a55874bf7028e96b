import type { LinkSimulator } from "@sortie/transport-memory";
import { DelayHistogram } from "./delay-histogram.js";
import type { Series } from "./scenario.js";
import { Ticker } from "./traffic.js";
import type { Gauges, World } from "./world.js";

/** Samples a link's queue 60 times a second, and other gauges with it. */
export class LinkWatch {
  /** ms that a datagram sent at the time of the sample would have waited. */
  readonly queueing: DelayHistogram = new DelayHistogram();
  readonly series: Series & Record<string, number[]> = { atMs: [] };
  private readonly ticker: Ticker;

  constructor(world: World, link: LinkSimulator, gauges: Gauges = {}) {
    const startMs = world.clock.now();
    const names = Object.keys(gauges);
    for (const name of ["queueMs", ...names]) this.series[name] = [];
    this.ticker = new Ticker(world.clock, startMs, (nowMs) => {
      const queueMs = link.queueingDelayMs(nowMs);
      this.queueing.add(queueMs);
      this.series.atMs.push(nowMs - startMs);
      (this.series["queueMs"] as number[]).push(queueMs);
      for (const name of names) (this.series[name] as number[]).push((gauges[name] as () => number)());
    });
  }

  stop(): void {
    this.ticker.stop();
  }
}
