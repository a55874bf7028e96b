import type { ReliableEndpoint } from "@sortie/reliability";
import { DeliveryCode, type Frame, FrameKind, type PacketFrames } from "@sortie/wire";
import { type ConnectionState, isOpen } from "./connection-state.js";

/**
 * bytes. What a server keeps of the messages of a client that it has not accepted yet: a first flight of 45 datagrams.
 * With 1024 half-open connections that is 64 MiB for everybody who only claims to be a player, beside the connections.
 */
const MAX_EARLY_BYTES: number = 64 * 1024;
/** bytes charged for each message on top of its payload: what V8 takes for a short one that waits to be read. */
const MESSAGE_OVERHEAD_BYTES = 256;
/** bytes that the endpoint charges for an ordered one at the most, as long as it waits for those before it. */
const ORDERED_OVERHEAD_BYTES = 384;
/** bytes charged for a piece of a message on top of its payload: the most that its set may grow by. */
const FRAGMENT_OVERHEAD_BYTES = 4608;
/** bytes charged for what a channel remembers in one of its modes: 140 while IDs come in their order, 490 after. */
const CHANNEL_BYTES = 512;
const CHANNELS = 256;
const MODES = 5;

/**
 * Whether there is room for what a packet carries; else it is to be refused as if it had not come. A client has none
 * for messages that overtake ACCEPT: acknowledged, they would count as delivered, and it may yet give up.
 */
export function hasRoom(
  state: ConnectionState,
  frames: PacketFrames,
  nowMs: number,
  endpoint: ReliableEndpoint,
): boolean {
  if (!isOpen(state)) return true;
  if (state === "connecting" && overtakesAccept(frames)) return false;
  const isEarly = state === "awaiting-connect" || state === "authenticating";
  if (isEarly && !hasEarlyRoom(frames, endpoint)) return false;
  return endpoint.canAccept(frames, nowMs);
}

/** Whether a packet has messages but not ACCEPT. */
function overtakesAccept(frames: PacketFrames): boolean {
  let hasMessages = false;
  for (let i = 0; i < frames.count; i++) {
    const { kind } = frames.at(i);
    if (kind === FrameKind.Accept) return false;
    hasMessages ||= kind === FrameKind.Message || kind === FrameKind.Fragment;
  }
  return hasMessages;
}

/** Packets without messages are never refused for early data. CONNECT is heard also of one that is. */
function hasEarlyRoom(frames: PacketFrames, endpoint: ReliableEndpoint): boolean {
  const bytes = mostBytes(frames);
  return bytes === 0 || earlyBytes(endpoint) + bytes <= MAX_EARLY_BYTES;
}

function earlyBytes(endpoint: ReliableEndpoint): number {
  const { inboxBytes, inboxMessages, heldBytes, receiveChannels } = endpoint.statistics;
  return inboxBytes + inboxMessages * MESSAGE_OVERHEAD_BYTES + heldBytes + receiveChannels * CHANNEL_BYTES;
}

/** For the packet at hand: whether a message came on a channel in a mode. */
const seen = new Uint8Array(MODES * CHANNELS);

/** bytes that a packet may add. */
function mostBytes(frames: PacketFrames): number {
  let bytes = 0;
  seen.fill(0);
  for (let i = 0; i < frames.count; i++) {
    const frame = frames.at(i);
    const { kind } = frame;
    if (kind !== FrameKind.Message && kind !== FrameKind.Fragment) continue;
    bytes += frame.end - frame.start;
    bytes += kind === FrameKind.Message ? messageOverhead(frame) : FRAGMENT_OVERHEAD_BYTES;
    if (frame.delivery !== DeliveryCode.Unreliable && isFirstOfChannel(frame)) bytes += CHANNEL_BYTES;
  }
  return bytes;
}

function messageOverhead({ delivery }: Frame): number {
  return delivery === DeliveryCode.Ordered ? ORDERED_OVERHEAD_BYTES : MESSAGE_OVERHEAD_BYTES;
}

function isFirstOfChannel({ delivery, channel }: Frame): boolean {
  const index = delivery * CHANNELS + channel;
  if (seen[index] === 1) return false;
  seen[index] = 1;
  return true;
}
