import { EXIT_GRACE_MS } from "./messages.js";

/** ms beyond the grace of a worker's end for its server to close: it tells its peers, and waits for nothing else. */
const ORPHAN_MARGIN_MS = 3000;

/** ms from when a worker learns that its main process has gone until it ends itself, whatever keeps it busy. */
export const ORPHAN_EXIT_MS: number = EXIT_GRACE_MS + ORPHAN_MARGIN_MS;

/** ms from when the watchdog sees that until it kills the process: one whose thread runs has ended by then. */
export const ORPHAN_KILL_MS: number = ORPHAN_EXIT_MS + 1000;

/** ms between two looks of the watchdog. */
export const WATCHDOG_INTERVAL_MS = 1000;
