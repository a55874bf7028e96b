const UNITS: ReadonlyMap<string, string> = new Map([
  ["s", "seconds"],
  ["ms", "milliseconds"],
  ["By", "bytes"],
  ["%", "percent"],
  ["1", ""],
]);
const PER_UNITS: ReadonlyMap<string, string> = new Map([["s", "second"]]);

/**
 * The name that an instrument of OpenTelemetry has in Prometheus, by the rules of OpenTelemetry's specification
 * (compatibility/prometheus_and_openmetrics.md, "OTLP Metric points to Prometheus") as collectors and Prometheus' own
 * OTLP endpoint follow them: the unit and the kind go to the end of the name, unless they are in it already.
 */
export function prometheusNameOf(name: string, unit: string, kind: "counter" | "gauge" | "histogram"): string {
  const tokens = name.split(/[^a-zA-Z0-9:]+/).filter((token) => token !== "");
  const [main = "", per = ""] = unit.split("/", 2);
  const mainUnit = wordOf(main, UNITS);
  if (mainUnit !== "" && !tokens.includes(mainUnit)) tokens.push(mainUnit);
  const perUnit = wordOf(per, PER_UNITS);
  if (perUnit !== "" && !tokens.includes(perUnit)) tokens.push("per", perUnit);
  if (kind === "counter") moveToEnd(tokens, "total");
  if (kind === "gauge" && unit === "1") moveToEnd(tokens, "ratio");
  return tokens.join("_");
}

/** Units in braces are annotations, and no part of a name; unknown ones stay as they are. */
function wordOf(unit: string, words: ReadonlyMap<string, string>): string {
  return /[{}]/.test(unit) ? "" : (words.get(unit) ?? unit);
}

function moveToEnd(tokens: string[], token: string): void {
  const at = tokens.indexOf(token);
  if (at >= 0) tokens.splice(at, 1);
  tokens.push(token);
}
