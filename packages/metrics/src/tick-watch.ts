import type { TickEvent } from "@sortie/server";
import { HistogramInstrument } from "./instrument.js";

/** Upper bounds, s: a tick of 60 Hz has 16.7 ms, one of 20 Hz 50 ms. */
const TICK_BOUNDS = [0.0005, 0.001, 0.002, 0.004, 0.008, 0.0125, 0.0167, 0.025, 0.0333, 0.05, 0.1, 0.25, 1];

/** The ticks of about a second. Times in ms. */
export interface TickFigures {
  readonly count: number;
  readonly busyMeanMs: number;
  readonly busyMaxMs: number;
  readonly lateMeanMs: number;
  readonly lateMaxMs: number;
}

/** Listens to ticks: adds to histograms, and keeps sums and maxima until they are taken. */
export class TickWatch {
  readonly busy: HistogramInstrument = new HistogramInstrument(
    "tick_busy_seconds",
    "Time that a tick took, flush included.",
    TICK_BOUNDS,
  );
  readonly late: HistogramInstrument = new HistogramInstrument(
    "tick_late_seconds",
    "How late a tick came; the first after a hold-up: by all of it, ticks left out included.",
    TICK_BOUNDS,
  );
  #count = 0;
  #busyCount = 0;
  #busySum = 0;
  #busyMax = 0;
  #lateSum = 0;
  #lateMax = 0;

  /** The listener of "tick". */
  readonly onTick = ({ tick, lateMs, previousBusyMs }: TickEvent): void => {
    this.#count += 1;
    this.#lateSum += lateMs;
    if (lateMs > this.#lateMax) this.#lateMax = lateMs;
    this.late.observe(lateMs / 1000);
    if (tick === 0) return;
    this.#busyCount += 1;
    this.#busySum += previousBusyMs;
    if (previousBusyMs > this.#busyMax) this.#busyMax = previousBusyMs;
    this.busy.observe(previousBusyMs / 1000);
  };

  /** Figures since the last call. */
  take(): TickFigures {
    const figures: TickFigures = {
      count: this.#count,
      busyMeanMs: this.#busySum / Math.max(1, this.#busyCount),
      busyMaxMs: this.#busyMax,
      lateMeanMs: this.#lateSum / Math.max(1, this.#count),
      lateMaxMs: this.#lateMax,
    };
    this.#count = this.#busyCount = 0;
    this.#busySum = this.#busyMax = this.#lateSum = this.#lateMax = 0;
    return figures;
  }
}
