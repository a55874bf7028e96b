import { describeValue } from "@sortie/connection";
import type { HistoryPart } from "../history.js";
import type { PeerRow } from "../peer-records.js";
import type { MetricsSummary } from "../snapshots.js";

/** First field of every message, so that nobody takes another application's JSON for one of these. */
const TAG = "metrics/1";

/** The channel of requests and answers unless told otherwise: the last one. */
export const DEFAULT_IN_BAND_CHANNEL = 255;

/** bytes of a request: a token, and what is wanted. */
const MAX_REQUEST_BYTES = 1024;

/** Rows of one answer about peers. */
export const MAX_IN_BAND_ROWS = 100;

/** What may be asked, and what comes for it. */
export interface InBandAnswers {
  readonly summary: MetricsSummary;
  /** At most 100 rows, those with the highest round trip first. */
  readonly peers: { readonly total: number; readonly peers: readonly PeerRow[] };
  readonly history: HistoryPart;
}

export type InBandWant = keyof InBandAnswers;

/** Why a request got no answer. */
export type InBandRefusal = "unauthorized" | "too-many-requests" | "malformed";

export interface InBandRequest {
  /** Chosen by the client; comes back with the answer. */
  readonly id: number;
  readonly want: InBandWant;
  readonly token: string | undefined;
  /** For "history". */
  readonly since: number;
}

export type InBandReply =
  | { readonly id: number; readonly ok: true; readonly body: unknown }
  | { readonly id: number; readonly ok: false; readonly code: InBandRefusal };

const WANTS: readonly string[] = ["summary", "peers", "history"] satisfies InBandWant[];
const REFUSALS: readonly string[] = ["unauthorized", "too-many-requests", "malformed"] satisfies InBandRefusal[];

export function encodeRequest(request: InBandRequest): string {
  return JSON.stringify({ sortie: TAG, ...request });
}

/** undefined for what is no request. */
export function decodeRequest(payload: Uint8Array): InBandRequest | undefined {
  if (payload.length > MAX_REQUEST_BYTES) return undefined;
  const fields = fieldsOf(payload);
  const { id, want, token, since = 0 } = fields ?? {};
  if (!isCount(id) || !isCount(since) || typeof want !== "string" || !WANTS.includes(want)) return undefined;
  if (token !== undefined && typeof token !== "string") return undefined;
  return { id, want: want as InBandWant, token, since };
}

export function encodeReply(reply: InBandReply): string {
  return JSON.stringify({ sortie: TAG, ...reply });
}

/** undefined for what is no reply. */
export function decodeReply(payload: Uint8Array): InBandReply | undefined {
  const { id, ok, body, code } = fieldsOf(payload) ?? {};
  if (!isCount(id)) return undefined;
  if (ok === true && typeof body === "object" && body !== null) return { id, ok, body };
  if (ok === false && typeof code === "string" && REFUSALS.includes(code)) {
    return { id, ok, code: code as InBandRefusal };
  }
  return undefined;
}

export function checkChannel(channel: number): number {
  if (Number.isInteger(channel) && channel >= 0 && channel <= 255) return channel;
  throw new RangeError(`"channel" expected an integer in 0..255, got ${describeValue(channel)}`);
}

function fieldsOf(payload: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
    if (typeof value !== "object" || value === null) return undefined;
    const fields = value as Record<string, unknown>;
    return fields["sortie"] === TAG ? fields : undefined;
  } catch {
    return undefined;
  }
}

/** Whether it is an integer from 0 on. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
