import {
  LOSSLESS_ROUTES,
  type ReceivedCount,
  type ReceivedCounts,
  type Route,
  ROUTE_NAMES,
  type SentCounts,
} from "@sortie-apps/arena";
import type { OutcomeCounts } from "./mailbox.js";

/** "up": from bot to server; "down": from server to bot. */
type Direction = "up" | "down";

/** One route in one direction: what one end sent, and what the other one got of it. */
export interface RouteTally extends ReceivedCount {
  readonly route: Route;
  readonly direction: Direction;
  readonly sent: number;
}

/** What an audit found. */
export interface AuditResult {
  readonly tallies: readonly RouteTally[];
  /** In words; empty when all is well. */
  readonly faults: readonly string[];
}

/** The two ends of one direction. */
interface Ends {
  readonly sent: SentCounts;
  readonly received: ReceivedCounts;
}

/** Routes on which no message may come after a newer one. */
const IN_ORDER: readonly Route[] = ["states", "events"];

/**
 * Compares what was sent with what came, both ways and on all routes, against what each delivery mode promises: nothing
 * is ever duplicated; events and notices are never lost; events come in order; states never go back.
 */
export function auditDeliveries(up: Ends, down: Ends, outcomes: Record<Route, OutcomeCounts>): AuditResult {
  const tallies = [...talliesOf("up", up), ...talliesOf("down", down)];
  return { tallies, faults: [...tallies.flatMap(faultsOf), ...faultsOfOutcomes(outcomes)] };
}

function talliesOf(direction: Direction, { sent, received }: Ends): RouteTally[] {
  return ROUTE_NAMES.map((route) => ({ route, direction, sent: sent[route], ...received[route] }));
}

function faultsOf({ route, direction, sent, distinct, duplicates, late, missing }: RouteTally): string[] {
  const faults: string[] = [];
  const fault = (count: number, what: string): void => {
    faults.push(`${route} ${direction}: ${count} ${what}`);
  };
  if (duplicates > 0) fault(duplicates, "duplicated");
  if (IN_ORDER.includes(route) && late > 0) fault(late, "out of order");
  if (distinct > sent) fault(distinct - sent, "never sent");
  if (LOSSLESS_ROUTES.includes(route)) {
    if (missing > 0) fault(missing, "lost");
    else if (distinct < sent) fault(sent - distinct, "unaccounted for");
  }
  return faults;
}

/** The receipts of the lossless routes must not say that a message was given up. */
function faultsOfOutcomes(outcomes: Record<Route, OutcomeCounts>): string[] {
  return LOSSLESS_ROUTES.flatMap((route) => {
    const { expired, dropped } = outcomes[route];
    return expired + dropped > 0 ? [`${route} up: ${expired + dropped} given up by their receipts`] : [];
  });
}
