import { checkMethods } from "@sortie/connection";
import type { ServerMetrics } from "./server-metrics.js";

/** What those who serve the figures call. */
const METHODS: readonly string[] = [
  "text",
  "summary",
  "peers",
  "peer",
  "drops",
  "now",
  "reportError",
] satisfies (keyof ServerMetrics)[];

/** Throws TypeError for what is not what `createMetrics` gives: it would show only when somebody asks for figures. */
export function checkMetrics(metrics: unknown): void {
  checkMethods("metrics", metrics, "what createMetrics() gives", METHODS);
}
