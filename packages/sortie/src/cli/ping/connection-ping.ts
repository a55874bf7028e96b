import { type ClientSwarm, type ConnectError, openSwarm } from "@sortie/client";
import type { SwarmClient } from "@sortie/client";
import type { DisconnectReason, TraceEvent } from "@sortie/connection";
import type { Clock } from "@sortie/transport";
import { RoundTrips } from "../round-trips.js";
import { MAX_WAITING, type PingAnswer, type Pinger } from "./pinger.js";

export interface ConnectionPingerOptions {
  readonly swarm: Parameters<typeof openSwarm>[0];
  readonly clock: Clock;
  /** bytes of each ping's datagram; undefined: as small as it can be. */
  readonly bytes: number | undefined;
  readonly onAnswer: (answer: PingAnswer) => void;
}

/**
 * Measures a server over a connection: each ping is a PING frame, which the server's endpoint acknowledges, so that its
 * application hears of none. The server's own delay, such as the wait for its tick, is taken off as it states it.
 */
export class ConnectionPinger implements Pinger {
  sent = 0;
  answered = 0;
  readonly roundTrips: RoundTrips = new RoundTrips();
  /** ms from the first hello to ACCEPT. */
  handshakeMs = 0;
  /** Why the connection ended before it was told to. */
  ended: DisconnectReason | undefined;
  readonly #options: ConnectionPingerOptions;
  /** Pings by packet number, until they are acknowledged. */
  readonly #waiting: Map<number, number> = new Map();
  #swarm: ClientSwarm | undefined;
  #client: SwarmClient | undefined;
  /** The ping whose packet is about to be sent. */
  #sending: number | undefined;
  /** Packets of the ACK at hand. */
  #acked: number[] = [];
  #onAllAnswered: (() => void) | undefined;
  #onEnd: () => void = () => {};
  #isClosing = false;

  constructor(options: ConnectionPingerOptions) {
    this.#options = options;
  }

  /** Connects. Rejects with ConnectError. */
  async connect(): Promise<void> {
    const { swarm: options, clock } = this.#options;
    let outcome: (error: ConnectError | undefined) => void = () => {};
    const answer = new Promise<ConnectError | undefined>((resolve) => (outcome = resolve));
    const swarm = await openSwarm(options, {
      onConnect: () => outcome(undefined),
      onFailure: (_client, error) => outcome(error),
      onDisconnect: (_client, reason) => {
        if (this.#isClosing) return;
        this.ended = reason;
        this.#onEnd();
      },
    });
    this.#swarm = swarm;
    const startMs = clock.now();
    const client = swarm.add({ trace: (event) => this.#onTrace(event) });
    this.#client = client;
    const onAbort = (): void => client.close();
    options.signal?.addEventListener("abort", onAbort);
    if (options.signal?.aborted === true) onAbort();
    const error = await answer;
    options.signal?.removeEventListener("abort", onAbort);
    this.handshakeMs = clock.now() - startMs;
    if (error === undefined) return;
    await swarm.close();
    throw error;
  }

  get client(): SwarmClient | undefined {
    return this.#client;
  }

  /** Resolves when the connection ends without being told to. */
  get disconnected(): Promise<void> {
    return this.ended === undefined ? new Promise((resolve) => (this.#onEnd = resolve)) : Promise.resolve();
  }

  ping(): void {
    this.sent += 1;
    this.#sending = this.sent;
    this.#client?.ping(this.#options.bytes);
    this.#swarm?.flush();
  }

  allAnswered(): Promise<void> {
    if (this.#waiting.size === 0 && this.#sending === undefined) return Promise.resolve();
    return new Promise((resolve) => (this.#onAllAnswered = resolve));
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#swarm?.close();
  }

  #onTrace(event: TraceEvent): void {
    switch (event.type) {
      case "packet-sent":
        if (this.#sending === undefined) return;
        this.#waiting.set(event.packetNumber, this.#sending);
        if (this.#waiting.size > MAX_WAITING) this.#waiting.delete(this.#waiting.keys().next().value as number);
        this.#sending = undefined;
        break;
      case "packet-acked":
        this.#acked.push(event.packetNumber);
        break;
      case "congestion":
        this.#onAck(event.rttMs);
    }
  }

  /** @param rttMs of the newest packet that was acknowledged; -1 when the ACK gives none */
  #onAck(rttMs: number): void {
    const acked = this.#acked.sort((a, b) => a - b);
    this.#acked = [];
    const newest = acked.at(-1);
    for (const packetNumber of acked) {
      const sequence = this.#waiting.get(packetNumber);
      if (sequence === undefined) continue;
      this.#waiting.delete(packetNumber);
      this.answered += 1;
      const hasRtt = packetNumber === newest && rttMs >= 0;
      if (hasRtt) this.roundTrips.add(rttMs);
      this.#options.onAnswer({ sequence, rttMs: hasRtt ? rttMs : undefined, text: "acknowledged" });
    }
    if (this.#waiting.size === 0 && this.#sending === undefined) this.#onAllAnswered?.();
  }
}
