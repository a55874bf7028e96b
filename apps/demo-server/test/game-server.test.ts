import {
  byRoute,
  encodeAuditRequest,
  encodeChat,
  encodeClaim,
  encodeProbe,
  encodeShot,
  PICKUP_COUNT,
  RESPAWN_DELAY_MS,
  type SentCounts,
  World,
} from "@sortie-apps/arena";
import { describe, expect, it } from "vitest";
import { refusedCount } from "../src/game-counters.js";
import { GameServer } from "../src/game-server.js";
import { FakePeer } from "./fake-peer.js";

const TICK_MS = 1_000 / 60;

class Table {
  readonly world: World;
  readonly game: GameServer;
  readonly peers: FakePeer[] = [];
  private tick = 0;

  constructor(maxPlayers: number = 8) {
    this.world = new World({ seed: 1, maxPlayers });
    this.game = new GameServer({
      world: this.world,
      broadcast: (payload, route) => {
        for (const peer of this.peers) {
          if (peer.disconnectedFor === undefined) peer.deliver(payload, route);
        }
      },
    });
  }

  join(): FakePeer {
    const peer = new FakePeer(this.game, this.peers.length + 100);
    this.peers.push(peer);
    this.game.join(peer);
    return peer;
  }

  ticks(count: number): void {
    for (let i = 0; i < count; i++) this.game.step(this.tick++, TICK_MS);
  }
}

function sentCounts(sent: Partial<SentCounts>): SentCounts {
  return { ...byRoute(() => 0), ...sent };
}

describe("joining and leaving", () => {
  it("welcomes a newcomer, shows it what is there, and tells the others", () => {
    const table = new Table();
    const first = table.join();
    expect(first.inbox[0]?.message).toMatchObject({ type: "welcome", number: 0, player: 0 });
    expect(first.got("pickup").map(({ id }) => id)).toEqual(Array.from({ length: PICKUP_COUNT }, (_, id) => id));

    const second = table.join();
    expect(second.got("welcome")).toMatchObject([{ player: 1 }]);
    expect(second.got("joined")).toMatchObject([{ player: 0 }]);
    expect(first.got("joined")).toMatchObject([{ player: 1 }]);

    table.game.leave(second.id);
    table.game.leave(second.id);
    expect(first.got("left")).toMatchObject([{ player: 1 }]);
    expect(table.world.players).toHaveLength(1);
    expect(table.game.counters).toMatchObject({ joins: 2, leaves: 1 });
  });

  it("tells a newcomer the scores", () => {
    const table = new Table();
    table.join();
    const scorer = table.world.players[0];
    if (scorer === undefined) throw new Error("nobody is there");
    scorer.score = 17;
    expect(table.join().got("scores")).toMatchObject([{ scores: [{ player: 0, score: 17 }] }]);
  });

  it("turns away whom the arena has no room for", () => {
    const table = new Table(1);
    table.join();
    const late = table.join();
    expect(late.disconnectedFor).toBe("the arena is full");
    expect(late.inbox).toEqual([]);
    expect(table.game.counters).toMatchObject({ joins: 1, leaves: 0 });
  });

  it("numbers events and notices for each peer without a gap", () => {
    const table = new Table();
    const peers = [table.join(), table.join(), table.join()];
    for (let round = 0; round < 20; round++) {
      for (const [index, peer] of peers.entries()) {
        peer.say("shots", encodeShot(peer.writer, round, index * 9_000 + round * 700));
        if (round < 6) peer.say("notices", encodeChat(peer.writer, round, "hello"));
        peer.say("events", encodeClaim(peer.writer, round, index, 0));
      }
      table.ticks(20);
    }
    const counted = (numbers: number[]): void => expect(numbers).toEqual(numbers.map((_, index) => index));
    for (const peer of peers) {
      counted(peer.numbers("ordered"));
      counted(peer.numbers("reliable"));
      expect(peer.numbers("reliable")).toHaveLength(PICKUP_COUNT + 18);
      expect(peer.got("snapshot").map(({ tick }) => tick)).toEqual(Array.from({ length: 400 }, (_, tick) => tick));
    }
  });
});

