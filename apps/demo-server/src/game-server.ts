import {
  type ClientMessage,
  decodeClientMessage,
  encodeAuditReply,
  encodeChatLine,
  encodeClaimResult,
  encodeHits,
  encodePickup,
  encodePlaced,
  encodeProbeReply,
  encodeRoster,
  encodeScores,
  encodeShotResult,
  encodeSnapshot,
  encodeTracers,
  encodeWelcome,
  MAX_ENTRIES,
  MessageWriter,
  renumber,
  type Route,
  ROUTES,
  routeTaken,
  type Score,
  type World,
} from "@sortie-apps/arena";
import { createGameCounters, type GameCounters } from "./game-counters.js";
import { type GamePeer, Seat } from "./seat.js";

/** ms that an audit waits for reliable messages which are still on their way. */
const AUDIT_PATIENCE_MS = 3_000;

/** Messages that are none from one peer before it is sent away. */
const MAX_MALFORMED = 16;

/** The part of a tick's order that the transport of messages plays: Sortie's `server.broadcast`. */
export type Broadcast = (payload: Uint8Array, options: (typeof ROUTES)[Route]) => void;

/** A message as Sortie delivers it. */
export interface GameMessage {
  readonly payload: Uint8Array;
  readonly delivery: string;
  readonly channel: number;
}

/**
 * Joins the world to its peers: what they ask for goes into the world, what happens there goes out to them. Events and
 * notices are numbered for each peer, so that each can prove what it got.
 */
export class GameServer {
  readonly counters: GameCounters = createGameCounters();
  private readonly world: World;
  private readonly broadcast: Broadcast;
  /** By peer ID. */
  private readonly seats: Map<number, Seat> = new Map();
  /** By player ID. */
  private readonly seatOfPlayer: Map<number, Seat> = new Map();
  private readonly expelled: { readonly seat: Seat; readonly reason: string }[] = [];
  private readonly writer: MessageWriter = new MessageWriter();
  private tick = 0;
  private timeMs = 0;

  constructor(options: { world: World; broadcast: Broadcast }) {
    this.world = options.world;
    this.broadcast = options.broadcast;
  }

  /** A peer has connected: it gets a player, and is told of everything that is there. */
  join(peer: GamePeer): void {
    const player = this.world.addPlayer();
    if (player === undefined) {
      peer.disconnect("the arena is full");
      return;
    }
    this.counters.joins++;
    const seat = new Seat(peer, player);
    this.sendEvent(seat, encodeWelcome(this.writer, 0, { ...placeOf(player), player: player.id, tick: this.tick }));
    const scores: Score[] = [];
    for (const { player: other } of this.seats.values()) {
      this.sendEvent(seat, encodeRoster(this.writer, 0, "joined", other.id));
      if (other.score > 0) scores.push({ player: other.id, score: other.score });
    }
    for (let i = 0; i < scores.length; i += MAX_ENTRIES) {
      this.sendEvent(seat, encodeScores(this.writer, 0, scores, i));
    }
    for (const pickup of this.world.pickups) this.sendNotice(seat, encodePickup(this.writer, 0, pickup));
    this.eventToAll(encodeRoster(this.writer, 0, "joined", player.id));
    this.seats.set(peer.id, seat);
    this.seatOfPlayer.set(player.id, seat);
  }

  /** A peer is gone. */
  leave(peerId: number): void {
    const seat = this.seats.get(peerId);
    if (seat === undefined) return;
    this.counters.leaves++;
    this.seats.delete(peerId);
    this.seatOfPlayer.delete(seat.player.id);
    this.world.removePlayer(seat.player.id);
    this.eventToAll(encodeRoster(this.writer, 0, "left", seat.player.id));
  }

  /** What to call a peer in a table; empty for one that has no player. */
  nameOf(peerId: number): string {
    const seat = this.seats.get(peerId);
    return seat === undefined ? "" : `player ${seat.player.id}, score ${seat.player.score}`;
  }

  /** A peer has said something. */
  receive(peerId: number, { payload, delivery, channel }: GameMessage): void {
    const seat = this.seats.get(peerId);
    if (seat === undefined || seat.isExpelled) return;
    const message = decodeClientMessage(payload);
    const route = message === undefined ? undefined : routeTaken(message, delivery, channel);
    if (message === undefined || route === undefined) {
      this.countMalformed(seat);
      return;
    }
    const number = message.type === "input" ? message.sequence : message.number;
    if (seat.ledgers[route].record(number) === "duplicate") {
      this.counters.duplicates++;
      return;
    }
    this.handle(seat, message);
  }

  /** One tick: lets `deltaMs` pass, and tells everybody of it. */
  step(tick: number, deltaMs: number): void {
    this.tick = tick;
    this.timeMs += deltaMs;
    this.world.step(deltaMs);
    this.sendWorldEvents();
    this.world.events.clear();
    this.sendToAll("states", encodeSnapshot(this.writer, tick, this.world.players));
    for (const seat of this.seats.values()) this.answerAudit(seat);
    this.sendAwayExpelled();
  }

