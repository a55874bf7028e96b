import { connect } from "@sortie/client";
import type { Logger } from "@sortie/connection";
import type { Clock } from "@sortie/transport";
import type { VirtualClock } from "@sortie/transport-memory";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";
import { HeldClock } from "../support/held-clock.js";
import { recordingLogger } from "../support/recording-logger.js";

interface PinoLine {
  readonly level: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

function pinoInto(lines: PinoLine[]): Logger {
  return pino({ level: "debug" }, { write: (line: string) => void lines.push(JSON.parse(line) as PinoLine) });
}

describe("a logger", () => {
  it("may be pino as it is, on both sides", async () => {
    const [ofServer, ofClient]: [PinoLine[], PinoLine[]] = [[], []];
    const game = new GameNetwork({ link: { latencyMs: 20 }, server: { logger: pinoInto(ofServer) } });
    game.server.on("message", () => {
      throw new Error("a bug");
    });
    await game.listen();
    const client = await game.connect({ logger: pinoInto(ofClient) });
    client.send("x", { delivery: "reliable" });
    await game.run(200);
    await game.settle(game.server.close({ drainMs: 100, reason: "an update" }));
    await game.run(200);
    const { sessionId } = client;
    expect(ofServer).toMatchObject([
      { level: 30, msg: "listening", address: "10.0.0.1", port: 1474 },
      { level: 30, msg: "peer 1 connected", event: "connect", peerId: 1, sessionId },
      { level: 50, msg: expect.stringContaining("unhandled error") as string, peerId: 1, err: { message: "a bug" } },
      { level: 30, msg: "draining: newcomers are turned away", peers: 1, reason: "an update" },
      { level: 30, msg: "peer 1 disconnected: shutting-down", code: "shutting-down", text: "an update", sessionId },
      { level: 30, msg: "closed" },
    ]);
    expect(ofClient).toMatchObject([
      { level: 30, msg: "connected", sessionId, address: "10.0.0.1:1474" },
      { level: 30, msg: "disconnected: shutting-down", by: "remote", text: "an update", sessionId },
    ]);
    await game.end();
  });

  it("is not filled by clients that are refused again and again", async () => {
    const { logger, lines } = recordingLogger("info");
    const authenticate = (): { accept: false; reason: string } => ({ accept: false, reason: "no ticket" });
    const game = new GameNetwork({ server: { logger, authenticate } });
    await game.listen();
    const ATTEMPTS = 40;
    for (let i = 0; i < ATTEMPTS; i++) {
      await game.settle(connect(game.clientOptions()).catch(() => undefined));
      await game.run(600);
    }
    await game.end();
    const refusals = lines.filter((line) => line.includes("clients were refused"));
    expect(refusals.length).toBeGreaterThan(1);
    expect(refusals.length).toBeLessThanOrEqual(4);
    const counted = refusals.map((line) => Number(/ count=(\d+)/.exec(line)?.[1]));
    expect(counted.reduce((sum, count) => sum + count)).toBe(ATTEMPTS);
    expect(refusals[0]).toContain('code="refused" text="no ticket"');
  });

  it("hears that a full server turns clients away", async () => {
    const { logger, lines } = recordingLogger("warn");
    const game = new GameNetwork({ server: { logger, maxPeers: 1 } });
    await game.listen();
    await game.connect();
    for (let i = 0; i < 3; i++) await game.settle(connect(game.clientOptions()).catch(() => undefined));
    await game.run(1500);
    await game.end();
    expect(lines[0]).toMatch(
      /^WARN hellos were turned away, .*: maxPeers are connected kind="not-accepting" count=\d+$/,
    );
  });

  it("hears at the level of warnings that authenticate lets nobody in for lack of room", async () => {
    const { logger, lines } = recordingLogger("warn");
    const authenticate = (): { accept: false; code: "server-full" } => ({ accept: false, code: "server-full" });
    const game = new GameNetwork({ server: { logger, authenticate } });
    await game.listen();
    for (let i = 0; i < 3; i++) await game.settle(connect(game.clientOptions()).catch(() => undefined));
    await game.end();
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^WARN clients were refused: no slot was left .* kind="server-full" count=1$/);
    expect(lines[1]).toMatch(/ kind="server-full" count=2$/);
  });

  it("hears how long a hold-up was for which ticks were left out", async () => {
    const { logger, lines } = recordingLogger("warn");
    let clock: HeldClock | undefined;
    const serverClock = (time: VirtualClock): Clock => (clock = new HeldClock(time));
    const game = new GameNetwork({ serverClock, server: { logger, tickRate: 50 } });
    await game.listen();
    await game.connect();
    await game.run(500);
    clock?.hold(3000);
    await game.run(3001);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /^WARN ticks were left out: .* holdUpMs=(29[6-9]\d|3000) kind="ticks-skipped" count=14\d$/,
    );
    // The statistics tell the same: one tick of them came three seconds late.
    expect(game.server.stats.ticks?.lateMaxMs).toBeGreaterThan(2950);
    await game.end();
  });
});