describe("playing", () => {
  it("moves a player, and shows it in the snapshot of the next tick", () => {
    const table = new Table();
    const peer = table.join();
    const { epoch, x, y } = peer.last("welcome");
    const goal = { x: x + (x < 128 ? 0.25 : -0.25), y };
    peer.sayInput({ sequence: 0, epoch, heading: 0x1200, ...goal });
    table.ticks(1);
    const snapshot = peer.last("snapshot");
    expect(snapshot.count).toBe(1);
    expect([snapshot.xAt(0), snapshot.yAt(0), snapshot.headingAt(0)]).toEqual([goal.x, goal.y, 0x1200]);
    expect(table.game.counters.moves.accepted).toBe(1);
  });

  it("refuses and counts a move that is too fast or out of bounds, and puts the player back", () => {
    const table = new Table();
    const peer = table.join();
    const { epoch, x, y } = peer.last("welcome");
    peer.sayInput({ sequence: 0, epoch, heading: 0, x: 255.9, y: 255.9 });
    peer.sayInput({ sequence: 1, epoch, heading: 0, x, y });
    table.ticks(1);
    expect(peer.got("placed")).toMatchObject([{ cause: "correction", epoch: epoch + 1, x, y }]);
    peer.sayInput({ sequence: 2, epoch: epoch + 1, heading: 0, x: x < 128 ? x + 30 : x - 30, y });
    table.ticks(1);
    expect(peer.last("placed")).toMatchObject({ cause: "correction", epoch: epoch + 2 });
    expect(peer.last("snapshot").xAt(0)).toBe(x);
    expect(table.game.counters.moves).toMatchObject({ "out-of-bounds": 1, "too-fast": 1, outdated: 1, accepted: 0 });
    expect(refusedCount(table.game.counters)).toBe(2);
  });

  it("answers each shot, draws it for everybody, and refuses what is too quick", () => {
    const table = new Table();
    const [shooter, other] = [table.join(), table.join()];
    for (let number = 0; number < 4; number++) shooter.say("shots", encodeShot(shooter.writer, number, 0));
    table.ticks(1);
    expect(shooter.got("shot-result").map(({ verdict }) => verdict)).toEqual([
      "fired",
      "fired",
      "rate-of-fire",
      "rate-of-fire",
    ]);
    expect(other.got("tracers").map(({ shots }) => shots.length)).toEqual([2]);
    expect(table.game.counters.shots).toMatchObject({ fired: 2, "rate-of-fire": 2 });
  });

  it("tells everybody of hits, and the one who died of its new place", () => {
    const table = new Table();
    const [shooter, victim] = [table.join(), table.join()];
    const [from, to] = table.world.players;
    if (from === undefined || to === undefined) throw new Error("nobody is there");
    Object.assign(from, { x: 100, y: 100 });
    Object.assign(to, { x: 110, y: 100 });
    for (let number = 0; number < 5; number++) {
      shooter.say("shots", encodeShot(shooter.writer, number, 0));
      table.ticks(20);
    }
    const healths = [80, 60, 40, 20, 0];
    for (const peer of [shooter, victim]) {
      expect(peer.got("hits").map(({ hits }) => hits[0]?.health)).toEqual(healths);
      expect(peer.got("scores")).toMatchObject([{ scores: [{ player: 0, score: 5 }] }]);
    }
    table.ticks(Math.ceil(RESPAWN_DELAY_MS / TICK_MS));
    expect(victim.got("placed")).toMatchObject([{ cause: "spawn", epoch: 2 }]);
    expect(shooter.got("placed")).toEqual([]);
  });

  it("answers a claim, and tells everybody where the pickup lies now", () => {
    const table = new Table();
    const [peer, other] = [table.join(), table.join()];
    const [player] = table.world.players;
    const pickup = table.world.pickups[3];
    if (player === undefined || pickup === undefined) throw new Error("nothing is there");
    Object.assign(player, { x: pickup.x, y: pickup.y });
    peer.say("events", encodeClaim(peer.writer, 0, 3, 0));
    peer.say("events", encodeClaim(peer.writer, 1, 3, 0));
    table.ticks(1);
    expect(peer.got("claim-result")).toMatchObject([
      { claim: 0, verdict: "granted" },
      { claim: 1, verdict: "gone" },
    ]);
    for (const receiver of [peer, other]) {
      expect(receiver.last("pickup")).toMatchObject({ id: 3, version: 1 });
      expect(receiver.last("scores").scores).toEqual([{ player: 0, score: 1 }]);
    }
  });

  it("relays chat to everybody, and not more of it than the rules allow", () => {
    const table = new Table();
    const [peer, other] = [table.join(), table.join()];
    for (let number = 0; number < 10; number++) peer.say("notices", encodeChat(peer.writer, number, `line ${number}`));
    expect(other.got("chat-line").map(({ player, text }) => [player, text])).toEqual(
      Array.from({ length: 8 }, (_, number) => [0, `line ${number}`]),
    );
    expect(peer.got("chat-line")).toHaveLength(8);
    expect(table.game.counters.chat).toEqual({ accepted: 8, "too-many": 2 });
  });

  it("answers probes at once", () => {
    const peer = new Table().join();
    peer.say("effects", encodeProbe(peer.writer, 4));
    expect(peer.got("probe-reply")).toMatchObject([{ number: 4 }]);
  });
});

