import type { Client } from "@sortie/client";
import type { Peer } from "@sortie/server";
import type { MemoryTransport } from "@sortie/transport-memory";
import { describe, expect, it } from "vitest";
import { GameNetwork, text } from "../support/game-network.js";
import { createSeededNodeCrypto } from "../support/hostile-crypto.js";

const TICK_MS = 1000 / 60;
const ONE_WAY_MS = 40;
const RTT_MS = 2 * ONE_WAY_MS;

/** Both sides of a game, and what arrived when. */
class Roamer {
  readonly game: GameNetwork;
  readonly transport: MemoryTransport;
  client!: Client;
  peer!: Peer;
  readonly disconnects: string[] = [];
  /** Ordered messages as they came. */
  readonly atServer: string[] = [];
  readonly atClient: string[] = [];
  /** Ordered messages that were sent each way. */
  sentByServer = 0;
  sentByClient = 0;
  /** ms. When the first ordered message came after `mark`. */
  orderedAtServerMs = Infinity;
  orderedAtClientMs = Infinity;
  /** ms. The longest time without an unreliable message, each way. */
  gapAtServerMs = 0;
  gapAtClientMs = 0;
  private lastAtServerMs = Infinity;
  private lastAtClientMs = Infinity;

  constructor(seed: number) {
    this.game = new GameNetwork({ seed, link: { latencyMs: ONE_WAY_MS }, crypto: createSeededNodeCrypto(seed) });
    this.transport = this.game.network.createTransport();
  }

  get nowMs(): number {
    return this.game.clock.now();
  }

  async start(): Promise<void> {
    const { game } = this;
    game.server.on("connect", (peer) => (this.peer = peer));
    game.server.on("disconnect", (_peer, reason) => this.disconnects.push(reason.code));
    game.server.on("tick", ({ tick }) => {
      if (this.peer === undefined) return;
      this.peer.send(new Uint8Array(64));
      if (tick % 6 === 0) this.peer.send(`${this.sentByServer++}`.padEnd(40), { delivery: "ordered" });
      if (this.client === undefined) return;
      this.client.send(new Uint8Array(64));
      if (tick % 6 === 0) this.client.send(`${this.sentByClient++}`.padEnd(40), { delivery: "ordered" });
    });
    game.server.on("message", (_peer, message) => {
      if (message.delivery === "ordered") {
        this.atServer.push(text(message.payload).trim());
        this.orderedAtServerMs = Math.min(this.orderedAtServerMs, this.nowMs);
      } else {
        this.gapAtServerMs = Math.max(this.gapAtServerMs, this.nowMs - this.lastAtServerMs);
        this.lastAtServerMs = this.nowMs;
      }
    });
    await game.listen();
    this.client = await game.connect({ transport: this.transport });
    this.client.on("disconnect", (reason) => this.disconnects.push(reason.code));
    this.client.on("message", (message) => {
      if (message.delivery === "ordered") {
        this.atClient.push(text(message.payload).trim());
        this.orderedAtClientMs = Math.min(this.orderedAtClientMs, this.nowMs);
      } else {
        this.gapAtClientMs = Math.max(this.gapAtClientMs, this.nowMs - this.lastAtClientMs);
        this.lastAtClientMs = this.nowMs;
      }
    });
  }

  mark(): void {
    this.orderedAtServerMs = Infinity;
    this.orderedAtClientMs = Infinity;
  }

  /** Nothing passes for `ms`. */
  async outage(ms: number): Promise<void> {
    this.game.network.setFilter(() => false);
    await this.game.run(ms);
    this.game.network.setFilter(undefined);
    this.mark();
  }

  /** Everything ordered came, once and in order. */
  async end(): Promise<void> {
    await this.game.run(1000);
    expect(this.disconnects).toEqual([]);
    // All but what is under way.
    expect(this.atServer).toEqual(this.atServer.map((_, i) => `${i}`));
    expect(this.atServer.length).toBeGreaterThanOrEqual(this.sentByClient - 1);
    expect(this.atClient).toEqual(this.atClient.map((_, i) => `${i}`));
    expect(this.atClient.length).toBeGreaterThanOrEqual(this.sentByServer - 1);
    await this.game.end();
  }
}

describe("S6 a client whose address changes after 1 s and then every 5 s", () => {
  it.each([
    // It is silent until its next message, a tick at the most.
    ["port, as a NAT does it, unnoticed by the client", 6, TICK_MS, (r: Roamer) => r.transport.rebind()],
    ["host, unnoticed by the client", 7, TICK_MS, (r: Roamer, move: number) => r.transport.rebind(`10.0.1.${move}`)],
    [
      "host, from IPv4 to IPv6 and back",
      8,
      TICK_MS,
      (r: Roamer, move: number) => r.transport.rebind(move % 2 === 0 ? `fd00::${move}` : `10.0.2.${move}`),
    ],
    // It says so at once.
    ["port, by rebind() of the client", 9, 0, (r: Roamer) => r.client.rebind()],
  ])("%s", async (_which, seed, silentMs, change) => {
    const roamer = new Roamer(seed);
    await roamer.start();
    const { game, transport } = roamer;
    await game.run(1000);
    for (let move = 0; move < 3; move++) {
      await game.settle<unknown>(change(roamer, move));
      await game.run(5000);
      expect(roamer.peer.address.port).toBe(transport.localAddress?.port);
      expect(roamer.peer.address.host).toBe(transport.localAddress?.host);
    }
    expect(roamer.peer.stats.migrations).toBe(3);
    // From its first word at the new address: a round trip, beside the interval at which they come anyway.
    expect(roamer.gapAtClientMs - TICK_MS).toBeLessThanOrEqual(silentMs + RTT_MS + 0.001);
    expect(roamer.gapAtServerMs - TICK_MS).toBeLessThanOrEqual(TICK_MS);
    await roamer.end();
  });
});

describe("S7 outages", () => {
  it("of 2 s in every 10 s: nobody leaves, and ordered messages come at once when the link is back", async () => {
    const roamer = new Roamer(9);
    await roamer.start();
    for (let round = 0; round < 3; round++) {
      await roamer.game.run(8000);
      await roamer.outage(2000);
      const backAtMs = roamer.nowMs;
      await roamer.game.run(500);
      expect(roamer.orderedAtServerMs - backAtMs).toBeLessThanOrEqual(RTT_MS + 2 * TICK_MS);
      expect(roamer.orderedAtClientMs - backAtMs).toBeLessThanOrEqual(RTT_MS + 2 * TICK_MS);
    }
    expect(roamer.peer.stats.migrations).toBe(0);
    await roamer.end();
  });

  it.each([1, 2, 3])("of 8 s: the same, although the client has moved meanwhile (seed %d)", async (seed) => {
    const roamer = new Roamer(seed);
    await roamer.start();
    await roamer.game.run(3000);
    const port = roamer.transport.localAddress?.port;
    await roamer.outage(8000);
    const backAtMs = roamer.nowMs;
    expect(roamer.transport.localAddress?.port).not.toBe(port);
    await roamer.game.run(1000);
    expect(roamer.orderedAtServerMs - backAtMs).toBeLessThanOrEqual(RTT_MS + 2 * TICK_MS);
    expect(roamer.orderedAtClientMs - backAtMs).toBeLessThanOrEqual(RTT_MS + 2 * TICK_MS);
    expect(roamer.peer.stats.migrations).toBe(1);
    await roamer.end();
  });
});
