import type { Client } from "@sortie/client";
import type { Peer } from "@sortie/server";
import type { LinkSpec } from "@sortie/transport-memory";
import { describe, expect, it } from "vitest";
import { FrameLoop } from "../support/frame-loop.js";
import { GameNetwork } from "../support/game-network.js";
import { createSimulationCrypto } from "../support/simulation-crypto.js";

type Direction = "upload" | "download";

/** The queue holds 100 ms. */
const LINK: LinkSpec = { latencyMs: 20, bandwidthBytesPerSecond: 2_000_000, queueBytes: 200_000 };
const PIECE_BYTES = 60_000;
/** ms between looks at whether all has come. */
const STEP_MS = 5;

interface Transfer {
  readonly bytes: number;
  readonly tookMs: number;
  readonly lost: number;
  readonly sent: number;
  readonly probeTimeouts: number;
}

interface TransferOptions {
  /** 0: a client that is driven by events. */
  readonly frameMs: number;
  readonly direction: Direction;
  readonly link?: LinkSpec;
  readonly pieces?: number;
  readonly maxMs?: number;
  /** Frames from 500 ms after the beginning on. */
  readonly laterFrameMs?: number;
}

async function transfer(options: TransferOptions): Promise<Transfer> {
  const { frameMs, direction, link = LINK, pieces = 20, maxMs = 60_000, laterFrameMs } = options;
  const game = new GameNetwork({ crypto: createSimulationCrypto(1), link });
  let peer: Peer<unknown> | undefined;
  let bytes = 0;
  game.server.on("connect", (connected) => (peer = connected));
  game.server.on("message", (_, { payload }) => (bytes += payload.length));
  await game.listen();
  let loop: FrameLoop | undefined;
  let client: Client | FrameLoop["client"];
  if (frameMs === 0) {
    const driven = await game.connect();
    driven.on("message", ({ payload }) => (bytes += payload.length));
    client = driven;
  } else {
    loop = new FrameLoop(game, frameMs);
    loop.onMessage = ({ payload }): void => void (bytes += payload.length);
    await loop.connected();
    client = loop.client;
  }
  await game.run(500);
  const sender = direction === "upload" ? client : (peer as Peer<unknown>);
  for (let piece = 0; piece < pieces; piece++) sender.send(new Uint8Array(PIECE_BYTES), { delivery: "reliable" });
  const fromMs = game.clock.now();
  let tookMs = 0;
  while (bytes < pieces * PIECE_BYTES && tookMs < maxMs) {
    await game.run(STEP_MS);
    tookMs = game.clock.now() - fromMs;
    if (loop !== undefined && laterFrameMs !== undefined && tookMs >= 500) loop.frameMs = laterFrameMs;
  }
  const { packetsLost, packetsSent, probeTimeouts } = (sender.stats as NonNullable<typeof sender.stats>).endpoint;
  await loop?.end();
  await game.end();
  return { bytes, tookMs, lost: packetsLost, sent: packetsSent, probeTimeouts };
}

describe("a polled client's transfers", () => {
  for (const direction of ["upload", "download"] as const) {
    const byEvents = transfer({ frameMs: 0, direction });

    it.each([4, 8, 16, 1000 / 60, 33])(`${direction} at the path's rate with frames of %d ms`, async (frameMs) => {
      const { tookMs: usualMs } = await byEvents;
      const { tookMs, probeTimeouts } = await transfer({ frameMs, direction });
      expect(tookMs).toBeLessThan(usualMs * 1.5 + 4 * frameMs);
      expect(probeTimeouts).toBeLessThanOrEqual(1);
    });

    it(`${direction} with frames of 100 ms`, async () => {
      const { tookMs: usualMs } = await byEvents;
      const { tookMs, probeTimeouts } = await transfer({ frameMs: 100, direction });
      expect(tookMs).toBeLessThan(usualMs * 3);
      expect(probeTimeouts).toBeLessThanOrEqual(1);
    });

    it.each([
      [250, 0.2],
      [1000, 0.05],
    ])(`${direction} steadily with frames of %d ms`, async (frameMs, share) => {
      const { tookMs, bytes, probeTimeouts } = await transfer({ frameMs, direction, maxMs: 30_000 });
      expect((bytes * 1000) / tookMs).toBeGreaterThan(2_000_000 * share);
      expect(probeTimeouts).toBeLessThan(10);
    });
  }

  it("go on where frames become longer", async () => {
    const { tookMs } = await transfer({ frameMs: 16, laterFrameMs: 33, direction: "upload", pieces: 60 });
    expect(tookMs).toBeLessThan(3000);
    const hidden = await transfer({ frameMs: 16, laterFrameMs: 1000, direction: "download", pieces: 60 });
    expect(hidden.tookMs).toBeLessThan(30_000);
    // The controller is told of it: its burst is what goes in a frame.
    const upload = await transfer({ frameMs: 16, laterFrameMs: 250, direction: "upload", pieces: 60 });
    expect(upload.tookMs).toBeLessThan(10_000);
    const rare = await transfer({ frameMs: 16, laterFrameMs: 1000, direction: "upload", pieces: 60 });
    expect(rare.tookMs).toBeLessThan(45_000);
  });

  it.each([16, 33])("do not flood a narrow path with a queue of 30 ms in frames of %d ms", async (frameMs) => {
    const link: LinkSpec = { latencyMs: 20, bandwidthBytesPerSecond: 100_000, queueBytes: 3000 };
    const usual = await transfer({ frameMs: 0, direction: "upload", link, pieces: 8 });
    const { lost, sent, tookMs } = await transfer({ frameMs, direction: "upload", link, pieces: 8 });
    expect(lost / sent).toBeLessThan(usual.lost / usual.sent + 0.05);
    expect(tookMs).toBeLessThan(usual.tookMs * 1.5);
  });
});
