import type { SeededRandom } from "./random.js";
import { ARENA_SIDE, PICKUP_COUNT, PICKUP_REACH, PLAYER_RADIUS } from "./rules.js";
import type { Player } from "./player.js";

/** A thing to be collected. */
export interface Pickup {
  /** 0..PICKUP_COUNT - 1. */
  readonly id: number;
  /** m. */
  readonly x: number;
  readonly y: number;
  /**
   * Grows by one whenever the pickup is taken and comes back elsewhere. Reliable messages come in any order: of two
   * about the same pickup the one with the higher version holds.
   */
  readonly version: number;
}

/**
 * - "granted": the player has it, and it has come back elsewhere;
 * - "gone": somebody else was quicker: the claim names an older version;
 * - "too-far", "dead": the player cannot reach it;
 * - "too-many", "no-such-pickup": against the rules.
 */
export type ClaimVerdict = "granted" | "gone" | "too-far" | "dead" | "too-many" | "no-such-pickup";

/** The pickups that lie in the arena. */
export class Pickups {
  private readonly random: SeededRandom;
  private readonly lying: Pickup[] = [];

  constructor(random: SeededRandom) {
    this.random = random;
    for (let id = 0; id < PICKUP_COUNT; id++) this.lying.push(this.scatter(id, 0));
  }

  get all(): readonly Pickup[] {
    return this.lying;
  }

  /** Judges a claim, and moves the pickup elsewhere when it is granted. */
  claim(player: Player, id: number, version: number): ClaimVerdict {
    const pickup = this.lying[id];
    if (pickup === undefined) return "no-such-pickup";
    if (!player.alive) return "dead";
    if (pickup.version !== version) return "gone";
    if (Math.hypot(pickup.x - player.x, pickup.y - player.y) > PICKUP_REACH) return "too-far";
    this.lying[id] = this.scatter(id, version + 1);
    return "granted";
  }

  private scatter(id: number, version: number): Pickup {
    const x = this.random.between(PLAYER_RADIUS, ARENA_SIDE - PLAYER_RADIUS);
    const y = this.random.between(PLAYER_RADIUS, ARENA_SIDE - PLAYER_RADIUS);
    return { id, x, y, version };
  }
}
