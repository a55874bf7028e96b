import { encodeChatLine, encodePickup, encodePlaced, encodeHits, MessageWriter, ROUTES } from "@sortie-apps/arena";
import { describe, expect, it } from "vitest";
import type { AuditResult } from "../src/audit.js";
import { type Fate, ScriptedServer } from "./scripted-server.js";

const writer = new MessageWriter();

/** A game of ten seconds and its audit. */
function play(up?: Fate, down?: Fate): { server: ScriptedServer; result: AuditResult } {
  const server = new ScriptedServer();
  server.addEnemy();
  if (up !== undefined) server.up = up;
  if (down !== undefined) server.down = down;
  server.welcome();
  server.run(600);
  server.bot.requestAudit();
  server.run(300);
  const result = server.bot.auditResult;
  if (result === undefined) throw new Error("the audit did not end");
  return { server, result };
}

function loses(lossy: string, ...lost: number[]): Fate {
  return (route, number) => (route === lossy && lost.includes(number) ? 0 : 1);
}

function doubles(doubled: string, ...numbers: number[]): Fate {
  return (route, number) => (route === doubled && numbers.includes(number) ? 2 : 1);
}

describe("a bot at play", () => {
  it("does nothing before it is welcome", () => {
    const server = new ScriptedServer();
    server.run(60);
    expect(server.heard).toEqual([]);
  });

  it("uses all its routes, and keeps the rules", () => {
    const { server, result } = play();
    const types = new Set(server.heard.map(({ type }) => type));
    expect(types).toEqual(new Set(["input", "shot", "probe", "chat", "claim", "audit-request"]));
    expect(new Set(server.verdicts)).toEqual(new Set(["accepted", "fired", "granted"]));
    expect(result.faults).toEqual([]);
    expect(server.answerTimes.length).toBeGreaterThan(30);
  });

  it("plays the same game with the same seed, and another one with another", () => {
    const game = (seed: number): string => {
      const server = new ScriptedServer(seed);
      server.addEnemy();
      server.welcome();
      server.run(300);
      return JSON.stringify(server.heard);
    };
    expect(game(5)).toBe(game(5));
    expect(game(5)).not.toBe(game(6));
  });

  it("goes where the server puts it, and says so with its next input", () => {
    const server = new ScriptedServer();
    server.welcome();
    server.run(2);
    server.tell("events", encodePlaced(writer, 1, { epoch: 9, x: 40, y: 50, cause: "correction" }));
    expect(server.bot.sight).toMatchObject({ epoch: 9, x: 40, y: 50, corrections: 1 });
    server.run(1);
    expect(server.heard.at(-1)).toMatchObject({ type: "input", epoch: 9 });
  });

  it("rests while it is dead", () => {
    const server = new ScriptedServer();
    server.welcome();
    server.run(10);
    const inputs = (): number => server.heard.filter(({ type }) => type === "input").length;
    const before = inputs();
    server.tell("events", encodeHits(writer, 1, [{ shooter: 5, victim: server.bot.sight.playerId, health: 0 }]));
    server.run(60);
    expect(inputs()).toBe(before);
    server.tell("events", encodePlaced(writer, 2, { epoch: 2, x: 40, y: 50, cause: "spawn" }));
    server.run(5);
    expect(inputs()).toBe(before + 5);
  });

  it("believes the newest word on a pickup, in whatever order the words come", () => {
    const server = new ScriptedServer();
    server.welcome();
    const { sight } = server.bot;
    server.tell("notices", encodePickup(writer, 32, { id: 0, version: 5, x: sight.x, y: sight.y }));
    server.tell("notices", encodePickup(writer, 33, { id: 0, version: 4, x: 1, y: 1 }));
    expect(sight.nearestPickup(() => false)).toMatchObject({ id: 0, version: 5 });
  });

  it("goes on when the connection refuses messages, without a gap in its numbers", () => {
    const server = new ScriptedServer();
    server.welcome();
    server.run(120);
    server.accepts = false;
    server.run(120);
    server.accepts = true;
    server.run(120);
    server.bot.requestAudit();
    server.run(5);
    expect(server.bot.mailbox.refused).toBeGreaterThan(100);
    expect(server.bot.auditResult?.faults).toEqual([]);
  });

  it("counts what became of its messages", async () => {
    const server = new ScriptedServer();
    server.welcome();
    server.run(30);
    await Promise.resolve();
    const { outcomes, sent } = server.bot.mailbox;
    expect(outcomes.states).toEqual({ acked: sent.states, expired: 0, dropped: 0, closed: 0 });
    expect(sent.states).toBe(30);
  });
});

