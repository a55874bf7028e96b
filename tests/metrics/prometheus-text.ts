import parse from "parse-prometheus-text-format";

/** One family of an exposition, as an independent parser reads it. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: "COUNTER" | "GAUGE" | "HISTOGRAM" | "SUMMARY" | "UNTYPED";
  readonly metrics: readonly Sample[];
}

interface Sample {
  readonly value?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Cumulative counts by upper bound, of histograms. */
  readonly buckets?: Readonly<Record<string, string>>;
  readonly count?: string;
  readonly sum?: string;
}

/** Families by name. */
export function parseExposition(text: string): Map<string, Family> {
  return new Map((parse(text) as Family[]).map((family) => [family.name, family]));
}

/** The number of one sample; NaN when it is not there. */
export function valueOf(
  families: ReadonlyMap<string, Family>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const samples = families.get(name)?.metrics ?? [];
  const sample = samples.find((each) => Object.entries(labels).every(([key, value]) => each.labels?.[key] === value));
  return Number(sample?.value ?? sample?.count);
}

/** Every series with all of its labels: what a Prometheus server would store. */
export function seriesOf(families: ReadonlyMap<string, Family>): string[] {
  return [...families.values()].flatMap(({ name, metrics }) =>
    metrics.map(({ labels = {} }) => `${name} ${JSON.stringify(Object.entries(labels).sort())}`),
  );
}