describe("peers that do wrong", () => {
  it("leaves out a message that came twice", () => {
    const table = new Table();
    const peer = table.join();
    const chat = encodeChat(peer.writer, 0, "once").slice();
    peer.say("notices", chat);
    peer.say("notices", chat);
    expect(peer.got("chat-line")).toHaveLength(1);
    expect(table.game.counters.duplicates).toBe(1);
  });

  it("counts what is no message or came by the wrong route, and sends the peer away in the end", () => {
    const table = new Table();
    const [peer, other] = [table.join(), table.join()];
    peer.say("events", new Uint8Array([0xff]));
    peer.say("effects", encodeChat(peer.writer, 0, "by the wrong route"));
    expect(peer.got("chat-line")).toEqual([]);
    expect(table.game.counters.malformed).toBe(2);
    for (let i = 0; i < 40; i++) peer.say("events", new Uint8Array(0));
    table.ticks(2);
    expect(peer.disconnectedFor).toBe("sends what is no message of this game");
    expect(table.game.counters).toMatchObject({ malformed: 16, expelled: 1, leaves: 1 });
    expect(other.disconnectedFor).toBeUndefined();
    expect(other.got("left")).toMatchObject([{ player: 0 }]);
  });

  it("sends away who does not keep up, and numbers go on for the others", () => {
    const table = new Table();
    const [slow, talker] = [table.join(), table.join()];
    slow.refusal = "queue-full";
    talker.say("notices", encodeChat(talker.writer, 0, "anybody?"));
    talker.say("notices", encodeChat(talker.writer, 1, "hello?"));
    table.ticks(1);
    expect(slow.disconnectedFor).toBe("does not keep up with the game");
    expect(table.game.counters.expelled).toBe(1);
    expect(talker.got("chat-line")).toHaveLength(2);
    expect(talker.last("left")).toMatchObject({ player: 0 });
  });

  it("does not blame a peer whose connection is closing", () => {
    const table = new Table();
    const peer = table.join();
    peer.refusal = "closed";
    peer.say("notices", encodeChat(peer.writer, 0, "bye"));
    table.ticks(1);
    expect(peer.disconnectedFor).toBeUndefined();
    expect(table.game.counters.expelled).toBe(0);
  });

  it("ignores messages of peers it does not know", () => {
    const table = new Table();
    const stranger = new FakePeer(table.game, 7);
    stranger.say("notices", encodeChat(stranger.writer, 0, "hello"));
    expect(table.game.counters.chat.accepted).toBe(0);
  });
});

describe("audits", () => {
  it("says what came of all that was sent, and what went out", () => {
    const table = new Table();
    const peer = table.join();
    const { epoch, x, y } = peer.last("welcome");
    peer.sayInput({ sequence: 0, epoch, heading: 0, x, y });
    peer.sayInput({ sequence: 2, epoch, heading: 0, x, y });
    peer.say("notices", encodeChat(peer.writer, 1, "later line first"));
    peer.say("notices", encodeChat(peer.writer, 0, "first line"));
    peer.say("events", encodeClaim(peer.writer, 0, 0, 0));
    const sent = sentCounts({ states: 3, events: 2, notices: 2 });
    peer.say("events", encodeAuditRequest(peer.writer, 1, sent));
    table.ticks(1);
    const { sent: sentByServer, received } = peer.last("audit-reply");
    expect(received.states).toEqual({ distinct: 2, duplicates: 0, late: 0, missing: 1 });
    expect(received.events).toEqual({ distinct: 2, duplicates: 0, late: 0, missing: 0 });
    expect(received.notices).toEqual({ distinct: 2, duplicates: 0, late: 1, missing: 0 });
    expect(sentByServer).toEqual({
      effects: 0,
      states: 1,
      shots: 0,
      events: peer.numbers("ordered").length,
      notices: peer.numbers("reliable").length,
    });
    expect(table.game.counters.audits).toEqual({ complete: 1, incomplete: 0 });
  });

  it("waits for a reliable message that is still on its way", () => {
    const table = new Table();
    const peer = table.join();
    peer.say("events", encodeAuditRequest(peer.writer, 0, sentCounts({ events: 1, notices: 1 })));
    table.ticks(60);
    expect(peer.got("audit-reply")).toEqual([]);
    peer.say("notices", encodeChat(peer.writer, 0, "here it is"));
    table.ticks(1);
    expect(peer.last("audit-reply").received.notices).toMatchObject({ distinct: 1, missing: 0 });
  });

  it("detects a lost and a doubled message, after it has waited", () => {
    const table = new Table();
    const peer = table.join();
    for (const number of [0, 1, 1, 3]) peer.say("notices", encodeChat(peer.writer, number, "line"));
    peer.say("events", encodeClaim(peer.writer, 1, 0, 0));
    peer.say("events", encodeAuditRequest(peer.writer, 2, sentCounts({ events: 3, notices: 4 })));
    table.ticks(200);
    const { received } = peer.last("audit-reply");
    expect(received.notices).toEqual({ distinct: 3, duplicates: 1, late: 0, missing: 1 });
    expect(received.events).toEqual({ distinct: 2, duplicates: 0, late: 0, missing: 1 });
    expect(table.game.counters.audits).toEqual({ complete: 0, incomplete: 1 });
  });
});
