import type { IncomingMessage } from "node:http";
import { callContained, checkOptionNames } from "@sortie/connection";
import type { ServerMetrics } from "../server-metrics.js";
import { failure, json, type Reply } from "./http-reply.js";
import { noSuchPeer, peerIdOf } from "./json-api.js";
import type { MetricsListenerOptions, OperatorAction } from "./listener-options.js";
import { readJsonObject } from "./request-body.js";

type Done = Pick<OperatorAction, "action" | "target">;

/** What was done, or why nothing was; undefined for a path that is no action. */
type Result = Done | { readonly refusal: Reply } | undefined;

/** Names that a request's object may have. A misspelt "drainMs" would kick at once. */
const KICK_NAMES = { reason: true, drainMs: true } as const;
const BLOCK_NAMES = { range: true } as const;

/** Kicks a peer, blocks and unblocks addresses. The caller has checked the token. */
export async function act(
  metrics: ServerMetrics,
  path: string,
  request: IncomingMessage,
  onAction: MetricsListenerOptions["onAction"],
): Promise<Reply | undefined> {
  const result = await perform(metrics, path, request);
  if (result === undefined) return undefined;
  if ("refusal" in result) return result.refusal;
  // It is done, whatever becomes of the report of it: the operator's answer is about the action alone.
  const action = { ...result, from: request.socket.remoteAddress ?? "" };
  callContained(
    () => onAction?.(action),
    (error) => metrics.reportError(error),
  );
  return json({ done: result });
}

async function perform(metrics: ServerMetrics, path: string, request: IncomingMessage): Promise<Result> {
  const isKick = /^\/api\/peers\/\d{1,10}\/kick$/.test(path);
  if (!isKick && path !== "/api/block" && path !== "/api/unblock") return undefined;
  const body = await readJsonObject(request);
  if ("refusal" in body) return body as { refusal: Reply };
  try {
    checkOptionNames(body, isKick ? KICK_NAMES : BLOCK_NAMES, "body");
  } catch (error) {
    return malformed((error as TypeError).message);
  }
  if (isKick) return kick(metrics, peerIdOf(path) as number, body);
  return changeBlock(metrics, path === "/api/block" ? "block" : "unblock", body["range"]);
}

function kick({ server }: ServerMetrics, id: number, body: Readonly<Record<string, unknown>>): Result {
  const { reason = "removed by an operator", drainMs } = body;
  if (typeof reason !== "string") return malformed(`"reason" expected a string, got ${typeof reason}`);
  const peer = server.peers.get(id);
  if (peer === undefined) return { refusal: noSuchPeer(id) };
  try {
    peer.disconnect(reason, { drainMs: drainMs as number | undefined });
  } catch (error) {
    // No time, or too long a one: the message says what is expected.
    if (error instanceof RangeError) return malformed(error.message);
    throw error;
  }
  return { action: "kick", target: id };
}

function changeBlock({ server }: ServerMetrics, action: "block" | "unblock", range: unknown): Result {
  if (typeof range !== "string") return malformed(`"range" expected an IP address or CIDR range, got ${typeof range}`);
  try {
    if (action === "block") server.block(range);
    else if (!server.unblock(range)) return { refusal: failure(404, "not-blocked", "that range is not blocked") };
  } catch (error) {
    // No address, or the list is full: the message says which.
    const message = error instanceof Error ? error.message : String(error);
    // The server names its own parameter; whoever sent the request knows the name in that.
    return malformed(message.replace(/^"ipOrCidr"/, '"range"'));
  }
  return { action, target: range };
}

function malformed(message: string): Result {
  return { refusal: failure(400, "malformed", message) };
}
