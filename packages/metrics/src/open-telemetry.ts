import { checkMethods } from "@sortie/connection";
import type { HistogramInstrument, Instrument, Labels } from "./instrument.js";

interface InstrumentOptions {
  readonly description: string;
  readonly unit: string;
}

/** What a batch callback is handed to report to. */
interface ObservableResult {
  observe(observable: unknown, value: number, attributes: Labels): void;
}

/**
 * The part of `Meter` of `@opentelemetry/api` (1.4 or later) that is used here, so that nobody who does not use
 * OpenTelemetry has to install it.
 */
export interface OpenTelemetryMeter {
  createObservableCounter(name: string, options: InstrumentOptions): unknown;
  createObservableGauge(name: string, options: InstrumentOptions): unknown;
  createHistogram(
    name: string,
    options: InstrumentOptions & { readonly advice: { explicitBucketBoundaries: number[] } },
  ): { record(value: number): void };
  addBatchObservableCallback(callback: (result: ObservableResult) => void, observables: unknown[]): void;
  removeBatchObservableCallback(callback: (result: ObservableResult) => void, observables: unknown[]): void;
}

const METER_METHODS: readonly string[] = [
  "createObservableCounter",
  "createObservableGauge",
  "createHistogram",
  "addBatchObservableCallback",
  "removeBatchObservableCallback",
] satisfies (keyof OpenTelemetryMeter)[];

/** What is exported, and under which prefix. */
export interface ExportedInstruments {
  readonly prefix: string;
  readonly instruments: readonly Instrument[];
  readonly histograms: readonly HistogramInstrument[];
}

/** Names as OpenTelemetry has them: dots for the prefix, the unit apart, no `_total`. */
interface OtelName {
  readonly name: string;
  readonly unit: string;
}

/** Units of UCUM, which collectors and Prometheus' OTLP endpoint put back at the end of a name. */
const UNITS: readonly (readonly [suffix: string, unit: string])[] = [
  ["_seconds", "s"],
  ["_bytes", "By"],
  ["_bytes_per_second", "By/s"],
];
/** Of shares. They put "_ratio" back after gauges alone, and never twice: it stays in the name. */
const RATIO: OtelName["unit"] = "1";
/** Of counts and flags, whose names say of what: an annotation of UCUM, which is put back nowhere. */
const COUNT: OtelName["unit"] = "{count}";

/**
 * Registers everything with a meter of OpenTelemetry's API: `metrics.getMeter("sortie")` of `@opentelemetry/api`, with
 * whatever SDK and exporter the application has set up. Throws TypeError for what is no meter. Names are those of
 * Prometheus without `_total` and unit, which collectors and Prometheus' OTLP endpoint add again. The function that is
 * returned ends it.
 */
export function exportToMeter(meter: OpenTelemetryMeter, exported: ExportedInstruments): () => void {
  checkMethods("meter", meter, "a Meter of @opentelemetry/api", METER_METHODS);
  const { prefix, instruments, histograms } = exported;
  const observables = instruments.map((instrument): [Instrument, unknown] => {
    const { name, unit } = otelName(prefix, instrument.name);
    const options = { description: instrument.help, unit };
    const observable =
      instrument.kind === "counter"
        ? meter.createObservableCounter(name, options)
        : meter.createObservableGauge(name, options);
    return [instrument, observable];
  });
  const callback = (result: ObservableResult): void => {
    for (const [instrument, observable] of observables) {
      instrument.read((value, labels = {}) => result.observe(observable, value, labels));
    }
  };
  const all = observables.map(([, observable]) => observable);
  meter.addBatchObservableCallback(callback, all);
  const unsubscribe = histograms.map((instrument) => {
    const { name, unit } = otelName(prefix, instrument.name);
    const advice = { explicitBucketBoundaries: [...instrument.bounds] };
    const histogram = meter.createHistogram(name, { description: instrument.help, unit, advice });
    return instrument.subscribe((value) => histogram.record(value));
  });
  return () => {
    meter.removeBatchObservableCallback(callback, all);
    unsubscribe.forEach((each) => each());
  };
}

function otelName(prefix: string, prometheusName: string): OtelName {
  const bare = prometheusName.replace(/_total$/, "");
  const scope = prefix.replace(/_+$/, "");
  const measured = UNITS.find(([ending]) => bare.endsWith(ending));
  if (measured !== undefined) {
    const [suffix, unit] = measured;
    return { name: `${scope}.${bare.slice(0, -suffix.length)}`, unit };
  }
  return { name: `${scope}.${bare}`, unit: bare.endsWith("_ratio") ? RATIO : COUNT };
}
