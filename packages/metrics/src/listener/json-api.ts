import type { PeerRow } from "../peer-records.js";
import type { ServerMetrics } from "../server-metrics.js";
import { failure, json, type Reply } from "./http-reply.js";

/** Rows of one answer. */
const MAX_ROWS = 500;

const SORT_KEYS = [
  "id",
  "address",
  "label",
  "connectedSeconds",
  "rttMs",
  "jitterMs",
  "loss",
  "quality",
  "updateDivisor",
  "datagramsReceivedPerSecond",
  "datagramsSentPerSecond",
  "bytesReceivedPerSecond",
  "bytesSentPerSecond",
  "queuedBytes",
  "queuedMessages",
] as const satisfies readonly (keyof PeerRow)[];

/** What the API gives to read; undefined for a path that it does not have. */
export function readApi(metrics: ServerMetrics, path: string, query: URLSearchParams): Reply | undefined {
  switch (path) {
    case "/api/summary":
      return json(metrics.summary());
    case "/api/peers":
      return listPeers(metrics, query);
    case "/api/history":
      return history(metrics, query);
    case "/api/drops":
      return json(metrics.drops());
    case "/api/ticks":
      return json(metrics.summary().stats.ticks ?? null);
    case "/api/blocked":
      return blocked(metrics);
    default:
      return path.startsWith("/api/peers/") ? onePeer(metrics, path) : undefined;
  }
}

/** The peer ID that a path names. */
export function peerIdOf(path: string): number | undefined {
  const digits = /^\/api\/peers\/(\d{1,10})(?:\/|$)/.exec(path)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

export function noSuchPeer(id: number): Reply {
  return failure(404, "no-such-peer", `no peer ${id} is connected`);
}

function onePeer(metrics: ServerMetrics, path: string): Reply | undefined {
  const id = peerIdOf(path);
  if (id === undefined || path !== `/api/peers/${id}`) return undefined;
  const detail = metrics.peer(id);
  return detail === undefined ? noSuchPeer(id) : json(detail);
}

function listPeers(metrics: ServerMetrics, query: URLSearchParams): Reply {
  const sort = query.get("sort") ?? "id";
  const order = query.get("order") ?? "asc";
  const limit = wholeNumber(query.get("limit") ?? String(MAX_ROWS), MAX_ROWS);
  const offset = wholeNumber(query.get("offset") ?? "0", 2 ** 32);
  const key = SORT_KEYS.find((each) => each === sort);
  if (key === undefined) return badQuery("sort", `one of ${SORT_KEYS.join(", ")}`);
  if (order !== "asc" && order !== "desc") return badQuery("order", "asc or desc");
  if (limit === undefined) return badQuery("limit", `0..${MAX_ROWS}`);
  if (offset === undefined) return badQuery("offset", "0 or more");
  const search = (query.get("search") ?? "").slice(0, 64).toLowerCase();
  const rows = metrics.peers().filter((row) => matches(row, search));
  const sign = order === "asc" ? 1 : -1;
  rows.sort((a, b) => sign * compare(a[key], b[key]) || a.id - b.id);
  return json({ total: rows.length, offset, peers: rows.slice(offset, offset + limit) });
}

function matches({ id, address, label }: PeerRow, search: string): boolean {
  return search === "" || String(id) === search || `${address}\n${label}`.toLowerCase().includes(search);
}

function compare(a: number | string, b: number | string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function history(metrics: ServerMetrics, query: URLSearchParams): Reply {
  const since = wholeNumber(query.get("since") ?? "0", Number.MAX_SAFE_INTEGER);
  return since === undefined ? badQuery("since", "a second's number") : json(metrics.history.since(since));
}

/** Asked for each second: the whole of a full list would hold the game up each time. */
function blocked({ server }: ServerMetrics): Reply {
  return json({ total: server.blockedCount, blocked: server.blockedRanges(MAX_ROWS) });
}

function wholeNumber(text: string, max: number): number | undefined {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  return value <= max ? value : undefined;
}

function badQuery(name: string, expected: string): Reply {
  return failure(400, "bad-query", `"${name}" expected ${expected}`);
}
