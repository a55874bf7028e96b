import { beforeAll, describe, expect, it } from "vitest";
import {
  type Life,
  playWithClient,
  playWithServer,
  type Run,
  type SeenAsClient,
  type SeenByPython,
  type ServerRun,
  VIOLATIONS,
} from "./interop-runs.js";
import { hasPython } from "./python-process.js";

const SUITES = [
  ["AES-128-GCM", 1],
  ["ChaCha20-Poly1305", 2],
] as const;
/** ms. */
const LONGEST_RUN_MS = 90_000;
/** bytes. Of a PING that asks for more than a stateless reset can answer: docs/PROTOCOL.md section 8.4. */
const PADDED_PING_BYTES = 42;
/** Handshake packets by type: docs/PROTOCOL.md section 3. */
const RETRY = 2;
const SERVER_HELLO = 3;

if (!hasPython) console.warn("interop: python3 was not found, no endpoint in another language plays with this one");

describe.skipIf(!hasPython).each(SUITES)("an endpoint from docs/PROTOCOL.md alone, with %s", (_name, suite) => {
  let asClient: Run<SeenAsClient>;
  let asServer: ServerRun;
  beforeAll(async () => {
    const runs = [playWithClient(suite), playWithServer(suite)] as const;
    // Both end, whatever becomes of either.
    await Promise.allSettled(runs);
    [asClient, asServer] = await Promise.all(runs);
  }, LONGEST_RUN_MS);

  describe("as client of a Sortie server", () => {
    itPlays(() => asClient);

    it("is rejected with another version or protocol, and has to echo a cookie", () => {
      expect(asClient.seen.rejected).toEqual([1, 2]);
      expect(asClient.seen.retries).toBeGreaterThanOrEqual(1);
    });

    it("moves to another port, where the server validates it and sends from then on", () => {
      const { moved } = asClient.seen;
      const { ports, statistics } = lifeOf(asClient);
      expect(moved).toMatchObject({ challengedAtNewPort: true, heardAtNewPort: true, ports });
      expect(new Set(ports).size).toBe(2);
      expect(statistics?.migrations).toBe(1);
    });

    it("closes, and is closed", () => {
      const { answerToClose, toldToGo, refused, wasAccepted } = asClient.seen;
      expect(lifeOf(asClient).reason).toEqual({ code: "closed", by: "remote", text: "we leave" });
      expect(answerToClose).toEqual([0, ""]);
      expect(toldToGo).toEqual([4, "we do not want you"]);
      expect(refused).toEqual([2, "not today"]);
      expect(wasAccepted).toBe(false);
    });
  });

  describe("as server of Sortie clients", () => {
    itPlays(() => asServer);

    it("asks for a cookie; forged answers before its own mislead nobody", () => {
      expect([asServer.seen.answers[0], asServer.seen.answers.at(-1)]).toEqual([RETRY, SERVER_HELLO]);
    });

    it("validates another port of a client, and sends there from then on", () => {
      const { ports } = lifeOf(asServer);
      expect(asServer.seen.moved).toMatchObject({ isAnotherPort: true, answeredFromNewPort: true, ports });
      expect(new Set(ports).size).toBe(2);
    });

    it("follows when Sortie updates its keys", () => {
      const { sent, received } = asServer.seen.updateOfSortie;
      expect(received).toBeGreaterThanOrEqual(1);
      expect([sent, asServer.updatesOfWornClient]).toEqual([received, received]);
    });

    it("closes, and is closed", () => {
      const { answerToClose, closeOfSortie } = asServer.seen;
      expect(closeOfSortie).toEqual([0, "we leave"]);
      expect(asServer.lives.get("told to go")?.reason).toEqual({
        code: "kicked",
        by: "remote",
        text: "we do not want you",
      });
      expect(answerToClose).toEqual([0, ""]);
    });
  });
});

function lifeOf({ lives }: Pick<Run<unknown>, "lives">): Life {
  return lives.get("everything") as Life;
}

