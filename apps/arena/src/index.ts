export { decodeClientMessage, decodeServerMessage, type ClientMessage, type ServerMessage } from "./messages.js";
export {
  type AuditReplyMessage,
  byRoute,
  encodeAuditReply,
  encodeAuditRequest,
  type ReceivedCount,
  type ReceivedCounts,
  type SentCounts,
} from "./messages/audit.js";
export { encodeChat, encodeChatLine } from "./messages/chat.js";
export { encodeClaim, encodeClaimResult } from "./messages/claim.js";
export { MAX_ENTRIES } from "./messages/entries.js";
export { encodeHits } from "./messages/hits.js";
export { encodeInput } from "./messages/input.js";
export { MessageWriter, renumber } from "./messages/message-writer.js";
export { encodePickup } from "./messages/pickup.js";
export { encodePlaced } from "./messages/placed.js";
export { encodeProbe, encodeProbeReply } from "./messages/probe.js";
export { encodeRoster } from "./messages/roster.js";
export { encodeScores, type Score } from "./messages/scores.js";
export { encodeShot, encodeShotResult } from "./messages/shot.js";
export { encodeSnapshot, Snapshot } from "./messages/snapshot.js";
export { encodeTracers } from "./messages/tracers.js";
export { encodeWelcome } from "./messages/welcome.js";
export { formatBytes, formatCount, formatMs } from "./format.js";
export { routeTaken } from "./message-routes.js";
export type { ClaimVerdict, Pickup } from "./pickups.js";
export type { Player } from "./player.js";
export type { MoveVerdict, PlayerInput } from "./player-input.js";
export { headingOf, positionOf, quantiseHeading, quantisePosition } from "./quantise.js";
export { SeededRandom } from "./random.js";
export { LOSSLESS_ROUTES, type Route, ROUTE_NAMES, ROUTES } from "./routes.js";
export * from "./rules.js";
export { type Arrival, SequenceLedger } from "./sequence-ledger.js";
export { TerminalStatus, type TextStream } from "./terminal-status.js";
export { World, type ShotVerdict, type WorldOptions } from "./world.js";
export type { Hit, Placement, PlacementCause, Shot, WorldEvents } from "./world-events.js";
