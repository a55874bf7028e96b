import type { Pickup, ServerMessage, Snapshot } from "@sortie-apps/arena";

/** m. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

/** What one client knows of the world, from what the server has told it. */
export class Sight {
  /** -1 before the welcome. */
  playerId = -1;
  epoch = 0;
  /** m. Where the bot believes to be: the server's last word, and its own steps since. */
  x = 0;
  y = 0;
  alive = false;
  /** Of this bot. */
  score = 0;
  /** Times the server put this bot back for a move against the rules. */
  corrections = 0;
  private snapshot: Snapshot | undefined;
  private readonly pickups: Map<number, Pickup> = new Map();

  /** Takes in what the server says; messages that change nothing that a bot looks at are left out. */
  apply(message: ServerMessage): void {
    switch (message.type) {
      case "welcome":
        this.playerId = message.player;
        this.place(message.epoch, message.x, message.y);
        break;
      case "placed":
        this.place(message.epoch, message.x, message.y);
        if (message.cause === "correction") this.corrections++;
        break;
      case "hits":
        if (message.hits.some(({ victim, health }) => victim === this.playerId && health === 0)) this.alive = false;
        break;
      case "scores":
        this.score = message.scores.find(({ player }) => player === this.playerId)?.score ?? this.score;
        break;
      case "pickup":
        // Notices come in any order: the higher version is the newer one.
        if ((this.pickups.get(message.id)?.version ?? -1) < message.version) this.pickups.set(message.id, message);
        break;
      case "snapshot":
        this.snapshot = message;
        break;
      default:
        break;
    }
  }

  /** The nearest pickup but those that `leaveOut` says; undefined when none is known. */
  nearestPickup(leaveOut: (pickup: Pickup) => boolean): Pickup | undefined {
    let nearest: Pickup | undefined;
    let nearestDistance = Infinity;
    for (const pickup of this.pickups.values()) {
      const distance = Math.hypot(pickup.x - this.x, pickup.y - this.y);
      if (distance >= nearestDistance || leaveOut(pickup)) continue;
      nearestDistance = distance;
      nearest = pickup;
    }
    return nearest;
  }

  /** The nearest other living player of the last snapshot within `range` metres. */
  nearestEnemy(range: number): Place | undefined {
    const { snapshot } = this;
    if (snapshot === undefined) return undefined;
    let nearestIndex = -1;
    let nearestDistance = range;
    for (let i = 0; i < snapshot.count; i++) {
      if (snapshot.healthAt(i) === 0 || snapshot.idAt(i) === this.playerId) continue;
      const distance = Math.hypot(snapshot.xAt(i) - this.x, snapshot.yAt(i) - this.y);
      if (distance >= nearestDistance) continue;
      nearestDistance = distance;
      nearestIndex = i;
    }
    if (nearestIndex < 0) return undefined;
    return { x: snapshot.xAt(nearestIndex), y: snapshot.yAt(nearestIndex) };
  }

  private place(epoch: number, x: number, y: number): void {
    this.epoch = epoch;
    this.x = x;
    this.y = y;
    this.alive = true;
  }
}
