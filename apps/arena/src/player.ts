import { TokenBucket } from "./token-bucket.js";
import {
  CHAT_BURST,
  CLAIM_BURST,
  FIRE_BURST,
  FIRE_INTERVAL_MS,
  INPUT_BURST,
  MAX_CHAT_LINES_PER_SECOND,
  MAX_CLAIMS_PER_SECOND,
  MAX_HEALTH,
  MAX_INPUTS_PER_SECOND,
  MAX_SPEED,
  MOVE_SLACK_MS,
  SPEED_TOLERANCE,
} from "./rules.js";

/** One player of the world. The world alone writes it. */
export class Player {
  /** 0..65535, in use by one player at a time. */
  readonly id: number;
  x = 0;
  y = 0;
  /** 16 bits a turn. */
  heading = 0;
  /** 0: dead, waiting for `respawnAtMs`. */
  health: number = MAX_HEALTH;
  score = 0;
  /**
   * 0..255, grows whenever the server itself puts the player somewhere. An input of an older epoch was made before
   * the player knew its new place, and is left out instead of being taken for cheating.
   */
  epoch = 0;
  /** Of the newest input that was looked at; -1: none yet. */
  lastInput = -1;
  respawnAtMs = 0;

  /** Metres the player may have moved. */
  readonly movement: TokenBucket;
  readonly inputs: TokenBucket;
  readonly shots: TokenBucket;
  readonly claims: TokenBucket;
  readonly chat: TokenBucket;

  constructor(id: number, nowMs: number) {
    const speed = MAX_SPEED * SPEED_TOLERANCE;
    this.id = id;
    this.movement = new TokenBucket(speed, (speed * MOVE_SLACK_MS) / 1_000, nowMs);
    this.inputs = new TokenBucket(MAX_INPUTS_PER_SECOND, INPUT_BURST, nowMs);
    this.shots = new TokenBucket(1_000 / FIRE_INTERVAL_MS, FIRE_BURST, nowMs);
    this.claims = new TokenBucket(MAX_CLAIMS_PER_SECOND, CLAIM_BURST, nowMs);
    this.chat = new TokenBucket(MAX_CHAT_LINES_PER_SECOND, CHAT_BURST, nowMs);
  }

  get alive(): boolean {
    return this.health > 0;
  }

  /**
   * Puts the player at a place of the server's choice. What it may move is left as it is: or else a refused move
   * would give a cheat a full store of movement.
   */
  place(x: number, y: number): void {
    this.x = x;
    this.y = y;
    this.epoch = (this.epoch + 1) & 0xff;
  }
}
