import type { VirtualClock } from "@sortie/transport-memory";
import { describe, expect, it } from "vitest";
import { BusyClock } from "../support/busy-clock.js";
import { GameNetwork, text } from "../support/game-network.js";

const MODES = ["unreliable", "sequenced"] as const;

/** A game whose server's process may be busy, with one client and what that was given. */
class BusyGame {
  readonly game: GameNetwork;
  readonly heard: string[] = [];
  clock!: BusyClock;

  constructor(tickRate: number) {
    const serverClock = (inner: VirtualClock): BusyClock => (this.clock = new BusyClock(inner));
    this.game = new GameNetwork({ link: { latencyMs: 5 }, server: { tickRate }, serverClock });
  }

  async begin(): Promise<void> {
    await this.game.listen();
    const client = await this.game.connect();
    client.on("message", ({ payload }) => this.heard.push(text(payload)));
    await this.game.run(200);
  }

  /** What the server counts of its one peer. */
  get counted(): unknown {
    const [peer] = this.game.server.peers.values();
    return peer?.stats.endpoint;
  }
}

const NONE_LOST = { messagesShed: 0, messagesDropped: 0, messagesExpired: 0 };

describe("a server that sends first and then is busy", () => {
  it.each([
    [60, 40],
    [60, 95],
    [60, 110],
    [20, 130],
    [10, 220],
    [60, 1500],
  ])("sends all of it, at %i ticks a second that take %i ms", async (tickRate, busyMs) => {
    const busy = new BusyGame(tickRate);
    const { game, heard } = busy;
    await busy.begin();
    let sent = 0;
    const play = (): void => {
      for (const peer of game.server.peers.values()) {
        for (const delivery of MODES) peer.send(`${sent++}`, { delivery });
      }
      busy.clock.work(busyMs);
    };
    game.server.on("tick", play);
    await game.run(10 * busyMs);
    game.server.off("tick", play);
    await game.run(2 * busyMs);
    expect(sent).toBeGreaterThanOrEqual(14);
    expect(heard).toHaveLength(sent);
    expect(busy.counted).toMatchObject(NONE_LOST);
    await game.end();
  });

  it("and sends in several goes, some of them at once", async () => {
    const busy = new BusyGame(60);
    const { game, heard, clock } = busy;
    await busy.begin();
    const play = (): void => {
      const [peer] = game.server.peers.values();
      peer?.send("flushed");
      peer?.flush();
      for (const word of ["a", "b", "c"]) {
        for (let i = 0; i < 20; i++) peer?.send(word);
        clock.work(60);
      }
      game.server.off("tick", play);
    };
    game.server.on("tick", play);
    await game.run(500);
    expect(heard).toHaveLength(61);
    expect(busy.counted).toMatchObject(NONE_LOST);
    await game.end();
  });

  it("sends what was given between two ticks, however late the second comes", async () => {
    const busy = new BusyGame(20);
    const { game, heard } = busy;
    await busy.begin();
    const [peer] = game.server.peers.values();
    for (const delivery of MODES) peer?.send("between", { delivery });
    busy.clock.work(700);
    await game.run(1000);
    expect(heard).toEqual(["between", "between"]);
    await game.end();
  });

  it("answers from its listeners without ticks, too", async () => {
    const busy = new BusyGame(0);
    const { game, heard } = busy;
    await busy.begin();
    game.server.on("message", (peer) => {
      for (const delivery of MODES) peer.send("answer", { delivery });
      busy.clock.work(150);
    });
    game.clients[0]?.send("question");
    await game.run(500);
    expect(heard).toEqual(["answer", "answer"]);
    await game.end();
  });

  it("keeps a time that it gave: it counts from the send on", async () => {
    const busy = new BusyGame(60);
    const { game, heard } = busy;
    await busy.begin();
    const outcomes: Promise<string>[] = [];
    const play = (): void => {
      const [peer] = game.server.peers.values();
      for (const expiresInMs of [100, 120]) {
        for (const delivery of MODES) {
          const sent = peer?.send(`${expiresInMs}`, { delivery, expiresInMs, channel: expiresInMs });
          if (sent !== undefined) outcomes.push(sent.outcome);
        }
      }
      busy.clock.work(110);
      game.server.off("tick", play);
    };
    game.server.on("tick", play);
    await game.run(500);
    expect(await Promise.all(outcomes)).toEqual(["expired", "expired", "acked", "acked"]);
    expect(heard).toEqual(["120", "120"]);
    await game.end();
  });
});
