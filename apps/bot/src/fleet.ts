import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { createDgramTransport } from "@sortie/transport-dgram";
import { type Client, connect, ConnectError } from "sortie";
import type { AuditResult } from "./audit.js";
import { Bot } from "./bot.js";
import { GameLoop } from "./game-loop.js";
import type { Place } from "./matchmaker.js";
import { SampleWindow } from "./percentile.js";

/** Turns of each bot per second. */
const TURN_RATE = 60;
/** Connects that are under way at once. */
const CONNECTS_AT_ONCE = 16;
/**
 * Batches of datagrams of each bot's socket. A bot sends one or two datagrams a turn; the default, made for servers,
 * would take 0.8 MB for each.
 */
const SOCKET_BATCHES = 2;
/** ms that all audits together may take: each one is answered within a few seconds even when messages are missing. */
const AUDIT_TIMEOUT_MS = 10_000;
/** ms between two looks whether the audits are through. */
const AUDIT_POLL_MS = 20;
/** Failures that are listed; what comes after them would say nothing new. */
const MAX_FAILURES = 10_000;
/** Times from probe to answer that are kept; four a second and bot. */
const KEPT_SAMPLES = 32_768;

/** Where to play, and with how many. */
export interface FleetOptions {
  readonly host: string;
  readonly port: number;
  readonly protocol: string;
  readonly count: number;
  /** PEM text; undefined: any server will do. */
  readonly serverKey: string | undefined;
  /** Of the first bot; each further one has the next. */
  readonly seed: number;
  /** Asks where to play instead, for each bot, as it comes with what lets it in. */
  readonly findPlace?: (bot: number) => Promise<Place>;
  /** Gives connecting up. */
  readonly signal: AbortSignal;
}

/** What went wrong with a bot, and when. */
export interface BotFailure {
  /** 0..count - 1. */
  readonly bot: number;
  readonly stage: "connect" | "play" | "audit";
  /** A ConnectErrorCode, a DisconnectCode, or "fault". */
  readonly code: string;
  readonly message: string;
}

/** A bot that has connected. */
export interface Member {
  readonly index: number;
  readonly client: Client;
  readonly bot: Bot;
  /** False once the connection has ended. */
  connected: boolean;
}

/** Many bots in one process: connects them, gives them their turns, audits and closes them. */
export class Fleet {
  readonly members: Member[] = [];
  readonly failures: BotFailure[] = [];
  /** Places where bots were to play, as "host:port", and their protocols. */
  readonly servers: Set<string> = new Set();
  readonly protocols: Set<string> = new Set();
  /** From probe to answer, in ms, while `isMeasuring`. */
  readonly answerTimes: SampleWindow = new SampleWindow(KEPT_SAMPLES);
  /** To be set once all have connected and warmed up: the crowd at the door says nothing about the game. */
  isMeasuring = false;
  private readonly options: FleetOptions;
  private readonly loop: GameLoop = new GameLoop(TURN_RATE, (nowMs) => this.step(nowMs));
  private readonly desertion: AbortController = new AbortController();
  private allHaveTried = false;
  private closing = false;

  constructor(options: FleetOptions) {
    this.options = options;
  }

  /** Bots whose connection holds. */
  get connectedCount(): number {
    return this.members.reduce((count, { connected }) => count + (connected ? 1 : 0), 0);
  }

  /** Aborted as soon as all have tried to connect and no connection is left. */
  get deserted(): AbortSignal {
    return this.desertion.signal;
  }

  /** Of all bots that got to the end of theirs. */
  get audits(): AuditResult[] {
    return this.members.map(({ bot }) => bot.auditResult).filter((result) => result !== undefined);
  }

  /** Connects all bots, several at a time, and lets each play from then on. Failures are listed, and thrown by none. */
  async connect(): Promise<void> {
    this.loop.start();
    const { count, signal } = this.options;
    // Each connect that is under way listens to it.
    setMaxListeners(CONNECTS_AT_ONCE + 1, signal);
    let next = 0;
    const connectInTurn = async (): Promise<void> => {
      while (next < count && !signal.aborted) await this.connectOne(next++);
    };
    await Promise.all(Array.from({ length: Math.min(count, CONNECTS_AT_ONCE) }, connectInTurn));
    this.allHaveTried = true;
    this.checkDesertion();
  }

  /** Ends the game and waits until every bot has compared its counts with the server's. */
  async audit(): Promise<void> {
    for (const { bot } of this.members) bot.requestAudit();
    const deadlineMs = performance.now() + AUDIT_TIMEOUT_MS;
    const isPending = ({ bot, connected }: Member): boolean => connected && bot.auditResult === undefined;
    while (this.members.some(isPending) && performance.now() < deadlineMs) await sleep(AUDIT_POLL_MS);
    for (const { index, bot, connected } of this.members) {
      // One whose connection has ended has failed already.
      if (bot.auditResult === undefined && connected) this.fail(index, "audit", "fault", "the server did not answer");
      for (const fault of bot.auditResult?.faults ?? []) this.fail(index, "audit", "fault", fault);
    }
  }

  /** Leaves the server. */
  async close(): Promise<void> {
    this.closing = true;
    this.loop.stop();
    await Promise.all(this.members.map(({ client }) => client.close()));
  }

  private step(nowMs: number): void {
    for (const { bot, connected } of this.members) {
      if (connected) bot.step(nowMs);
    }
  }

  private async connectOne(index: number): Promise<void> {
    const { host, port, protocol, serverKey, signal, findPlace } = this.options;
    const trust = serverKey === undefined ? { dangerouslyTrustAnyServer: true } : { serverKey };
    try {
      const place = findPlace === undefined ? { host, port, protocol, ...trust } : await findPlace(index);
      this.servers.add(place.host.includes(":") ? `[${place.host}]:${place.port}` : `${place.host}:${place.port}`);
      this.protocols.add(place.protocol);
      const transport = createDgramTransport({ batches: SOCKET_BATCHES });
      this.join(index, await connect({ ...place, signal, transport }));
    } catch (error) {
      const code = error instanceof ConnectError ? error.code : "fault";
      this.fail(index, "connect", code, error instanceof Error ? error.message : String(error));
    }
  }

  private join(index: number, client: Client): void {
    const onAnswerTime = (ms: number): void => {
      if (this.isMeasuring) this.answerTimes.add(ms);
    };
    const bot = new Bot({ link: client, seed: this.options.seed + index, nowMs: performance.now(), onAnswerTime });
    const member: Member = { index, client, bot, connected: true };
    client.on("message", ({ payload, delivery, channel }) => {
      bot.receive(payload, delivery, channel, performance.now());
    });
    client.on("disconnect", ({ code, by, text }) => {
      member.connected = false;
      if (!this.closing) this.fail(index, "play", code, `the connection was ended by ${by}: ${text || code}`);
      this.checkDesertion();
    });
    client.on("error", (error) => {
      this.fail(index, "play", "fault", error instanceof Error ? (error.stack ?? error.message) : String(error));
    });
    this.members.push(member);
  }

  private checkDesertion(): void {
    if (this.allHaveTried && this.connectedCount === 0) this.desertion.abort();
  }

  private fail(bot: number, stage: BotFailure["stage"], code: string, message: string): void {
    if (this.failures.length < MAX_FAILURES) this.failures.push({ bot, stage, code, message });
  }
}
