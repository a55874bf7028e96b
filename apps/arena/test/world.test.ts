import { describe, expect, it } from "vitest";
import {
  ARENA_SIDE,
  BULLET_DAMAGE,
  BULLET_SPEED,
  FIRE_BURST,
  FIRE_INTERVAL_MS,
  INPUT_BURST,
  KILL_POINTS,
  MAX_BULLETS,
  MAX_HEALTH,
  MAX_PLAYERS,
  MAX_SPEED,
  MAX_STEP_MS,
  MOVE_SLACK_MS,
  PICKUP_COUNT,
  PICKUP_POINTS,
  PICKUP_REACH,
  type Pickup,
  type Player,
  PLAYER_RADIUS,
  type PlayerInput,
  quantiseHeading,
  RESPAWN_DELAY_MS,
  SeededRandom,
  SPEED_TOLERANCE,
  World,
} from "../src/index.js";

const TICK_MS = 1_000 / 60;

function join(world: World): Player {
  const player = world.addPlayer();
  if (player === undefined) throw new Error("the world is full");
  return player;
}

/** An input that moves the player by (dx, dy), the next in sequence. */
function moveBy(player: Player, dx: number, dy: number, change: Partial<PlayerInput> = {}): PlayerInput {
  const { epoch, heading, lastInput } = player;
  return { sequence: lastInput + 1, epoch, x: player.x + dx, y: player.y + dy, heading, ...change };
}

/** Towards the middle, so that a wall is never in the way. */
function inwards(player: Player): number {
  return player.x < ARENA_SIDE / 2 ? 1 : -1;
}

function pass(world: World, ms: number): void {
  for (let left = ms; left > 0; left -= TICK_MS) world.step(Math.min(left, TICK_MS));
}

/** Walks the player to (x, y) within the rules. */
function walkTo(world: World, player: Player, x: number, y: number): void {
  for (let guard = 0; guard < 10_000; guard++) {
    const distance = Math.hypot(x - player.x, y - player.y);
    if (distance < 1e-9) return;
    world.step(TICK_MS);
    const share = Math.min(1, (MAX_SPEED * TICK_MS) / 1_000 / distance);
    const verdict = world.move(player, moveBy(player, (x - player.x) * share, (y - player.y) * share));
    expect(verdict).toBe("accepted");
  }
  throw new Error("never arrived");
}

/** Two players, the second to the right of the first by `distance`. */
function duel(world: World, distance: number): [Player, Player] {
  const shooter = join(world);
  const victim = join(world);
  walkTo(world, shooter, 100, 100);
  walkTo(world, victim, 100 + distance, 100);
  pass(world, 1_000);
  world.events.clear();
  return [shooter, victim];
}

