import {
  ARENA_SIDE,
  type AuditReplyMessage,
  decodeServerMessage,
  encodeAuditRequest,
  encodeChat,
  encodeClaim,
  encodeInput,
  encodeProbe,
  encodeShot,
  FIRE_INTERVAL_MS,
  MAX_SPEED,
  MessageWriter,
  type Pickup,
  PICKUP_REACH,
  PLAYER_RADIUS,
  quantiseHeading,
  SeededRandom,
  type SentCounts,
} from "@sortie-apps/arena";
import { type AuditResult, auditDeliveries } from "./audit.js";
import { type BotLink, Mailbox } from "./mailbox.js";
import { type Place, Sight } from "./sight.js";

/** Share of the speed limit that a bot uses: the rest is for clocks that do not run alike. */
const PACE = 0.9;
/** ms between two looks around for pickups and players. */
const LOOK_MS = 100;
/** ms. A bot whose process was held up for longer does not make up for it. */
const MAX_STRIDE_MS = 100;
/** m. Bots shoot at what is nearer. */
const SHOOTING_RANGE = 45;
/** radians, each way. A bot that never misses would be no fun. */
const AIM_ERROR = 0.08;
/** ms between two shots, besides the rate of fire. */
const TRIGGER_MS: readonly [number, number] = [50, 400];
/** ms between two lines of chat. */
const CHAT_MS: readonly [number, number] = [2_000, 4_000];
/** ms between two latency probes. */
const PROBE_MS = 250;
/** Probes whose time of sending is kept: 16 s. */
const KEPT_PROBES = 64;
/** Share of the reach at which a bot claims: the server may know it some steps further back. */
const CLAIM_REACH = 0.6;
/** ms until a claim that brought nothing is made again. */
const CLAIM_AGAIN_MS = 1_000;
/** ms that a bot waits for reliable messages the server says it has sent. */
const SETTLE_MS = 3_000;

/** What a bot is made of. */
export interface BotOptions {
  readonly link: BotLink;
  /** The same seed makes the same decisions. */
  readonly seed: number;
  /** ms, monotonic. */
  readonly nowMs: number;
  /** Told of each time from a probe to its answer, in ms. */
  readonly onAnswerTime?: (ms: number) => void;
}

/** "playing"; after `requestAudit` "asking" until the request is sent, "waiting" for the reply, "settling", "done". */
type Phase = "playing" | "asking" | "waiting" | "settling" | "done";

/**
 * One player without a screen: runs for pickups, shoots at who is near, chats, and at the end asks the server for its
 * counts. Owns no timer and no socket: `receive` and `step` are called for it.
 */
export class Bot {
  readonly mailbox: Mailbox;
  readonly sight: Sight = new Sight();
  /** Messages that were none. */
  malformed = 0;
  private readonly random: SeededRandom;
  private readonly writer: MessageWriter = new MessageWriter();
  private readonly onAnswerTime: (ms: number) => void;
  private readonly probeSentAtMs: Float64Array = new Float64Array(KEPT_PROBES);
  /** When each pickup was claimed, by its ID. */
  private readonly claimedAtMs: Map<number, number> = new Map();
  private phase: Phase = "playing";
  private sentAtAudit: SentCounts | undefined;
  private reply: AuditReplyMessage | undefined;
  private settleBy = 0;
  private result: AuditResult | undefined;
  private target: Pickup | undefined;
  private enemy: Place | undefined;
  private steppedAtMs: number;
  private lookAtMs: number;
  private shootAtMs: number;
  private chatAtMs: number;
  private probeAtMs: number;

  constructor(options: BotOptions) {
    const { link, seed, nowMs, onAnswerTime } = options;
    this.mailbox = new Mailbox(link);
    this.random = new SeededRandom(seed);
    this.onAnswerTime = onAnswerTime ?? (() => undefined);
    this.steppedAtMs = nowMs;
    this.lookAtMs = nowMs;
    this.shootAtMs = nowMs + this.random.between(0, 1_000);
    this.chatAtMs = nowMs + this.random.between(0, CHAT_MS[1]);
    this.probeAtMs = nowMs + this.random.between(0, PROBE_MS);
  }

  /** What the audit found; undefined until it is through. */
  get auditResult(): AuditResult | undefined {
    return this.result;
  }

  /** Takes in a message of the server. The payload is kept: it must not change. */
  receive(payload: Uint8Array, delivery: string, channel: number, nowMs: number): void {
    const message = decodeServerMessage(payload);
    if (message === undefined) {
      this.malformed++;
      return;
    }
    if (!this.mailbox.record(message, delivery, channel)) return;
    if (message.type === "probe-reply") this.timeProbe(message.number, nowMs);
    else if (message.type === "audit-reply") this.takeReply(message, nowMs);
    else this.sight.apply(message);
  }

  /** One turn, about 60 times a second. `nowMs` never runs backwards. */
  step(nowMs: number): void {
    const strideMs = Math.min(nowMs - this.steppedAtMs, MAX_STRIDE_MS);
    this.steppedAtMs = nowMs;
    if (this.phase === "playing") {
      if (this.sight.playerId >= 0) this.play(nowMs, strideMs);
    } else {
      this.proceedWithAudit(nowMs);
    }
  }

  /** Ends the game, and begins to compare with the server what was sent and what came. */
  requestAudit(): void {
    if (this.phase === "playing") this.phase = "asking";
  }