describe("a bot's audit", () => {
  it("passes when messages are lost that may be", () => {
    const lossy = new Set(["effects", "states", "shots"]);
    const half: Fate = (route, number) => (lossy.has(route) && number % 2 === 1 ? 0 : 1);
    const { result } = play(half, half);
    expect(result.faults).toEqual([]);
    const states = result.tallies.find(({ route, direction }) => route === "states" && direction === "up");
    expect(states?.missing).toBeGreaterThan(200);
  });

  it.each([
    ["a lost claim", loses("events", 2), "events up: 1 lost"],
    ["three lost lines of chat", loses("notices", 0, 1, 2), "notices up: 3 lost"],
    ["a doubled claim", doubles("events", 1), "events up: 1 duplicated"],
    ["a doubled line of chat", doubles("notices", 1), "notices up: 1 duplicated"],
    ["a doubled input", doubles("states", 7, 9), "states up: 2 duplicated"],
    ["a doubled shot", doubles("shots", 3), "shots up: 1 duplicated"],
    ["a doubled probe", doubles("effects", 3), "effects up: 1 duplicated"],
  ])("detects %s on the way up", (_, fate, fault) => {
    expect(play(fate).result.faults).toEqual([fault]);
  });

  it.each([
    ["lost notices", loses("notices", 33, 34), "notices down: 2 lost"],
    ["a lost first notice", loses("notices", 0), "notices down: 1 lost"],
    ["a doubled notice", doubles("notices", 33), "notices down: 1 duplicated"],
    ["a doubled event", doubles("events", 0), "events down: 1 duplicated"],
    ["a doubled snapshot", doubles("states", 7), "states down: 1 duplicated"],
    ["a doubled answer", doubles("effects", 7), "effects down: 1 duplicated"],
  ])("detects %s on the way down", (_, fate, fault) => {
    expect(play(undefined, fate).result.faults).toEqual([fault]);
  });

  it("detects events that come late, and one that never comes", () => {
    const server = new ScriptedServer();
    server.welcome();
    const place = (number: number): Uint8Array =>
      encodePlaced(writer, number, { epoch: number, x: 9, y: 9, cause: "spawn" }).slice();
    const [one, two] = [place(1), place(2)];
    server.tell("events", two);
    server.tell("events", one);
    server.down = loses("events", 3);
    server.tell("events", place(3));
    server.down = () => 1;
    server.run(30);
    server.bot.requestAudit();
    server.run(300);
    expect(server.bot.auditResult?.faults).toEqual(["events down: 1 out of order", "events down: 1 lost"]);
  });

  it("waits for a notice that is still on its way", () => {
    const server = new ScriptedServer();
    server.welcome();
    server.down = loses("notices", 32);
    const late = encodeChatLine(writer, 32, 5, "a slow one").slice();
    server.tell("notices", late);
    server.bot.requestAudit();
    server.run(60);
    expect(server.bot.auditResult).toBeUndefined();
    const { delivery, channel } = ROUTES.notices;
    server.bot.receive(late, delivery, channel, server.nowMs);
    server.run(1);
    expect(server.bot.auditResult?.faults).toEqual([]);
  });

  it("detects a receipt that says a reliable message was given up", async () => {
    const server = new ScriptedServer();
    server.welcome();
    server.outcome = "dropped";
    server.run(300);
    await Promise.resolve();
    server.bot.requestAudit();
    server.run(5);
    const { notices, events } = server.bot.mailbox.outcomes;
    expect(notices.dropped).toBeGreaterThan(0);
    expect(server.bot.auditResult?.faults).toEqual([
      ...(events.dropped > 0 ? [`events up: ${events.dropped} given up by their receipts`] : []),
      `notices up: ${notices.dropped} given up by their receipts`,
    ]);
  });

  it("detects what it cannot read, and what came by the wrong route", () => {
    const server = new ScriptedServer();
    server.welcome();
    server.bot.receive(new Uint8Array([1, 2, 3]), "ordered", 3, server.nowMs);
    server.bot.receive(encodeChatLine(writer, 32, 5, "hello"), "unreliable", 0, server.nowMs);
    server.bot.requestAudit();
    server.run(2);
    expect(server.bot.auditResult?.faults).toEqual(["down: 2 unreadable or by the wrong route"]);
  });

  it("has no result as long as the server does not answer", () => {
    const server = new ScriptedServer();
    server.answersAudits = false;
    server.welcome();
    server.run(10);
    server.bot.requestAudit();
    server.run(600);
    expect(server.bot.auditResult).toBeUndefined();
  });
});