describe("moves", () => {
  it("lets a player walk at full speed, and no faster", () => {
    const world = new World({ seed: 1 });
    const player = join(world);
    const stepLength = (MAX_SPEED * TICK_MS) / 1_000;
    const verdicts = new Set<string>();
    for (let tick = 0; tick < 240; tick++) {
      world.step(TICK_MS);
      verdicts.add(world.move(player, moveBy(player, inwards(player) * stepLength, 0)));
    }
    expect([...verdicts]).toEqual(["accepted"]);

    let refused = 0;
    for (let tick = 0; tick < 240; tick++) {
      world.step(TICK_MS);
      if (world.move(player, moveBy(player, inwards(player) * stepLength * 1.5, 0)) === "too-fast") refused++;
    }
    expect(refused).toBeGreaterThan(50);
  });

  it("never lets anybody go further than the speed allows, whatever they try", () => {
    const world = new World({ seed: 3 });
    const player = join(world);
    const random = new SeededRandom(9);
    const allowed = MAX_SPEED * SPEED_TOLERANCE;
    let walked = 0;
    const startMs = world.nowMs;
    for (let i = 0; i < 5_000; i++) {
      world.step(random.between(0, 30));
      const { x, y } = player;
      const epoch = random.next() < 0.1 ? player.epoch + 1 : player.epoch;
      world.move(player, moveBy(player, random.between(-8, 8), random.between(-8, 8), { epoch: epoch & 0xff }));
      walked += Math.hypot(player.x - x, player.y - y);
      expect(walked).toBeLessThanOrEqual((allowed * (world.nowMs - startMs + MOVE_SLACK_MS)) / 1_000 + 1e-6);
    }
  });

  it("makes up for a pause of the network, up to the slack", () => {
    const world = new World({ seed: 1 });
    const player = join(world);
    walkTo(world, player, 100, 100);
    pass(world, 5_000);
    const most = (MAX_SPEED * SPEED_TOLERANCE * MOVE_SLACK_MS) / 1_000;
    expect(world.move(player, moveBy(player, most + 0.01, 0))).toBe("too-fast");
    expect(world.move(player, moveBy(player, most - 0.01, 0))).toBe("accepted");
  });

  it("keeps everybody inside the walls", () => {
    const world = new World({ seed: 1 });
    const player = join(world);
    walkTo(world, player, PLAYER_RADIUS, 50);
    expect(world.move(player, moveBy(player, -0.01, 0))).toBe("out-of-bounds");
    expect(player.x).toBe(PLAYER_RADIUS);
    expect(world.move(player, moveBy(player, 0, 0, { x: Number.NaN }))).toBe("out-of-bounds");
  });

  it("puts a refused player back with a new epoch, and leaves out what was sent before it knew", () => {
    const world = new World({ seed: 1 });
    const player = join(world);
    const { epoch, x, y } = player;
    expect(world.move(player, moveBy(player, inwards(player) * 100, 0))).toBe("too-fast");
    expect(player).toMatchObject({ x, y, epoch: epoch + 1 });
    expect(world.events.placements).toEqual([{ player, cause: "correction" }]);
    expect(world.move(player, moveBy(player, 0.01, 0, { epoch }))).toBe("outdated");
    expect(player.x).toBe(x);
    expect(world.move(player, moveBy(player, inwards(player) * 0.01, 0))).toBe("accepted");
  });

  it("takes each input once, newest first", () => {
    const world = new World({ seed: 1 });
    const player = join(world);
    expect(world.move(player, moveBy(player, 0, 0, { sequence: 5 }))).toBe("accepted");
    expect(world.move(player, moveBy(player, 0, 0, { sequence: 5 }))).toBe("stale");
    expect(world.move(player, moveBy(player, 0, 0, { sequence: 4 }))).toBe("stale");
  });

  it("looks at a limited number of inputs a second", () => {
    const world = new World({ seed: 1 });
    const player = join(world);
    const verdicts = Array.from({ length: INPUT_BURST + 3 }, () => world.move(player, moveBy(player, 0, 0)));
    expect(verdicts.filter((verdict) => verdict === "accepted")).toHaveLength(INPUT_BURST);
    expect(verdicts.filter((verdict) => verdict === "too-many")).toHaveLength(3);
  });
});

