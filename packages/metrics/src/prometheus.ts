import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { HistogramInstrument, Instrument, Labels } from "./instrument.js";

/**
 * Registers everything with prom-client; the function that is returned takes it out again. Throws prom-client's Error
 * for a name that is taken, and leaves the registry as it was.
 */
export function registerWithPrometheus(
  registry: Registry,
  prefix: string,
  instruments: readonly Instrument[],
  histograms: readonly HistogramInstrument[],
): () => void {
  const undo: (() => void)[] = [];
  const undoAll = (): void => undo.splice(0).forEach((each) => each());
  try {
    register(registry, prefix, instruments, histograms, undo);
  } catch (error) {
    undoAll();
    throw error;
  }
  return undoAll;
}

/** Adds to `undo`, step by step, what takes out again what was registered. */
function register(
  registry: Registry,
  prefix: string,
  instruments: readonly Instrument[],
  histograms: readonly HistogramInstrument[],
  undo: (() => void)[],
): void {
  const registers = [registry];
  for (const instrument of instruments) {
    const name = prefix + instrument.name;
    const { help, labelNames, kind } = instrument;
    const options = { name, help, labelNames: [...labelNames], registers };
    if (kind === "gauge") {
      const gauge = new Gauge({
        ...options,
        collect: () => {
          // A label whose value has changed, such as that of the server's libraries, must not leave the old one behind.
          gauge.reset();
          // Reset, one without labels is 0, which is a figure as well.
          if (labelNames.length === 0) gauge.remove();
          instrument.read((value, labels: Labels = {}) => gauge.set(labels, value));
        },
      });
    } else {
      // prom-client has no counter that is read elsewhere: it is set anew with each scrape.
      const counter = new Counter({
        ...options,
        collect: () => {
          counter.reset();
          instrument.read((value, labels: Labels = {}) => counter.inc(labels, value));
        },
      });
    }
    undo.push(() => registry.removeSingleMetric(name));
  }
  for (const instrument of histograms) {
    const { help, bounds } = instrument;
    const name = prefix + instrument.name;
    const histogram = new Histogram({ name, help, buckets: [...bounds], registers });
    const unsubscribe = instrument.subscribe((value) => histogram.observe(value));
    undo.push(unsubscribe, () => registry.removeSingleMetric(name));
  }
}
