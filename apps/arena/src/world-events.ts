import type { Pickup } from "./pickups.js";
import type { Player } from "./player.js";

/** The server put a player somewhere: a new life, or the place a refused move came from. */
export interface Placement {
  readonly player: Player;
  readonly cause: PlacementCause;
}

export type PlacementCause = "spawn" | "correction";

/** A bullet was fired. */
export interface Shot {
  readonly shooter: number;
  readonly x: number;
  readonly y: number;
  /** 16 bits a turn. */
  readonly heading: number;
}

/** A bullet met a player. */
export interface Hit {
  readonly shooter: number;
  readonly victim: number;
  /** Of the victim afterwards; 0: dead. */
  readonly health: number;
}

/** What has happened in the world since the last `clear`, by kind. */
export class WorldEvents {
  readonly placements: Placement[] = [];
  readonly shots: Shot[] = [];
  readonly hits: Hit[] = [];
  /** As they lie now. */
  readonly pickups: Pickup[] = [];
  /** Players whose score has changed. */
  readonly scored: Set<Player> = new Set();

  clear(): void {
    this.placements.length = 0;
    this.shots.length = 0;
    this.hits.length = 0;
    this.pickups.length = 0;
    this.scored.clear();
  }
}