  private play(nowMs: number, strideMs: number): void {
    if (nowMs >= this.probeAtMs) this.probe(nowMs);
    if (nowMs >= this.chatAtMs) this.chat(nowMs);
    if (!this.sight.alive) return;
    if (nowMs >= this.lookAtMs) this.look(nowMs);
    const { target, enemy } = this;
    const heading = this.walk(target, strideMs);
    this.sendInput(enemy === undefined ? heading : this.bearing(enemy));
    if (target !== undefined && this.distanceTo(target) < PICKUP_REACH * CLAIM_REACH) this.claim(target, nowMs);
    if (enemy !== undefined && nowMs >= this.shootAtMs) this.shoot(enemy, nowMs);
  }

  private look(nowMs: number): void {
    this.target = this.sight.nearestPickup((pickup) => this.isClaimed(pickup, nowMs));
    this.enemy = this.sight.nearestEnemy(SHOOTING_RANGE);
    this.lookAtMs = nowMs + LOOK_MS;
  }

  /** A stride towards the target, or the middle; gives the heading of it in radians. */
  private walk(target: Place | undefined, strideMs: number): number {
    const { sight } = this;
    const goal = target ?? { x: ARENA_SIDE / 2, y: ARENA_SIDE / 2 };
    const heading = this.bearing(goal);
    const stride = Math.min((MAX_SPEED * PACE * strideMs) / 1_000, this.distanceTo(goal));
    sight.x = insideArena(sight.x + Math.cos(heading) * stride);
    sight.y = insideArena(sight.y + Math.sin(heading) * stride);
    return heading;
  }

  private distanceTo(goal: Place): number {
    return Math.hypot(goal.x - this.sight.x, goal.y - this.sight.y);
  }

  /** radians. */
  private bearing(goal: Place): number {
    return Math.atan2(goal.y - this.sight.y, goal.x - this.sight.x);
  }

  private sendInput(heading: number): void {
    const { epoch, x, y } = this.sight;
    const sequence = this.mailbox.sent.states;
    const input = { sequence, epoch, x, y, heading: quantiseHeading(heading) };
    this.mailbox.send("states", encodeInput(this.writer, input));
  }

  private shoot(enemy: Place, nowMs: number): void {
    const heading = quantiseHeading(this.bearing(enemy) + this.random.between(-AIM_ERROR, AIM_ERROR));
    this.mailbox.send("shots", encodeShot(this.writer, this.mailbox.sent.shots, heading));
    this.shootAtMs = nowMs + FIRE_INTERVAL_MS + this.random.between(...TRIGGER_MS);
  }

  private claim({ id, version }: Pickup, nowMs: number): void {
    const message = encodeClaim(this.writer, this.mailbox.sent.events, id, version);
    if (!this.mailbox.send("events", message)) return;
    this.claimedAtMs.set(id, nowMs);
    this.target = undefined;
    this.lookAtMs = nowMs;
  }

  private isClaimed({ id }: Pickup, nowMs: number): boolean {
    const claimedAtMs = this.claimedAtMs.get(id);
    return claimedAtMs !== undefined && nowMs - claimedAtMs < CLAIM_AGAIN_MS;
  }

  private chat(nowMs: number): void {
    const number = this.mailbox.sent.notices;
    const text = `player ${this.sight.playerId}, line ${number}, score ${this.sight.score}`;
    this.mailbox.send("notices", encodeChat(this.writer, number, text));
    this.chatAtMs = nowMs + this.random.between(...CHAT_MS);
  }

  private probe(nowMs: number): void {
    const number = this.mailbox.sent.effects;
    if (this.mailbox.send("effects", encodeProbe(this.writer, number))) {
      this.probeSentAtMs[number % KEPT_PROBES] = nowMs;
    }
    this.probeAtMs = nowMs + PROBE_MS;
  }

  private timeProbe(number: number, nowMs: number): void {
    const next = this.mailbox.sent.effects;
    if (number >= next || number < next - KEPT_PROBES) return;
    this.onAnswerTime(nowMs - (this.probeSentAtMs[number % KEPT_PROBES] as number));
  }

  private takeReply(reply: AuditReplyMessage, nowMs: number): void {
    if (this.phase !== "waiting") return;
    this.reply = reply;
    this.settleBy = nowMs + SETTLE_MS;
    this.phase = "settling";
  }

  private proceedWithAudit(nowMs: number): void {
    const { mailbox, reply, sentAtAudit } = this;
    if (this.phase === "asking") {
      const sent = { ...mailbox.sent, events: mailbox.sent.events + 1 };
      if (!mailbox.send("events", encodeAuditRequest(this.writer, sent.events - 1, sent))) return;
      this.sentAtAudit = sent;
      this.phase = "waiting";
    } else if (this.phase === "settling" && reply !== undefined && sentAtAudit !== undefined) {
      if (!mailbox.hasAll(reply.sent) && nowMs < this.settleBy) return;
      const up = { sent: sentAtAudit, received: reply.received };
      const down = { sent: reply.sent, received: mailbox.received(reply) };
      const { tallies, faults } = auditDeliveries(up, down, mailbox.outcomes);
      this.result = { tallies, faults: [...faults, ...this.faultsOfReading()] };
      this.phase = "done";
    }
  }

  private faultsOfReading(): string[] {
    const unreadable = this.malformed + this.mailbox.misrouted;
    return unreadable > 0 ? [`down: ${unreadable} unreadable or by the wrong route`] : [];
  }
}

function insideArena(coordinate: number): number {
  return Math.min(Math.max(coordinate, PLAYER_RADIUS), ARENA_SIDE - PLAYER_RADIUS);
}