describe("shots", () => {
  it("holds the rate of fire", () => {
    const world = new World({ seed: 1 });
    const player = join(world);
    for (let i = 0; i < FIRE_BURST; i++) expect(world.shoot(player, 0)).toBe("fired");
    expect(world.shoot(player, 0)).toBe("rate-of-fire");
    pass(world, FIRE_INTERVAL_MS - 1);
    expect(world.shoot(player, 0)).toBe("rate-of-fire");
    world.step(2);
    expect(world.shoot(player, 0)).toBe("fired");
    expect(world.shoot(player, 0)).toBe("rate-of-fire");
  });

  it("hits who stands in the line of fire, after the time of flight", () => {
    const world = new World({ seed: 1 });
    const [shooter, victim] = duel(world, 20);
    expect(world.shoot(shooter, quantiseHeading(0))).toBe("fired");
    expect(world.events.shots).toEqual([{ shooter: shooter.id, x: 100, y: 100, heading: 0 }]);
    const flightMs = ((20 - PLAYER_RADIUS) / BULLET_SPEED) * 1_000;
    pass(world, flightMs - 20);
    expect(world.events.hits).toEqual([]);
    pass(world, 40);
    const health = MAX_HEALTH - BULLET_DAMAGE;
    expect(world.events.hits).toEqual([{ shooter: shooter.id, victim: victim.id, health }]);
    expect(world.bulletCount).toBe(0);
  });

  it("does not tunnel in a long step", () => {
    const world = new World({ seed: 1 });
    const [shooter] = duel(world, 5);
    world.shoot(shooter, 0);
    world.step(MAX_STEP_MS);
    expect(world.events.hits).toHaveLength(1);
  });

  it("misses who stands beside the line, behind the shooter or out of range", () => {
    const world = new World({ seed: 1 });
    const [shooter, victim] = duel(world, 20);
    walkTo(world, victim, 120, 100 + PLAYER_RADIUS + 0.01);
    world.shoot(shooter, 0);
    pass(world, 3_000);
    walkTo(world, victim, 90, 100);
    world.shoot(shooter, 0);
    pass(world, 3_000);
    walkTo(world, victim, 170, 100);
    world.shoot(shooter, 0);
    pass(world, 3_000);
    expect(world.events.hits).toEqual([]);
    expect(world.bulletCount).toBe(0);
  });

  it("kills, scores and brings back", () => {
    const world = new World({ seed: 1 });
    const [shooter, victim] = duel(world, 10);
    const { epoch } = victim;
    for (let i = 0; i < MAX_HEALTH / BULLET_DAMAGE; i++) {
      expect(world.shoot(shooter, 0)).toBe("fired");
      pass(world, 500);
    }
    expect(victim.alive).toBe(false);
    expect(shooter.score).toBe(KILL_POINTS);
    expect([...world.events.scored]).toEqual([shooter]);
    expect(world.shoot(victim, 0)).toBe("dead");
    expect(world.move(victim, moveBy(victim, 0, 0))).toBe("outdated");
    pass(world, RESPAWN_DELAY_MS);
    expect(victim).toMatchObject({ health: MAX_HEALTH, epoch: epoch + 1 });
    expect(world.events.placements).toEqual([{ player: victim, cause: "spawn" }]);
  });

  it("gives no score to whoever takes the ID of a shooter that has left", () => {
    const world = new World({ seed: 1, maxPlayers: 2 });
    const [shooter, victim] = duel(world, 50);
    for (let shots = 0; shots < MAX_HEALTH / BULLET_DAMAGE - 1; shots++) {
      world.shoot(shooter, 0);
      pass(world, 1_300);
    }
    world.shoot(shooter, 0);
    world.removePlayer(shooter.id);
    const successor = join(world);
    pass(world, 1_300);
    expect(victim.alive).toBe(false);
    expect(successor).toMatchObject({ id: shooter.id, score: 0 });
  });

  it("refuses bullets above the cap", () => {
    const world = new World({ seed: 1 });
    const players = Array.from({ length: MAX_PLAYERS }, () => join(world));
    const volley = (): string[] => players.map((player) => world.shoot(player, 0));
    expect(new Set([...volley(), ...volley()])).toEqual(new Set(["fired"]));
    expect(world.bulletCount).toBe(MAX_BULLETS);
    world.step(FIRE_INTERVAL_MS);
    const room = MAX_BULLETS - world.bulletCount;
    const verdicts = volley();
    expect(verdicts.filter((verdict) => verdict === "fired")).toHaveLength(room);
    expect(verdicts.filter((verdict) => verdict === "sky-full")).toHaveLength(MAX_PLAYERS - room);
    expect(world.bulletCount).toBe(MAX_BULLETS);
  });
});

