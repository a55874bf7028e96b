import type { Scenario } from "./lib/scenario.js";
import { s03 } from "./s03-ordered-delay.js";
import { s04 } from "./s04-bulk.js";
import { s05 } from "./s05-narrow.js";
import { s09 } from "./s09-shared-bottleneck.js";
import { s10 } from "./s10-rtt-extremes.js";

/** All scenarios, by number. */
export const SCENARIOS: readonly Scenario[] = [s03, s04, s05, s09, s10];
