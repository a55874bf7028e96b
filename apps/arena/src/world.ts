import { Bullets } from "./bullets.js";
import { type ClaimVerdict, type Pickup, Pickups } from "./pickups.js";
import { Player } from "./player.js";
import { applyInput, type MoveVerdict, type PlayerInput } from "./player-input.js";
import { SeededRandom } from "./random.js";
import {
  ARENA_SIDE,
  BULLET_DAMAGE,
  KILL_POINTS,
  MAX_HEALTH,
  MAX_PLAYERS,
  MAX_STEP_MS,
  PICKUP_POINTS,
  PLAYER_RADIUS,
  RESPAWN_DELAY_MS,
} from "./rules.js";
import { WorldEvents } from "./world-events.js";

/** "fired"; "dead": the shooter did not know yet; "rate-of-fire": refused; "sky-full": MAX_BULLETS are in the air. */
export type ShotVerdict = "fired" | "dead" | "rate-of-fire" | "sky-full";

/** Options of a world. */
export interface WorldOptions {
  /** 32-bit integer: the same seed and the same calls give the same world. */
  readonly seed: number;
  /** 1..MAX_PLAYERS, which is the default. */
  readonly maxPlayers?: number;
}

/**
 * The authoritative simulation. It owns no clock and no network: calls put in what players ask for, `step` lets time
 * pass, and `events` holds what others have to be told since it was last cleared.
 */
export class World {
  readonly events: WorldEvents = new WorldEvents();
  private readonly random: SeededRandom;
  private readonly bullets: Bullets = new Bullets();
  private readonly items: Pickups;
  private readonly maxPlayers: number;
  private readonly byId: (Player | undefined)[] = [];
  private readonly present: Player[] = [];
  /** IDs of players who left, longest ago first, so that an ID rests as long as it can before it returns. */
  private readonly freeIds: number[] = [];
  private timeMs = 0;

  constructor(options: WorldOptions) {
    const { seed, maxPlayers = MAX_PLAYERS } = options;
    if (!Number.isInteger(maxPlayers) || maxPlayers < 1 || maxPlayers > MAX_PLAYERS) {
      throw new RangeError(`"maxPlayers" expected 1..${MAX_PLAYERS}, got ${maxPlayers}`);
    }
    this.random = new SeededRandom(seed);
    this.items = new Pickups(this.random);
    this.maxPlayers = maxPlayers;
  }

  /** ms since the world began. */
  get nowMs(): number {
    return this.timeMs;
  }

  /** Everybody, in no particular order. Valid until the next call that adds or removes one. */
  get players(): readonly Player[] {
    return this.present;
  }

  get pickups(): readonly Pickup[] {
    return this.items.all;
  }

  get bulletCount(): number {
    return this.bullets.count;
  }

  player(id: number): Player | undefined {
    return this.byId[id];
  }

  /** A new player at a random place; undefined when the world is full. */
  addPlayer(): Player | undefined {
    if (this.present.length >= this.maxPlayers) return undefined;
    // A fresh ID as long as there are any: see freeIds.
    const id = this.byId.length < this.maxPlayers ? this.byId.length : this.freeIds.shift();
    if (id === undefined) return undefined;
    const player = new Player(id, this.timeMs);
    this.placeSomewhere(player);
    this.byId[id] = player;
    this.present.push(player);
    return player;
  }

  /** False when there is no such player. Its bullets fly on, and score for nobody. */
  removePlayer(id: number): boolean {
    const player = this.byId[id];
    if (player === undefined) return false;
    this.byId[id] = undefined;
    this.freeIds.push(id);
    this.present.splice(this.present.indexOf(player), 1);
    return true;
  }

  /** An input against the rules puts the player back to where the server knows it, with a new epoch. */
  move(player: Player, input: PlayerInput): MoveVerdict {
    const verdict = applyInput(player, input, this.timeMs);
    if (verdict === "too-fast" || verdict === "out-of-bounds") {
      player.place(player.x, player.y);
      this.events.placements.push({ player, cause: "correction" });
    }
    return verdict;
  }

  shoot(player: Player, heading: number): ShotVerdict {
    if (!player.alive) return "dead";
    if (!player.shots.take(1, this.timeMs)) return "rate-of-fire";
    if (!this.bullets.fire(player, heading)) return "sky-full";
    this.events.shots.push({ shooter: player.id, x: player.x, y: player.y, heading });
    return "fired";
  }

  claim(player: Player, pickupId: number, version: number): ClaimVerdict {
    if (!player.claims.take(1, this.timeMs)) return "too-many";
    const verdict = this.items.claim(player, pickupId, version);
    if (verdict === "granted") {
      this.events.pickups.push(this.items.all[pickupId] as Pickup);
      this.score(player, PICKUP_POINTS);
    }
    return verdict;
  }

  /** Whether the player may say something now. */
  mayChat(player: Player): boolean {
    return player.chat.take(1, this.timeMs);
  }

  /** Lets `deltaMs` pass: 0 or more, cut to MAX_STEP_MS. */
  step(deltaMs: number): void {
    if (!(deltaMs >= 0)) throw new RangeError(`"deltaMs" expected 0 or more, got ${deltaMs}`);
    const stepMs = Math.min(deltaMs, MAX_STEP_MS);
    this.timeMs += stepMs;
    this.bullets.step(stepMs, this.present, this.onHit);
    for (const player of this.present) {
      if (!player.alive && this.timeMs >= player.respawnAtMs) this.respawn(player);
    }
  }

  private readonly onHit = (shooter: Player, victim: Player): void => {
    victim.health = Math.max(0, victim.health - BULLET_DAMAGE);
    this.events.hits.push({ shooter: shooter.id, victim: victim.id, health: victim.health });
    if (victim.health > 0) return;
    victim.respawnAtMs = this.timeMs + RESPAWN_DELAY_MS;
    const present = this.byId[shooter.id] === shooter;
    if (present) this.score(shooter, KILL_POINTS);
  };

  private respawn(player: Player): void {
    player.health = MAX_HEALTH;
    this.placeSomewhere(player);
    this.events.placements.push({ player, cause: "spawn" });
  }

  private placeSomewhere(player: Player): void {
    const margin = 2 * PLAYER_RADIUS;
    const x = this.random.between(margin, ARENA_SIDE - margin);
    const y = this.random.between(margin, ARENA_SIDE - margin);
    player.place(x, y);
  }

  private score(player: Player, points: number): void {
    player.score += points;
    this.events.scored.add(player);
  }
}