  private handle(seat: Seat, message: ClientMessage): void {
    const { world, counters, writer } = this;
    switch (message.type) {
      case "input":
        counters.moves[world.move(seat.player, message)]++;
        break;
      case "shot": {
        const verdict = world.shoot(seat.player, message.heading);
        counters.shots[verdict]++;
        this.send(seat, "shots", encodeShotResult(writer, message.number, verdict));
        break;
      }
      case "probe":
        this.send(seat, "effects", encodeProbeReply(writer, message.number));
        break;
      case "chat":
        this.relayChat(seat, message.text);
        break;
      case "claim": {
        const verdict = world.claim(seat.player, message.pickup, message.version);
        counters.claims[verdict]++;
        this.sendEvent(seat, encodeClaimResult(writer, 0, message.number, verdict));
        break;
      }
      case "audit-request":
        seat.pendingAudit = { sent: message.sent, deadlineMs: this.timeMs + AUDIT_PATIENCE_MS };
        break;
    }
  }

  private relayChat(seat: Seat, text: string): void {
    if (!this.world.mayChat(seat.player)) {
      this.counters.chat["too-many"]++;
      return;
    }
    this.counters.chat.accepted++;
    const line = encodeChatLine(this.writer, 0, seat.player.id, text);
    for (const receiver of this.seats.values()) this.sendNotice(receiver, line);
  }

  private sendWorldEvents(): void {
    const { placements, shots, hits, pickups, scored } = this.world.events;
    for (const { player, cause } of placements) {
      const seat = this.seatOfPlayer.get(player.id);
      if (seat !== undefined) this.sendEvent(seat, encodePlaced(this.writer, 0, { ...placeOf(player), cause }));
    }
    for (let i = 0; i < hits.length; i += MAX_ENTRIES) this.eventToAll(encodeHits(this.writer, 0, hits, i));
    const scores = Array.from(scored, ({ id, score }): Score => ({ player: id, score }));
    for (let i = 0; i < scores.length; i += MAX_ENTRIES) this.eventToAll(encodeScores(this.writer, 0, scores, i));
    for (const pickup of pickups) {
      const notice = encodePickup(this.writer, 0, pickup);
      for (const seat of this.seats.values()) this.sendNotice(seat, notice);
    }
    if (shots.length > 0) this.sendToAll("effects", encodeTracers(this.writer, this.tick, shots));
  }

  private answerAudit(seat: Seat): void {
    const { pendingAudit, sent } = seat;
    if (pendingAudit === undefined) return;
    const complete = seat.hasAll(pendingAudit.sent);
    if (!complete && this.timeMs < pendingAudit.deadlineMs) return;
    seat.pendingAudit = undefined;
    this.counters.audits[complete ? "complete" : "incomplete"]++;
    const sentWithReply = { ...sent, events: sent.events + 1 };
    const received = seat.received(pendingAudit.sent);
    this.sendEvent(seat, encodeAuditReply(this.writer, 0, sentWithReply, received));
  }

  private eventToAll(event: Uint8Array): void {
    for (const seat of this.seats.values()) this.sendEvent(seat, event);
  }

  private sendEvent(seat: Seat, event: Uint8Array): void {
    this.sendNumbered(seat, "events", event);
  }

  private sendNotice(seat: Seat, notice: Uint8Array): void {
    this.sendNumbered(seat, "notices", notice);
  }

  /** Gives the message this peer's next number on the route. A peer that cannot take it is lost to the game. */
  private sendNumbered(seat: Seat, route: "events" | "notices", message: Uint8Array): void {
    renumber(message, seat.sent[route]);
    if (this.send(seat, route, message) === "queue-full") this.expel(seat, "does not keep up with the game");
  }

  /** Why the message was refused; undefined when it was not. */
  private send(seat: Seat, route: Route, message: Uint8Array): string | undefined {
    if (seat.isExpelled) return undefined;
    const { accepted, refusal } = seat.peer.send(message, ROUTES[route]);
    if (accepted) seat.sent[route]++;
    return refusal;
  }

  /** The same bytes to everybody, by a route without numbers of its own for each peer. */
  private sendToAll(route: "states" | "effects", message: Uint8Array): void {
    this.broadcast(message, ROUTES[route]);
    for (const seat of this.seats.values()) seat.sent[route]++;
  }

  private countMalformed(seat: Seat): void {
    this.counters.malformed++;
    seat.malformed++;
    if (seat.malformed === MAX_MALFORMED) this.expel(seat, "sends what is no message of this game");
  }

  /** Marks the peer; it goes at the end of the tick, and not in the middle of a round through all seats. */
  private expel(seat: Seat, reason: string): void {
    if (seat.isExpelled) return;
    seat.isExpelled = true;
    this.expelled.push({ seat, reason });
    this.counters.expelled++;
  }

  private sendAwayExpelled(): void {
    for (const { seat, reason } of this.expelled.splice(0)) seat.peer.disconnect(reason);
  }
}

function placeOf({ epoch, x, y }: { epoch: number; x: number; y: number }): { epoch: number; x: number; y: number } {
  return { epoch, x, y };
}