describe("pickups", () => {
  function nearest(world: World, player: Player): Pickup {
    const distance = (pickup: Pickup): number => Math.hypot(pickup.x - player.x, pickup.y - player.y);
    return [...world.pickups].sort((a, b) => distance(a) - distance(b))[0] as Pickup;
  }

  it("goes to who reaches it first, and comes back elsewhere", () => {
    const world = new World({ seed: 1 });
    expect(world.pickups).toHaveLength(PICKUP_COUNT);
    const player = join(world);
    const pickup = nearest(world, player);
    walkTo(world, player, pickup.x, pickup.y);
    expect(world.claim(player, pickup.id, pickup.version)).toBe("granted");
    expect(player.score).toBe(PICKUP_POINTS);
    const moved = world.pickups[pickup.id] as Pickup;
    expect(moved).toMatchObject({ id: pickup.id, version: pickup.version + 1 });
    expect(world.events.pickups).toEqual([moved]);
    expect(world.claim(player, pickup.id, pickup.version)).toBe("gone");
  });

  it("is out of reach from afar, and for the dead", () => {
    const world = new World({ seed: 1 });
    const player = join(world);
    const pickup = nearest(world, player);
    const away = pickup.x < ARENA_SIDE / 2 ? 1 : -1;
    walkTo(world, player, pickup.x + away * (PICKUP_REACH + 0.01), pickup.y);
    expect(world.claim(player, pickup.id, pickup.version)).toBe("too-far");
    player.health = 0;
    expect(world.claim(player, pickup.id, pickup.version)).toBe("dead");
  });

  it("refuses what does not exist, and too many claims", () => {
    const world = new World({ seed: 1 });
    const player = join(world);
    const verdicts = Array.from({ length: 25 }, () => world.claim(player, PICKUP_COUNT, 0));
    expect(verdicts[0]).toBe("no-such-pickup");
    expect(verdicts.at(-1)).toBe("too-many");
  });

  it("limits chat", () => {
    const world = new World({ seed: 1 });
    const player = join(world);
    const said = Array.from({ length: 10 }, () => world.mayChat(player));
    expect(said.filter(Boolean)).toHaveLength(8);
    pass(world, 251);
    expect(world.mayChat(player)).toBe(true);
  });
});

describe("the world", () => {
  it("is the same for the same seed and calls, and another one for another seed", () => {
    const run = (seed: number): string => {
      const world = new World({ seed });
      const random = new SeededRandom(42);
      const players = Array.from({ length: 24 }, () => join(world));
      for (let tick = 0; tick < 600; tick++) {
        for (const player of players) {
          world.move(player, moveBy(player, random.between(-0.2, 0.2), random.between(-0.2, 0.2)));
          if (random.next() < 0.05) world.shoot(player, Math.floor(random.between(0, 65_536)));
        }
        world.step(TICK_MS);
      }
      const { shots, hits } = world.events;
      const places = players.map(({ x, y, health, score }) => [x, y, health, score]);
      return JSON.stringify([places, shots, hits, world.pickups]);
    };
    expect(run(7)).toBe(run(7));
    expect(run(7)).not.toBe(run(8));
  });

  it("is full at its cap, and reuses an ID only when no fresh one is left", () => {
    const world = new World({ seed: 1, maxPlayers: 3 });
    const [first, second] = [join(world), join(world)];
    expect(world.removePlayer(first.id)).toBe(true);
    expect(world.removePlayer(first.id)).toBe(false);
    expect(join(world).id).toBe(2);
    expect(join(world).id).toBe(first.id);
    expect(world.addPlayer()).toBeUndefined();
    expect(world.players).toHaveLength(3);
    expect(world.player(second.id)).toBe(second);
    expect(world.player(99)).toBeUndefined();
  });

  it("cuts a long step and refuses a negative one", () => {
    const world = new World({ seed: 1 });
    world.step(60_000);
    expect(world.nowMs).toBe(MAX_STEP_MS);
    expect(() => world.step(-1)).toThrow('"deltaMs" expected 0 or more, got -1');
    expect(() => world.step(Number.NaN)).toThrow(RangeError);
    expect(() => new World({ seed: 1, maxPlayers: 0 })).toThrow('"maxPlayers" expected 1..1024, got 0');
  });

  it("forgets its events when told so", () => {
    const world = new World({ seed: 1 });
    const player = join(world);
    world.shoot(player, 0);
    world.move(player, moveBy(player, 200, 200));
    world.events.clear();
    expect(world.events).toMatchObject({ placements: [], shots: [], hits: [], pickups: [] });
    expect(world.events.scored.size).toBe(0);
  });
});