/** What both roles have in common. */
function itPlays(runOf: () => Run<SeenByPython>): void {
  it("is let in, under the session ID of both", () => {
    const run = runOf();
    expect(run.seen.sessionId).toMatch(/^[0-9a-f]{32}$/);
    expect(lifeOf(run).sessionId).toBe(run.seen.sessionId);
  });

  it("exchanges messages of every delivery, several in a packet", () => {
    const deliveries = ["unreliable", "sequenced", "bestEffort", "reliable", "ordered"];
    const echoes = deliveries.map((delivery, i) => [delivery, i + 1, `by ${delivery}`]);
    expect(runOf().seen.echo).toEqual(echoes);
    const heard = (delivery: string, i: number): unknown => lifeOf(runOf()).texts(i + 1, delivery);
    expect(deliveries.map(heard)).toEqual(deliveries.map((delivery) => [`by ${delivery}`]));
  });

  it("exchanges messages in pieces", () => {
    const sizes: unknown[] = [];
    for (const [delivery, bytes, pieces] of runOf().seen.large) {
      sizes.push([delivery, bytes]);
      expect(pieces).toBeGreaterThanOrEqual(3);
      const [message] = lifeOf(runOf()).messages.filter((heard) => heard.channel === 6 && heard.delivery === delivery);
      const expected = Buffer.concat([Uint8Array.from({ length: 2500 }, (_, i) => i % 251), Buffer.from(delivery)]);
      expect(expected.equals(message?.payload ?? new Uint8Array(0))).toBe(true);
    }
    expect(sizes).toEqual([
      ["sequenced", 2509],
      ["reliable", 2508],
    ]);
    expect(lifeOf(runOf()).messages.filter((heard) => heard.channel === 6)).toHaveLength(2);
  });

  it("may send packets in any order, and more than once", () => {
    const ordered = [0, 1, 2, 3].map((i) => `ordered ${i}`);
    expect(runOf().seen.disorder).toEqual(ordered);
    const life = lifeOf(runOf());
    expect(life.texts(7, "ordered")).toEqual(ordered);
    expect(life.texts(7, "sequenced")).toEqual(["newer"]);
    expect(life.texts(7, "unreliable")).toEqual(["once"]);
  });

  it("gets again what was lost, in another packet, and sends again what was", () => {
    const { sortieRepeats, weRepeat } = runOf().seen;
    expect(sortieRepeats.lost).toHaveLength(1);
    expect(sortieRepeats.brought[0]).toBeGreaterThan(sortieRepeats.lost[0] as number);
    expect(weRepeat).toEqual({ lostIsAcknowledged: false });
    expect(lifeOf(runOf()).texts(8, "reliable")).toEqual(["say it again", "lost at first"]);
    expect(lifeOf(runOf()).statistics?.endpoint.retransmittedMessages).toBeGreaterThanOrEqual(1);
  });

  it("updates its keys twice, and is followed", () => {
    const { firstUpdate, secondUpdate } = runOf().seen;
    expect([firstUpdate, secondUpdate]).toEqual([
      { sent: 1, received: 1 },
      { sent: 2, received: 2 },
    ]);
    expect(lifeOf(runOf()).texts(9, "reliable")).toEqual(["under keys 1", "heard the ping", "under keys 2"]);
    expect(lifeOf(runOf()).statistics?.keyUpdates).toBe(2);
  });

  it("hears a PING when it is silent, of a size that a stateless reset could answer", () => {
    const { frames, bytes } = runOf().seen.ping;
    expect(frames).toContain("Ping");
    expect(bytes).toBeGreaterThanOrEqual(PADDED_PING_BYTES);
  });

  it("is heard when others forge packets under its numbers, and they are not", () => {
    expect(runOf().seen.forged).toEqual(["before the forgery", "true"]);
    const { droppedBefore } = lifeOf(runOf());
    expect((droppedBefore.get("true") ?? 0) - (droppedBefore.get("before the forgery") ?? 0)).toBe(2);
    expect(lifeOf(runOf()).texts(10, "reliable")).toEqual(["before the forgery", "true"]);
  });

  it.each(Object.entries(VIOLATIONS))("is sent away when it %s", (name, code) => {
    const { seen, lives } = runOf();
    expect(seen.violations[name]?.[0]).toBe(code);
    expect(seen.violations[name]?.[1]).not.toBe("");
    const reason = code === 6 ? "flow-control" : "protocol-error";
    expect(lives.get(name)?.reason).toMatchObject({ code: reason, by: "local", text: seen.violations[name]?.[1] });
  });
}
