import { PROTECTION_LEVELS, prefetchProtection } from "@sortie/handshake";
import { ENDPOINT_LEVELS, prefetchEndpoint } from "@sortie/reliability";
import type { Connection } from "./connection.js";

/** Connections for which packets are to be received or built next, as many as `prefetch` is of use for at once. */
export const PREFETCH_BLOCK = 32;

/** Levels of references: the connection, its parts, then those of the endpoint's. */
const LEVELS: number = ENDPOINT_LEVELS + 1;

/**
 * Has the processor fetch what a packet of each of the first `count` connections will need: see `prefetchEndpoint`.
 * For connections that nothing was done for since the caches held other things: of use with more than a hundred of
 * them, or after a sleep; a loss of a tenth of a microsecond each otherwise.
 *
 * @param receives whether packets of theirs are received; else packets for them are built
 * @returns a number that means nothing
 */
export function prefetch(connections: readonly (Connection | undefined)[], count: number, receives: boolean): number {
  let sum = 0;
  for (let level = 0; level < LEVELS; level++) {
    for (let i = 0; i < count; i++) sum += prefetchConnection(connections[i] as Connection, level, receives);
  }
  return sum;
}

function prefetchConnection(connection: Connection, level: number, receives: boolean): number {
  if (level === 0) return connection.localConnectionId === 0 ? 1 : 0;
  const below = prefetchEndpoint(connection["endpoint"], level - 1, receives);
  const keys = level <= PROTECTION_LEVELS ? prefetchProtection(connection["protection"], level - 1) : 0;
  if (level === 1) return below + keys + parts(connection);
  return level === 2 ? below + keys + partsOfParts(connection, receives) : below + keys;
}

function parts(connection: Connection): number {
  const paths = connection["paths"];
  const monitor = connection["monitor"];
  const idle = connection["idle"];
  let sum = paths["keptBytes"] + paths["toldBytes"];
  sum += monitor["packetsDropped"] + monitor["dueFromMs"];
  sum += idle.heardAtMs + idle.refusedNumber;
  sum += connection["window"].largest + connection["refusals"]["answeredAtMs"] + connection["refresh"]["samples"];
  return seen(sum);
}

function partsOfParts(connection: Connection, receives: boolean): number {
  const paths = connection["paths"];
  const path = paths["path"];
  const mtu = paths["mtu"];
  const monitor = connection["monitor"];
  const rates = monitor["rates"];
  let sum = path["shownBy"] + path["localSinceMs"] + path["challengeAgainAtMs"] + path.migrations;
  sum += mtu.currentBytes + mtu["probeNumber"] + mtu["companionAtMs"];
  sum += rates["second"] + (rates["ring"][0] as number);
  if (!receives) return seen(sum);
  const receiveLoss = monitor["receiveLoss"];
  sum += receiveLoss.share + receiveLoss["border"] + receiveLoss["budget"];
  return seen(sum + monitor["meter"].nextAtMs + monitor["advisor"]["level"]);
}

/** A sum of fields as a small integer, which V8 puts in no box. The condition is hardly ever met, so it is foreseen. */
function seen(sum: number): number {
  return sum === Number.MIN_VALUE ? 1 : 0;
}
