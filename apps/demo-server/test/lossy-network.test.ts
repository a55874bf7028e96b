import {
  ARENA_PROTOCOL,
  byRoute,
  decodeServerMessage,
  encodeAuditRequest,
  encodeChat,
  encodeClaim,
  encodeInput,
  encodeShot,
  LOSSLESS_ROUTES,
  MessageWriter,
  type Route,
  ROUTES,
  routeTaken,
  type SentCounts,
  SequenceLedger,
  type ServerMessage,
  World,
} from "@sortie-apps/arena";
import { createClient, createNetwork, createServer, generateIdentity, type PolledClient } from "sortie";
import { describe, expect, it } from "vitest";
import { GameServer } from "../src/game-server.js";

const SEED = 20_250_101;
const TURN_MS = 1_000 / 60;
const PLAYERS = 6;

/** A client in a game loop that sends on every route and books what comes back. */
class Tester {
  readonly faults: string[] = [];
  readonly sent: SentCounts = byRoute(() => 0);
  readonly ledgers: Record<Route, SequenceLedger> = byRoute(() => new SequenceLedger());
  reply: Extract<ServerMessage, { type: "audit-reply" }> | undefined;
  private readonly client: PolledClient;
  private readonly writer: MessageWriter = new MessageWriter();
  private newestTick = -1;
  private place: { readonly epoch: number; readonly x: number; readonly y: number } | undefined;

  constructor(client: PolledClient) {
    this.client = client;
  }

  /** Whether the server has said where the player stands. */
  get isPlaying(): boolean {
    return this.place !== undefined;
  }

  update(nowMs: number): void {
    this.client.update(nowMs);
    for (let message = this.client.receive(); message !== undefined; message = this.client.receive()) {
      this.take(message.payload, message.delivery, message.channel);
    }
    if (this.client.state === "closed") this.faults.push("the connection has ended");
  }

  /** Says something on every route now and then. */
  play(turn: number): void {
    if (this.place === undefined) throw new Error("the game has not begun");
    const { writer, sent, place } = this;
    this.send("states", encodeInput(writer, { ...place, heading: 0, sequence: sent.states }));
    if (turn % 20 === 0) this.send("shots", encodeShot(writer, sent.shots, turn * 500));
    if (turn % 15 === 0) this.send("events", encodeClaim(writer, sent.events, turn % 32, 0));
    if (turn % 30 === 0) this.send("notices", encodeChat(writer, sent.notices, `line ${sent.notices}`));
  }

  audit(): void {
    const sent = { ...this.sent, events: this.sent.events + 1 };
    this.send("events", encodeAuditRequest(this.writer, this.sent.events, sent));
  }

  private send(route: Route, message: Uint8Array): void {
    if (this.client.send(message, ROUTES[route]).accepted) this.sent[route]++;
    else this.faults.push(`${route}: refused`);
  }

  private take(payload: Uint8Array, delivery: string, channel: number): void {
    const message = decodeServerMessage(payload);
    const route = message && routeTaken(message, delivery, channel);
    if (message === undefined || route === undefined) {
      this.faults.push("no message of its route");
    } else if (message.type === "snapshot") {
      if (message.tick <= this.newestTick) this.faults.push("a snapshot went back");
      this.newestTick = message.tick;
    } else if (message.type !== "tracers") {
      const arrival = this.ledgers[route].record(message.number);
      const isFault = arrival === "duplicate" || (arrival === "late" && route === "events");
      if (isFault) this.faults.push(`${route}: ${arrival}`);
    }
    if (message?.type === "welcome" || message?.type === "placed") this.place = message;
    if (message?.type === "audit-reply") this.reply = message;
  }
}

describe("the arena over a bad network", () => {
  it.each([
    ["10 % loss, jitter, reordering and duplicates", { loss: 0.1, jitterMs: 20, reorder: 0.1, duplicate: 0.1 }],
    ["bursts of loss", { loss: 0.15, burst: 4, jitterMs: 5 }],
  ])(`loses and doubles no event and no notice at %s (seed ${SEED})`, async (_, faults) => {
    const network = createNetwork({ seed: SEED, link: { latencyMs: 40, ...faults } });
    const { clock } = network;
    const identity = generateIdentity();
    const game = new GameServer({
      world: new World({ seed: SEED }),
      broadcast: (payload, options) => server.broadcast(payload, options),
    });
    const server = createServer({
      protocol: ARENA_PROTOCOL,
      identity,
      transport: network.createTransport({ host: "10.0.0.1", port: 1474 }),
      clock,
    });
    server.on("connect", (peer) => game.join(peer));
    server.on("message", (peer, message) => game.receive(peer.id, message));
    server.on("disconnect", (peer) => game.leave(peer.id));
    server.on("tick", ({ tick, deltaMs }) => game.step(tick, deltaMs));
    await clock.runUntilSettled(server.listen());

    const clients = Array.from({ length: PLAYERS }, () => {
      const target = { host: "10.0.0.1", port: 1474, protocol: ARENA_PROTOCOL, serverKey: identity.publicKey };
      return createClient({ ...target, transport: network.createTransport(), clock });
    });
    const testers = clients.map((client) => new Tester(client));
    const turn = async (): Promise<void> => {
      for (const tester of testers) tester.update(clock.now());
      await clock.run(TURN_MS);
    };
    for (let waited = 0; !testers.every(({ isPlaying }) => isPlaying); waited++) {
      if (waited > 600) throw new Error("not everybody has come in");
      await turn();
    }
    for (let played = 0; played < 600; played++) {
      for (const tester of testers) tester.play(played);
      await turn();
    }
    for (const tester of testers) tester.audit();
    for (let waited = 0; waited < 300; waited++) await turn();

    for (const { faults: found, sent, reply, ledgers } of testers) {
      expect(found).toEqual([]);
      if (reply === undefined) throw new Error("the audit was not answered");
      for (const route of LOSSLESS_ROUTES) {
        expect(reply.received[route]).toMatchObject({ distinct: sent[route], missing: 0, duplicates: 0 });
        expect(ledgers[route].missingBelow(reply.sent[route])).toBe(0);
      }
      expect(reply.received.events.late).toBe(0);
      expect(reply.received.states).toMatchObject({ duplicates: 0, late: 0 });
      expect(reply.received.states.missing).toBeGreaterThan(0);
    }
    expect(game.counters).toMatchObject({ joins: PLAYERS, duplicates: 0, malformed: 0, expelled: 0 });
    expect(game.counters.audits).toEqual({ complete: PLAYERS, incomplete: 0 });

    await clock.runUntilSettled(Promise.all(clients.map((client) => client.close())));
    await clock.runUntilSettled(server.close());
    expect(game.counters.leaves).toBe(PLAYERS);
    // A packet that is still on its way keeps the network's one timer; nothing else may have left one.
    expect(clock.pendingTimers).toBe(network.stats.inFlight > 0 ? 1 : 0);
    clock.runUntilIdle(1_000);
    expect(clock.pendingTimers).toBe(0);
  });
});
