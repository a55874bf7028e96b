import type { Scenario } from "./lib/scenario.js";
import { s01 } from "./s01-handshakes.js";
import { s02 } from "./s02-grid.js";
import { s03 } from "./s03-ordered-delay.js";
import { s04 } from "./s04-bulk.js";
import { s05 } from "./s05-narrow.js";
import { s06 } from "./s06-migration.js";
import { s07 } from "./s07-outages.js";
import { s08 } from "./s08-path-mtu.js";
import { s09 } from "./s09-shared-bottleneck.js";
import { s10 } from "./s10-rtt-extremes.js";
import { s11 } from "./s11-wireless.js";
import { s12 } from "./s12-long-haul.js";
import { s13 } from "./s13-stalled-reader.js";

/** All scenarios, by number. */
export const SCENARIOS: readonly Scenario[] = [s01, s02, s03, s04, s05, s06, s07, s08, s09, s10, s11, s12, s13];
