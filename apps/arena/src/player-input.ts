import type { Player } from "./player.js";
import { ARENA_SIDE, PLAYER_RADIUS } from "./rules.js";

/** What a client says of itself, 60 times a second. */
export interface PlayerInput {
  /** Grows by one with every input of this client, from 0; 32 bits. */
  readonly sequence: number;
  /** The epoch of the last place the server gave this player. */
  readonly epoch: number;
  /** m. Where the player has moved to. */
  readonly x: number;
  readonly y: number;
  /** 16 bits a turn. */
  readonly heading: number;
}

/**
 * - "accepted": the player stands there now;
 * - "outdated": made before the player knew that it had died or been placed elsewhere: left out;
 * - "stale": not newer than the last one;
 * - "too-many", "out-of-bounds", "too-fast": against the rules, refused.
 */
export type MoveVerdict = "accepted" | "outdated" | "stale" | "too-many" | "out-of-bounds" | "too-fast";

/** Judges an input against the rules, and moves the player when it is accepted. */
export function applyInput(player: Player, input: PlayerInput, nowMs: number): MoveVerdict {
  if (!player.inputs.take(1, nowMs)) return "too-many";
  if (input.sequence <= player.lastInput) return "stale";
  player.lastInput = input.sequence;
  if (!player.alive || input.epoch !== player.epoch) return "outdated";
  if (!insideArena(input.x) || !insideArena(input.y)) return "out-of-bounds";
  if (!player.movement.take(Math.hypot(input.x - player.x, input.y - player.y), nowMs)) return "too-fast";
  player.x = input.x;
  player.y = input.y;
  player.heading = input.heading;
  return "accepted";
}

function insideArena(coordinate: number): boolean {
  return coordinate >= PLAYER_RADIUS && coordinate <= ARENA_SIDE - PLAYER_RADIUS;
}
