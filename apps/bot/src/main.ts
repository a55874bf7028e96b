import { writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { formatBytes, formatCount, formatMs, TerminalStatus } from "@sortie-apps/arena";
import colors from "picocolors";
import { Fleet } from "./fleet.js";
import { FleetMeter, type FleetRates, type FleetTotals, ratesBetween } from "./fleet-meter.js";
import { findPlace } from "./matchmaker.js";
import { type CommandOptions, parseOptions, readServerKey } from "./options.js";
import { createReport, formatShare, renderOutcomes, renderReport } from "./report.js";

/** ms between two samples of the round-trip times. */
const SAMPLE_INTERVAL_MS = 250;
/** Samples between two updates of the live report. */
const SAMPLES_PER_UPDATE = 4;
/**
 * ms of play before measurements begin: both processes have just made a handshake for each bot, and the engine has not
 * compiled their code yet. Nothing of it is left out of the audit.
 */
const WARM_UP_MS = 2_000;
/** Share of a short game that warming up may take. */
const MAX_WARM_UP_SHARE = 0.25;
/** ms. The longest time that a timer takes: 24 days. */
const FOR_EVER_MS = 2 ** 31 - 1;
/** ms. A second signal after this ends the process at once; sooner it is taken for the first one, sent twice. */
const IMPATIENT_AFTER_MS = 1_000;

/** Aborted by the first SIGINT or SIGTERM, or when the parent process is gone. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  let stoppedAtMs = Infinity;
  const stop = (): void => {
    if (performance.now() - stoppedAtMs > IMPATIENT_AFTER_MS) process.exit(130);
    stoppedAtMs = Math.min(stoppedAtMs, performance.now());
    controller.abort();
  };
  for (const name of ["SIGINT", "SIGTERM", "disconnect"] as const) process.on(name, stop);
  return controller.signal;
}

function renderLive(fleet: Fleet, meter: FleetMeter, count: number, rates: FleetRates): string[] {
  const [p50, p99] = meter.rttSamples.percentiles(0.5, 0.99);
  return [
    `${fleet.connectedCount}/${count} connected`,
    `RTT p50 ${formatMs(p50)} p99 ${formatMs(p99)}`,
    `loss ${formatShare(rates.loss)}`,
    `out ${formatCount(rates.datagramsOutPerSecond)}/s ${formatBytes(rates.bytesOutPerSecond)}/s`,
    `in ${formatCount(rates.datagramsInPerSecond)}/s ${formatBytes(rates.bytesInPerSecond)}/s`,
    renderOutcomes(meter.outcomes()),
  ];
}

/** Samples and shows what goes on until it is aborted. */
async function watch(fleet: Fleet, meter: FleetMeter, options: CommandOptions, until: AbortSignal): Promise<void> {
  const status = options.quiet === true ? undefined : new TerminalStatus(process.stdout);
  let before: FleetTotals = meter.totals();
  for (let sample = 1; !until.aborted; sample++) {
    await pause(SAMPLE_INTERVAL_MS, until);
    meter.sampleRtt();
    if (status === undefined || until.aborted || sample % SAMPLES_PER_UPDATE !== 0) continue;
    const after = meter.totals();
    status.update(renderLive(fleet, meter, options.count, ratesBetween(before, after)), after.atMs);
    before = after;
  }
  status?.end();
}

/** Resolves after `ms`, or as soon as it is aborted. */
async function pause(ms: number, until: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal: until }).catch(() => undefined);
}

/** Plays and audits; the exit status. */
async function run(options: CommandOptions): Promise<number> {
  const { host, port, protocol, count, seed, duration, quiet, matchmaker, session } = options;
  const serverKey = await readServerKey(options);
  if (serverKey === undefined && matchmaker === undefined) {
    console.error(colors.yellow("warning: no --server-key: any server is taken for the true one"));
  }
  const stopped = stopSignal();
  const place =
    matchmaker === undefined ? {} : { findPlace: (bot: number) => findPlace(matchmaker, `${session}${bot}`) };
  const fleet = new Fleet({ host, port, protocol, count, serverKey, seed, signal: stopped, ...place });
  const meter = new FleetMeter(fleet);
  const watching = new AbortController();
  const watched = watch(fleet, meter, options, watching.signal);

  await fleet.connect();
  if (fleet.members.length === count && process.connected) process.send?.({ type: "connected" });
  const over = AbortSignal.any([stopped, fleet.deserted]);
  const playMs = duration === 0 ? FOR_EVER_MS : duration * 1_000;
  const warmUpMs = Math.min(WARM_UP_MS, playMs * MAX_WARM_UP_SHARE);
  await pause(warmUpMs, over);
  fleet.isMeasuring = true;
  const before = meter.totals();
  await pause(playMs - warmUpMs, over);
  const traffic = ratesBetween(before, meter.totals());
  fleet.isMeasuring = false;
  await fleet.audit();
  watching.abort();
  await watched;

  const report = createReport({
    servers: [...fleet.servers],
    protocols: [...fleet.protocols],
    bots: count,
    connected: fleet.members.length,
    traffic,
    rttSamples: meter.rttSamples,
    answerTimes: fleet.answerTimes,
    outcomes: meter.outcomes(),
    audits: fleet.audits,
    failures: [...fleet.failures],
  });
  await fleet.close();
  if (quiet !== true || !report.passed) console.log(renderReport(report, colors));
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(report, undefined, 2)}\n`);
  return report.passed ? 0 : 1;
}

try {
  process.exitCode = await run(parseOptions(process.argv));
} catch (error) {
  console.error(colors.red(`error: ${error instanceof Error ? error.message : String(error)}`));
  process.exitCode = 1;
}
// A parent that listens would keep the process alive otherwise.
process.channel?.unref();
