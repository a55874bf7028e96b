import { type ClientOptions, type ClientSwarm, openSwarm, type SwarmListener } from "@sortie/client";
import type { SwarmClient } from "@sortie/client";
import type { SendOptions } from "@sortie/reliability";
import type { Clock, DatagramTransport, TimerHandle } from "@sortie/transport";
import { CrowdMeter } from "./crowd-meter.js";
import { EchoWindow, NO_WINDOW, windowFor } from "./echo-window.js";
import type { MessageSource } from "./message-source.js";

/** ms between two turns of all bots: messages are not sent in larger bursts than they fall due. */
const TURN_MS = 1;
/** ms that a bot makes up for when this process was held up; what is older is left out, and counted. */
const CATCH_UP_MS = 250;
/** ms between two samples of all round trips. */
const SAMPLE_MS = 1000;

export interface CrowdOptions {
  /** Of each client; `transport` is made for each socket. */
  readonly client: Omit<ClientOptions, "transport">;
  readonly createTransport: () => DatagramTransport;
  readonly clock: Clock;
  readonly source: MessageSource;
  readonly count: number;
  readonly sockets: number;
  /** Connections begun each second. */
  readonly rampPerSecond: number;
  /** Connections under way at the most: a server that is slow gets fewer, and not more and more hellos. */
  readonly connectingAtOnce: number;
  /** Messages of each bot a second; 0: none. */
  readonly messagesPerSecond: number;
  readonly send: SendOptions;
}

/** Counters of all sockets together: datagrams, and bytes of UDP payload. */
export interface CrowdTraffic {
  readonly datagramsSent: number;
  readonly datagramsReceived: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly sendErrors: number;
  /** Datagrams that were for none of the bots. */
  readonly strays: number;
}

interface Bot {
  readonly client: SwarmClient;
  /** 0..count - 1. */
  readonly number: number;
  /** Which of its messages have come back; numbers them as well. */
  readonly echoes: EchoWindow;
  readonly startedMs: number;
  /** Its place among those that send; -1 when it does not. */
  place: number;
}

