import {
  type AuditReplyMessage,
  type AuditRequestMessage,
  decodeAuditReply,
  decodeAuditRequest,
} from "./messages/audit.js";
import { type ChatLineMessage, type ChatMessage, decodeChat, decodeChatLine } from "./messages/chat.js";
import { type ClaimMessage, type ClaimResultMessage, decodeClaim, decodeClaimResult } from "./messages/claim.js";
import { decodeHits, type HitsMessage } from "./messages/hits.js";
import { decodeInput, type InputMessage } from "./messages/input.js";
import { MessageReader } from "./messages/message-reader.js";
import { MessageType } from "./messages/message-type.js";
import { decodePickup, type PickupMessage } from "./messages/pickup.js";
import { decodePlaced, type PlacedMessage } from "./messages/placed.js";
import { decodeProbe, decodeProbeReply, type ProbeMessage, type ProbeReplyMessage } from "./messages/probe.js";
import { decodeRoster, type RosterMessage } from "./messages/roster.js";
import { decodeScores, type ScoresMessage } from "./messages/scores.js";
import { decodeShot, decodeShotResult, type ShotMessage, type ShotResultMessage } from "./messages/shot.js";
import { decodeSnapshot, type Snapshot } from "./messages/snapshot.js";
import { decodeTracers, type TracersMessage } from "./messages/tracers.js";
import { decodeWelcome, type WelcomeMessage } from "./messages/welcome.js";

/** What a client says to the server. */
export type ClientMessage =
  InputMessage | ShotMessage | ProbeMessage | ChatMessage | ClaimMessage | AuditRequestMessage;

/** What the server says to a client. */
export type ServerMessage =
  | WelcomeMessage
  | RosterMessage
  | PlacedMessage
  | HitsMessage
  | ScoresMessage
  | ClaimResultMessage
  | AuditReplyMessage
  | ChatLineMessage
  | PickupMessage
  | Snapshot
  | TracersMessage
  | ProbeReplyMessage
  | ShotResultMessage;

const reader = new MessageReader();

/** Reads a message of a client; undefined when it is none. Never throws, whatever the bytes. */
export function decodeClientMessage(bytes: Uint8Array): ClientMessage | undefined {
  reader.reset(bytes);
  const message = readClientMessage(reader.u8());
  return message !== undefined && reader.finish() ? message : undefined;
}

/**
 * Reads a message of the server; undefined when it is none. Never throws, whatever the bytes. A snapshot reads its
 * entries from `bytes` later on, which must not change as long.
 */
export function decodeServerMessage(bytes: Uint8Array): ServerMessage | undefined {
  reader.reset(bytes);
  const message = readServerMessage(reader.u8());
  return message !== undefined && reader.finish() ? message : undefined;
}

function readClientMessage(type: number): ClientMessage | undefined {
  switch (type) {
    case MessageType.Input:
      return decodeInput(reader);
    case MessageType.Shot:
      return decodeShot(reader);
    case MessageType.Probe:
      return decodeProbe(reader);
    case MessageType.Chat:
      return decodeChat(reader);
    case MessageType.Claim:
      return decodeClaim(reader);
    case MessageType.AuditRequest:
      return decodeAuditRequest(reader);
    default:
      return undefined;
  }
}

function readServerMessage(type: number): ServerMessage | undefined {
  switch (type) {
    case MessageType.Snapshot:
      return decodeSnapshot(reader);
    case MessageType.Tracers:
      return decodeTracers(reader);
    case MessageType.ProbeReply:
      return decodeProbeReply(reader);
    case MessageType.ShotResult:
      return decodeShotResult(reader);
    case MessageType.Welcome:
      return decodeWelcome(reader);
    case MessageType.Joined:
      return decodeRoster(reader, "joined");
    case MessageType.Left:
      return decodeRoster(reader, "left");
    case MessageType.Placed:
      return decodePlaced(reader);
    case MessageType.Hits:
      return decodeHits(reader);
    case MessageType.Scores:
      return decodeScores(reader);
    case MessageType.ClaimResult:
      return decodeClaimResult(reader);
    case MessageType.AuditReply:
      return decodeAuditReply(reader);
    case MessageType.ChatLine:
      return decodeChatLine(reader);
    case MessageType.Pickup:
      return decodePickup(reader);
    default:
      return undefined;
  }
}
