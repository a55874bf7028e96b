import {
  byRoute,
  type ClientMessage,
  decodeClientMessage,
  encodeAuditReply,
  encodeChatLine,
  encodePickup,
  encodeProbeReply,
  encodeSnapshot,
  encodeWelcome,
  MessageWriter,
  type Player,
  type ReceivedCounts,
  type Route,
  ROUTES,
  routeTaken,
  SequenceLedger,
  type SentCounts,
  World,
} from "@sortie-apps/arena";
import { Bot } from "../src/bot.js";
import type { BotLink, Outcome } from "../src/mailbox.js";

const TICK_MS = 1_000 / 60;

/** What becomes of a message on its way: how often it arrives. */
export type Fate = (route: Route, number: number) => 0 | 1 | 2;

const arrivesOnce: Fate = () => 1;

/**
 * One bot and just enough of a server, joined by a network that loses and doubles what a test says, on any route: that
 * is what Sortie must never do on the lossless ones, and what the audit must find.
 */
export class ScriptedServer {
  readonly bot: Bot;
  readonly world: World = new World({ seed: 11 });
  readonly heard: ClientMessage[] = [];
  readonly verdicts: string[] = [];
  /** Fates of messages to the server and to the bot. */
  up: Fate = arrivesOnce;
  down: Fate = arrivesOnce;
  /** Whether the connection takes messages. */
  accepts = true;
  answersAudits = true;
  outcome: Outcome = "acked";
  nowMs = 1_000;
  readonly answerTimes: number[] = [];
  private readonly player: Player;
  private readonly writer: MessageWriter = new MessageWriter();
  private readonly sent: SentCounts = byRoute(() => 0);
  private readonly ledgers: Record<Route, SequenceLedger> = byRoute(() => new SequenceLedger());
  /** What is on its way to the server: it arrives when the bot's turn is over, as by any network. */
  private readonly underway: { readonly route: Route; readonly number: number; readonly message: ClientMessage }[] = [];
  private tick = 0;

  constructor(seed: number = 1) {
    const player = this.world.addPlayer();
    if (player === undefined) throw new Error("the world is full");
    this.player = player;
    const link: BotLink = { send: (payload, options) => this.carryUp(payload, options) };
    this.bot = new Bot({ link, seed, nowMs: this.nowMs, onAnswerTime: (ms) => this.answerTimes.push(ms) });
  }

  /** Somebody to shoot at, near the bot's player. */
  addEnemy(): Player {
    const enemy = this.world.addPlayer();
    if (enemy === undefined) throw new Error("the world is full");
    Object.assign(enemy, { x: this.player.x, y: this.player.y + (this.player.y < 128 ? 20 : -20) });
    return enemy;
  }

  welcome(): void {
    const { id, epoch, x, y } = this.player;
    const welcome = { player: id, epoch, x, y, tick: this.tick };
    this.tell("events", encodeWelcome(this.writer, this.sent.events, welcome));
    for (const pickup of this.world.pickups) {
      this.tell("notices", encodePickup(this.writer, this.sent.notices, pickup));
    }
  }

  /** Lets the game go on for so many ticks. */
  run(ticks: number): void {
    for (let i = 0; i < ticks; i++) {
      this.nowMs += TICK_MS;
      this.world.step(TICK_MS);
      this.bot.step(this.nowMs);
      for (const { route, number, message } of this.underway.splice(0)) {
        if (this.ledgers[route].record(number) !== "duplicate") this.hear(message);
      }
      this.tell("states", encodeSnapshot(this.writer, this.tick++, this.world.players));
    }
  }

  /** Sends to the bot; the message must carry the next number of its route. */
  tell(route: Route, message: Uint8Array): void {
    const times = this.down(route, this.sent[route]);
    this.sent[route]++;
    const { delivery, channel } = ROUTES[route];
    for (let i = 0; i < times; i++) this.bot.receive(message.slice(), delivery, channel, this.nowMs);
  }

  private carryUp(payload: Uint8Array, { delivery, channel }: (typeof ROUTES)[Route]): ReturnType<BotLink["send"]> {
    const message = decodeClientMessage(payload.slice());
    const route = message && routeTaken(message, delivery, channel);
    if (message === undefined || route === undefined) throw new Error("the bot sent what is no message of its route");
    const outcome = Promise.resolve(this.accepts ? this.outcome : "dropped");
    if (!this.accepts) return { accepted: false, outcome };
    const number = message.type === "input" ? message.sequence : message.number;
    const times = this.up(route, number);
    for (let i = 0; i < times; i++) this.underway.push({ route, number, message });
    return { accepted: true, outcome };
  }

  private hear(message: ClientMessage): void {
    this.heard.push(message);
    switch (message.type) {
      case "input":
        this.verdicts.push(this.world.move(this.player, message));
        break;
      case "shot":
        this.verdicts.push(this.world.shoot(this.player, message.heading));
        break;
      case "claim": {
        const verdict = this.world.claim(this.player, message.pickup, message.version);
        this.verdicts.push(verdict);
        const pickup = this.world.pickups[message.pickup];
        if (verdict !== "granted" || pickup === undefined) break;
        this.tell("notices", encodePickup(this.writer, this.sent.notices, pickup));
        break;
      }
      case "chat":
        this.tell("notices", encodeChatLine(this.writer, this.sent.notices, this.player.id, message.text));
        break;
      case "probe":
        this.tell("effects", encodeProbeReply(this.writer, message.number));
        break;
      case "audit-request":
        if (this.answersAudits) this.reply(message.sent);
        break;
    }
  }

  private reply(sentByBot: SentCounts): void {
    const received: ReceivedCounts = byRoute((route) => {
      const { distinct, duplicates, late } = this.ledgers[route];
      return { distinct, duplicates, late, missing: this.ledgers[route].missingBelow(sentByBot[route]) };
    });
    const sent = { ...this.sent, events: this.sent.events + 1 };
    this.tell("events", encodeAuditReply(this.writer, this.sent.events, sent, received));
  }
}