/** Many bots that do nothing but connect, send and listen, on few sockets. */
export class Crowd {
  readonly meter: CrowdMeter = new CrowdMeter();
  readonly #options: CrowdOptions;
  readonly #transports: DatagramTransport[] = [];
  readonly #swarms: ClientSwarm[] = [];
  readonly #bots: Bot[] = [];
  readonly #byClient: Map<SwarmClient, Bot> = new Map();
  /** Bots that are connected, and when the next message of each is due. */
  readonly #senders: Bot[] = [];
  readonly #due: Float64Array;
  readonly #echoWindow: number;
  #timer: TimerHandle | undefined;
  #startMs = 0;
  #sampleAtMs = 0;
  #isSending = true;
  #isLeaving = false;
  /** Bots that have connected or failed. */
  #decided = 0;
  #onSettled: () => void = () => {};
  /** Resolves once every bot has connected or failed to. */
  readonly settled: Promise<void> = new Promise((resolve) => (this.#onSettled = resolve));

  constructor(options: CrowdOptions) {
    this.#options = options;
    this.#due = new Float64Array(options.count);
    this.#echoWindow = options.source.isStamped ? windowFor(options.messagesPerSecond) : NO_WINDOW;
  }

  /** Bots that were begun. */
  get started(): number {
    return this.#bots.length;
  }

  /** Bots whose connection holds. */
  get playing(): number {
    return this.#senders.length;
  }

  /** Every bot that was begun; those that connected have statistics. */
  clients(): SwarmClient[] {
    return this.#bots.map(({ client }) => client);
  }

  /** Counters of all sockets together. */
  get traffic(): CrowdTraffic {
    const sum = { datagramsSent: 0, datagramsReceived: 0, bytesSent: 0, bytesReceived: 0, sendErrors: 0, strays: 0 };
    for (const { statistics } of this.#transports) {
      for (const name of ["datagramsSent", "datagramsReceived", "bytesSent", "bytesReceived", "sendErrors"] as const) {
        sum[name] += statistics[name];
      }
    }
    for (const { strays } of this.#swarms) sum.strays += strays;
    return sum;
  }

  /** Opens the sockets and begins. Rejects as `openSwarm` does. */
  async start(): Promise<void> {
    const { client, createTransport, clock, sockets } = this.#options;
    for (let i = 0; i < sockets; i++) {
      const transport = createTransport();
      this.#transports.push(transport);
      this.#swarms.push(await openSwarm({ ...client, transport, clock }, this.#listener()));
    }
    this.#startMs = clock.now();
    this.#sampleAtMs = this.#startMs + SAMPLE_MS;
    this.#turn();
  }

  /** No further bot begins, and no message is sent any more. */
  stopSending(): void {
    this.#isSending = false;
    this.#onSettled();
  }

  /** All bots leave; resolves when the sockets are closed. */
  async close(): Promise<void> {
    this.stopSending();
    this.#isLeaving = true;
    if (this.#timer !== undefined) this.#options.clock.clearTimer(this.#timer);
    await Promise.all(this.#swarms.map((swarm) => swarm.close()));
  }

  #listener(): SwarmListener {
    const { meter } = this;
    return {
      onConnect: (client) => this.#onConnect(client),
      onFailure: (_client, error) => {
        if (this.#isLeaving) return;
        meter.onFailure(error.code, error.message);
        this.#decide();
      },
      onMessage: (client, { payload }) => this.#onMessage(client, payload),
      onDisconnect: (client, { code, by }) => {
        this.#stopSender(client);
        if (!this.#isLeaving) meter.onDisconnect(`${code} by ${by}`);
      },
      onError: (error) => meter.onError(error),
    };
  }

  #onMessage(client: SwarmClient, payload: Uint8Array): void {
    const { meter } = this;
    const { clock, source } = this.#options;
    meter.received += 1;
    meter.receivedBytes += payload.length;
    const stamp = source.stampOf(payload);
    if (stamp === undefined) return;
    const bot = this.#byClient.get(client) as Bot;
    if (stamp.bot !== bot.number || !bot.echoes.take(stamp.sequence)) {
      meter.unexpectedEchoes += 1;
      return;
    }
    meter.echoes += 1;
    meter.echoMs.add(clock.now() - stamp.sentAtMs);
  }

  #turn(): void {
    const { clock } = this.#options;
    const nowMs = clock.now();
    this.#timer = clock.setTimer(nowMs + TURN_MS, () => this.#turn());
    if (!this.#isSending) return;
    this.#begin(nowMs);
    this.#sendDue(nowMs);
    if (nowMs < this.#sampleAtMs) return;
    this.#sampleAtMs = nowMs + SAMPLE_MS;
    for (const { client } of this.#senders) {
      if (client.rttMs !== undefined) this.meter.rttMs.add(client.rttMs);
    }
  }

  #begin(nowMs: number): void {
    const { count, rampPerSecond, connectingAtOnce } = this.#options;
    const elapsedMs = nowMs - this.#startMs;
    const target = Math.min(
      count,
      this.#decided + connectingAtOnce,
      1 + Math.floor((elapsedMs * rampPerSecond) / 1000),
    );
    while (this.#bots.length < target) {
      const swarm = this.#swarms[this.#bots.length % this.#swarms.length] as ClientSwarm;
      const echoes = new EchoWindow(this.#echoWindow);
      const bot: Bot = { client: swarm.add(), number: this.#bots.length, echoes, startedMs: nowMs, place: -1 };
      this.#bots.push(bot);
      this.#byClient.set(bot.client, bot);
    }
  }

  #onConnect(client: SwarmClient): void {
    const { clock, source, messagesPerSecond } = this.#options;
    const bot = this.#byClient.get(client) as Bot;
    const nowMs = clock.now();
    this.meter.connected += 1;
    this.meter.handshakeMs.add(nowMs - bot.startedMs);
    bot.place = this.#senders.length;
    this.#senders.push(bot);
    // Not all at once: each at its own time within the interval.
    this.#due[bot.place] = messagesPerSecond === 0 ? Infinity : nowMs + (source.random() * 1000) / messagesPerSecond;
    this.#decide();
  }

  #decide(): void {
    this.#decided += 1;
    if (this.#decided === this.#options.count) this.#onSettled();
  }

  #stopSender(client: SwarmClient): void {
    const bot = this.#byClient.get(client);
    if (bot === undefined || bot.place < 0) return;
    const last = this.#senders.pop() as Bot;
    if (last !== bot) {
      this.#senders[bot.place] = last;
      this.#due[bot.place] = this.#due[last.place] as number;
      last.place = bot.place;
    }
    bot.place = -1;
  }

  #sendDue(nowMs: number): void {
    const senders = this.#senders;
    const due = this.#due;
    const intervalMs = 1000 / this.#options.messagesPerSecond;
    for (let place = 0; place < senders.length; place++) {
      let atMs = due[place] as number;
      if (atMs > nowMs) continue;
      if (atMs < nowMs - CATCH_UP_MS) {
        const skipped = Math.ceil((nowMs - CATCH_UP_MS - atMs) / intervalMs);
        this.meter.skipped += skipped;
        atMs += skipped * intervalMs;
      }
      for (; atMs <= nowMs; atMs += intervalMs) this.#sendOne(senders[place] as Bot, nowMs);
      due[place] = atMs;
    }
  }

  #sendOne({ client, number, echoes }: Bot, nowMs: number): void {
    const { source, send } = this.#options;
    const { meter } = this;
    const payload = source.next(number, echoes.next, nowMs);
    const receipt = client.send(payload, send);
    if (receipt.refusal !== undefined) {
      meter.refusals[receipt.refusal] += 1;
      return;
    }
    echoes.onSent();
    meter.sent += 1;
    meter.sentBytes += payload.length;
    void receipt.outcome.then((outcome) => (meter.outcomes[outcome] += 1));
  }
}
