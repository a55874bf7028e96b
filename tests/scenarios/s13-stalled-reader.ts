import { startBulk } from "./lib/play.js";
import { atMost, noFaults, type Outcome, type RunContext, type Scenario } from "./lib/scenario.js";
import { Ticker } from "./lib/traffic.js";
import { World } from "./lib/world.js";

const MEBIBYTE: number = 1024 * 1024;
const ONE_WAY_MS = 25;
/** 20 Mbit/s: 75 MB in the time of the stall, many times what a receiver may hold. */
const LINK_BYTES_PER_SECOND = 2_500_000;
const STALL_MS = 30_000;
const QUICK_STALL_MS = 5000;
/** bytes. The default of `receiveWindowBytes`: what the receiver has granted. */
const WINDOW_BYTES: number = 4 * MEBIBYTE;
/** Headers, tags and frames: at most this much above the messages. */
const WIRE_OVERHEAD = 1.1;
/** bytes. The default cap of what waits for the application. */
const INBOX_BYTES: number = 16 * MEBIBYTE;

async function run(context: RunContext): Promise<Outcome> {
  const world = new World(context, {
    link: { latencyMs: ONE_WAY_MS, bandwidthBytesPerSecond: LINK_BYTES_PER_SECOND, overheadBytes: 28 },
  });
  await world.listen();
  const player = await world.join();
  const { client, toClient, downLink } = player;
  const stallMs = context.quick ? QUICK_STALL_MS : STALL_MS;
  const bulk = startBulk(world, player, Math.ceil((LINK_BYTES_PER_SECOND * (stallMs / 1000)) / 16_384) * 16_384);
  world.run(1000);
  let heldBytes = 0;
  const sampler = new Ticker(world.clock, world.clock.now(), () => {
    const { endpoint } = client.stats;
    heldBytes = Math.max(heldBytes, endpoint.inboxBytes + endpoint.heldBytes);
  });
  player.stopReading();
  const offeredBefore = downLink.statistics.passedBytes;
  world.run(stallMs);
  const sentBytes = downLink.statistics.passedBytes - offeredBefore;
  const { received } = toClient.bulk;
  player.startReading();
  const goesOn = world.runUntil(() => toClient.bulk.received > received, 5000, 5);
  const resumedAtMs = world.clock.now();
  world.runUntil(() => bulk.isDone, 300_000, 50);
  sampler.stop();
  const faults = [toClient.bulk.orderedFaults(), goesOn ? "" : "nothing came for 5 s after reading went on"];
  await world.end();
  return {
    checks: [
      atMost("sent while the reader stalls", sentBytes / MEBIBYTE, (WINDOW_BYTES * WIRE_OVERHEAD) / MEBIBYTE, "MiB"),
      atMost("held by the receiver", heldBytes / MEBIBYTE, INBOX_BYTES / MEBIBYTE, "MiB"),
      noFaults("resumes, nothing lost, no disconnect", [...world.faults, ...faults]),
    ],
    notes: { "seconds to the end of the bulk after the stall": (world.clock.now() - resumedAtMs) / 1000 },
  };
}

export const s13: Scenario = {
  id: "S13",
  title: "the receiver's application stops reading for 30 s during bulk",
  engine: "client and server",
  conditions: "server to client, 20 Mbit/s, RTT 50 ms; the credit is the default window of 4 MiB",
  variants: () => [{ name: "", run }],
};
