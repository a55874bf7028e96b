/** Labels of one reading. Values come from closed lists only, never from peers: cardinality is bounded. */
export type Labels = Readonly<Record<string, string>>;

/** Takes one reading of an instrument. */
export type Emit = (value: number, labels?: Labels) => void;

/** A counter or gauge that is read when somebody asks, in Prometheus' base units. */
export interface Instrument {
  readonly kind: "counter" | "gauge";
  /** Without prefix; with unit and, for counters, `_total`. */
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  /** Emits nothing where there is nothing to tell: then there is no sample. */
  read(emit: Emit): void;
}

/** A histogram: what is observed goes to everybody who exports it. */
export class HistogramInstrument {
  readonly name: string;
  readonly help: string;
  /** Upper bounds of the buckets, in the instrument's unit. */
  readonly bounds: readonly number[];
  readonly #sinks: ((value: number) => void)[] = [];

  constructor(name: string, help: string, bounds: readonly number[]) {
    this.name = name;
    this.help = help;
    this.bounds = bounds;
  }

  observe(value: number): void {
    for (const sink of this.#sinks) sink(value);
  }

  /** Every observation from now on; the function that is returned ends it. */
  subscribe(sink: (value: number) => void): () => void {
    this.#sinks.push(sink);
    return () => {
      const at = this.#sinks.indexOf(sink);
      if (at >= 0) this.#sinks.splice(at, 1);
    };
  }
}
