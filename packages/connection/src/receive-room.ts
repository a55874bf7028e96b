import type { ReliableEndpoint } from "@sortie/reliability";
import { FrameKind, type PacketFrames } from "@sortie/wire";
import { type ConnectionState, isOpen } from "./connection-state.js";

/**
 * bytes. What a server keeps of the messages of a client that it has not accepted yet: a first flight of 50 datagrams.
 * With 1024 half-open connections that is 64 MiB for everybody who only claims to be a player.
 */
const MAX_EARLY_BYTES: number = 64 * 1024;
/** bytes charged for each message on top of its payload, as in the receive window. */
const MESSAGE_OVERHEAD_BYTES = 128;

/** Whether there is room for what a packet carries; else it is to be refused as if it had not come. */
export function hasRoom(
  state: ConnectionState,
  frames: PacketFrames,
  nowMs: number,
  endpoint: ReliableEndpoint,
): boolean {
  if (!isOpen(state)) return true;
  const isEarly = state === "awaiting-connect" || state === "authenticating";
  if (isEarly && earlyBytes(endpoint) >= MAX_EARLY_BYTES && !passesAlways(state, frames)) return false;
  return endpoint.canAccept(frames, nowMs);
}

function earlyBytes(endpoint: ReliableEndpoint): number {
  const { inboxBytes, inboxMessages, heldBytes } = endpoint.statistics;
  return inboxBytes + inboxMessages * MESSAGE_OVERHEAD_BYTES + heldBytes;
}

/** Packets without messages, and the one that brings CONNECT, are never refused for early data. */
function passesAlways(state: ConnectionState, frames: PacketFrames): boolean {
  let hasMessages = false;
  for (let i = 0; i < frames.count; i++) {
    const { kind } = frames.at(i);
    if (kind === FrameKind.Connect && state === "awaiting-connect") return true;
    if (kind === FrameKind.Message || kind === FrameKind.Fragment) hasMessages = true;
  }
  return !hasMessages;
}
