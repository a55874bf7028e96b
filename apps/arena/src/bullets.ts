import { headingOf } from "./quantise.js";
import { ARENA_SIDE, BULLET_LIFE_MS, BULLET_SPEED, MAX_BULLETS, PLAYER_RADIUS } from "./rules.js";
import type { Player } from "./player.js";

/** A bullet in the air. */
interface Bullet {
  readonly shooter: Player;
  x: number;
  y: number;
  /** m/s. */
  readonly velocityX: number;
  readonly velocityY: number;
  lifeMs: number;
}

/** The bullets in the air: straight lines, swept against the players in each step, so that none tunnels through one. */
export class Bullets {
  private readonly flying: Bullet[] = [];

  get count(): number {
    return this.flying.length;
  }

  /** A new bullet at the shooter's edge; false when MAX_BULLETS are in the air. */
  fire(shooter: Player, heading: number): boolean {
    if (this.flying.length >= MAX_BULLETS) return false;
    const angle = headingOf(heading);
    this.flying.push({
      shooter,
      x: shooter.x,
      y: shooter.y,
      velocityX: Math.cos(angle) * BULLET_SPEED,
      velocityY: Math.sin(angle) * BULLET_SPEED,
      lifeMs: BULLET_LIFE_MS,
    });
    return true;
  }

  /** Moves all bullets; `onHit` is told of the first player that each one meets. Spent bullets are gone afterwards. */
  step(deltaMs: number, players: readonly Player[], onHit: (shooter: Player, victim: Player) => void): void {
    const { flying } = this;
    let kept = 0;
    for (const bullet of flying) {
      const flightMs = Math.min(deltaMs, bullet.lifeMs);
      const stepX = (bullet.velocityX * flightMs) / 1_000;
      const stepY = (bullet.velocityY * flightMs) / 1_000;
      const victim = firstOnPath(bullet, stepX, stepY, players);
      if (victim !== undefined) {
        onHit(bullet.shooter, victim);
        continue;
      }
      bullet.x += stepX;
      bullet.y += stepY;
      bullet.lifeMs -= flightMs;
      if (bullet.lifeMs > 0 && isInside(bullet)) flying[kept++] = bullet;
    }
    flying.length = kept;
  }
}

function isInside({ x, y }: Bullet): boolean {
  return x >= 0 && y >= 0 && x <= ARENA_SIDE && y <= ARENA_SIDE;
}

/** The living player, not the shooter, whose disc the segment from the bullet by (stepX, stepY) enters first. */
function firstOnPath(bullet: Bullet, stepX: number, stepY: number, players: readonly Player[]): Player | undefined {
  let nearest: Player | undefined;
  let nearestAt = Infinity;
  for (const player of players) {
    if (!player.alive || player === bullet.shooter) continue;
    const at = entryOf(bullet.x - player.x, bullet.y - player.y, stepX, stepY);
    if (at < nearestAt) {
      nearestAt = at;
      nearest = player;
    }
  }
  return nearest;
}

/**
 * Where, as a share 0..1 of the segment that starts at (fromX, fromY) relative to the disc's centre, it first touches
 * the disc; Infinity when it does not. The smaller root of |from + t * step| = radius.
 */
function entryOf(fromX: number, fromY: number, stepX: number, stepY: number): number {
  const c = fromX * fromX + fromY * fromY - PLAYER_RADIUS * PLAYER_RADIUS;
  if (c <= 0) return 0;
  const b = fromX * stepX + fromY * stepY;
  if (b >= 0) return Infinity;
  const a = stepX * stepX + stepY * stepY;
  const discriminant = b * b - a * c;
  if (discriminant < 0) return Infinity;
  const at = (-b - Math.sqrt(discriminant)) / a;
  return at <= 1 ? at : Infinity;
}
