import { randomInt } from "node:crypto";
import { performance } from "node:perf_hooks";
import { DELIVERIES, type Delivery } from "@sortie/reliability";
import { SystemClock } from "@sortie/transport";
import { Command, InvalidArgumentError, Option } from "commander";
import { withoutTransport } from "../../connect.js";
import { loadedCrypto } from "../../default-crypto.js";
import { defaultTransport } from "../../default-transport.js";
import { integerIn, numberIn, oneOf } from "../arguments.js";
import { type CommandHost, PROCESS_HOST, waitFor } from "../command-host.js";
import { count } from "../figures-text.js";
import { parseHostAndPort } from "../host-and-port.js";
import { jsonText } from "../json-text.js";
import { addTrustOptions, readTrust, type TrustOptions } from "../trust-options.js";
import { Crowd } from "./crowd.js";
import { createReport, reportLines } from "./crowd-report.js";
import { MessageSource, type SizeRange, STAMP_BYTES } from "./message-source.js";
import { StatusLine } from "./status-line.js";

interface BotsOptions extends TrustOptions {
  readonly count: number;
  readonly ramp: number;
  readonly connecting: number;
  readonly rate: number;
  readonly size: SizeRange;
  readonly delivery: Delivery;
  readonly channel: number;
  readonly duration: number;
  readonly sockets: number;
  readonly timeout: number;
  readonly echo?: boolean;
  readonly seed?: number;
  readonly json?: boolean;
}

/** Bots of one process. At a millisecond for each handshake and 50 KB: two minutes, and 5 GB. */
const MAX_BOTS = 100_000;
/** bytes. Larger messages are for other tools than a load of many small ones. */
const MAX_SIZE = 1_048_576;
/** bytes. */
const DEFAULT_SIZE = 64;
/** Batches of 64 datagrams that each socket may have on their way. */
const SOCKET_BATCHES = 64;
/** And all together: 25 MB. */
const ALL_BATCHES = 256;
/** ms at the end for outcomes, and echoes, of what was sent last; less when nothing has come for a while. */
const DRAIN_MS = 10_000;
const QUIET_MS = 1000;
const POLL_MS = 20;
const STATUS_MS = 500;
/** s. A day. */
const MAX_SECONDS = 86_400;

const EXAMPLES = `
Thousands of connections from one process, over a few UDP sockets. All messages of a run are bytes without meaning: for
a server that minds them, use --rate 0.

Examples:
  $ sortie bots 127.0.0.1:1474 --protocol echo/1 --key keys/root.pub --count 2000 --ramp 400 --echo
  $ sortie bots game.example:1474 --protocol arena/1 --ca keys/ca.crt --rate 30 --size 40-120 --duration 60
  $ sortie bots [::1]:1474 --protocol arena/1 --key keys/root.pub --count 5000 --rate 0 --json

From another machine a server sees all bots at one address, and lets in as many a second as its handshakesPerPrefix
allows. The exit status is 0 when every bot connected and stayed connected, messages were sent and none was too large,
and with --echo and a delivery that loses nothing every message came back to its sender; else 1.`;

/** `sortie bots`: a load of many connections. */
export function botsCommand(host: CommandHost = PROCESS_HOST): Command {
  const command = new Command("bots")
    .description("load a server with thousands of connections, and report how it bears them")
    .argument("<target>", "HOST:PORT")
    .option("-n, --count <number>", "bots", integerIn(1, MAX_BOTS), 100)
    .option("--ramp <number>", "connections begun each second", numberIn(0.1, 100_000), 200)
    .option("--connecting <number>", "connections under way at once, at the most", integerIn(1, MAX_BOTS), 256)
    .option("--rate <number>", "messages of each bot a second", numberIn(0, 10_000), 10)
    .addOption(
      new Option("--size <bytes>", "of each message, or MIN-MAX")
        .argParser(sizeOption)
        .default({ min: DEFAULT_SIZE, max: DEFAULT_SIZE } satisfies SizeRange, String(DEFAULT_SIZE)),
    )
    .option("--delivery <mode>", DELIVERY_NAMES.join(", "), oneOf(DELIVERY_NAMES), "unreliable")
    .option("--channel <number>", "channel of all messages", integerIn(0, 255), 0)
    .option("--duration <seconds>", "after all have connected or failed; 0: until Ctrl-C", numberIn(0, MAX_SECONDS), 10)
    .option("--sockets <number>", "UDP sockets that the bots share", integerIn(1, 1024), 4)
    .option("--timeout <ms>", "for each bot to connect", numberIn(100, 600_000), 10_000)
    .option("--echo", "the server sends each message back to its sender: measure that, miss what does not come")
    .option("--seed <number>", "of sizes, contents and times (default: a random one)", integerIn(0, 0xffff_ffff));
  return addTrustOptions(command)
    .option("--json", "print the report as JSON, and nothing else, to standard output")
    .addHelpText("after", EXAMPLES)
    .action(async (target: string, options: BotsOptions) => {
      if (!(await run(target, options, host))) host.setExitCode(1);
    });
}

const DELIVERY_NAMES: readonly Delivery[] = DELIVERIES.map(({ name }) => name);

async function run(text: string, options: BotsOptions, host: CommandHost): Promise<boolean> {
  const { size, echo = false, count: bots, duration, delivery, channel } = options;
  const target = parseHostAndPort("target", text);
  const trust = await readTrust(options);
  if (echo && size.min < STAMP_BYTES) {
    throw new Error(`"--size" expected at least ${STAMP_BYTES} bytes with --echo, for a stamp, got ${size.min}`);
  }
  const clock = new SystemClock();
  const seed = options.seed ?? randomInt(2 ** 32);
  const sockets = Math.min(options.sockets, bots);
  const client = { ...target, ...trust, timeoutMs: options.timeout };
  const batches = Math.max(1, Math.min(SOCKET_BATCHES, Math.floor(ALL_BATCHES / sockets)));
  const crowd = new Crowd({
    client: withoutTransport(client, await loadedCrypto({})),
    createTransport: () => defaultTransport({ batches }),
    clock,
    source: new MessageSource(size, echo, seed),
    count: bots,
    sockets,
    rampPerSecond: options.ramp,
    connectingAtOnce: options.connecting,
    messagesPerSecond: options.rate,
    send: { delivery, channel },
  });
  const isLossless = delivery === "reliable" || delivery === "ordered";
  const startMs = clock.now();
  const cpuBefore = process.cpuUsage();
  const loopBefore = performance.eventLoopUtilization();
  const interrupted = host.interrupted();
  const status = new StatusLine(process.stderr, STATUS_MS, () => statusText(crowd, bots, clock.now() - startMs));
  try {
    await crowd.start();
    await Promise.race([crowd.settled, interrupted]);
    if (crowd.playing > 0) await (duration === 0 ? interrupted : waitFor(duration * 1000, [interrupted], clock));
    crowd.stopSending();
    await drained(crowd, echo, clock);
  } finally {
    status.end();
    if (crowd.started === 0) await crowd.close();
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  const report = createReport(crowd, {
    target: text,
    protocol: trust.protocol,
    seed,
    bots,
    sockets,
    delivery,
    echo,
    rate: options.rate,
    isLossless,
    seconds: (clock.now() - startMs) / 1000,
    cpuSeconds: (user + system) / 1e6,
    loopBusy: performance.eventLoopUtilization(loopBefore).utilization,
    residentBytes: process.memoryUsage.rss(),
  });
  await crowd.close();
  if (options.json === true) console.log(jsonText(report));
  else for (const line of reportLines(report)) console.log(line);
  return report.passed;
}

/** Waits until it is known what became of all messages, as long as something is still coming. */
async function drained({ meter }: Crowd, echo: boolean, clock: SystemClock): Promise<void> {
  const startMs = clock.now();
  let progressMs = startMs;
  let before = -1;
  while (meter.pending > 0 || (echo && meter.echoes < meter.sent)) {
    const nowMs = clock.now();
    const settled = meter.sent - meter.pending + meter.echoes;
    if (settled !== before) progressMs = nowMs;
    before = settled;
    if (nowMs - startMs > DRAIN_MS || nowMs - progressMs > QUIET_MS) return;
    await waitFor(POLL_MS, [], clock);
  }
}

function statusText(crowd: Crowd, bots: number, elapsedMs: number): string {
  const { meter, playing } = crowd;
  const { acked, dropped } = meter.outcomes;
  const parts = [
    `${(elapsedMs / 1000).toFixed(0)} s`,
    `${playing}/${bots} connected`,
    ...(meter.failed > 0 ? [`${meter.failed} failed`] : []),
    ...(meter.lost > 0 ? [`${meter.lost} ended`] : []),
    `sent ${count(meter.sent)} acked ${count(acked)} lost ${count(dropped)}`,
    `received ${count(meter.received)}`,
  ];
  const rtt = meter.rttMs.spread();
  if (rtt !== undefined) parts.push(`RTT p50 ${rtt.p50.toFixed(1)} p99 ${rtt.p99.toFixed(1)} ms`);
  return parts.join("  ");
}

function sizeOption(text: string): SizeRange {
  const match = /^(\d{1,7})(?:-(\d{1,7}))?$/.exec(text);
  const min = Number(match?.[1]);
  const max = Number(match?.[2] ?? match?.[1]);
  if (match !== null && min >= 1 && min <= max && max <= MAX_SIZE) return { min, max };
  throw new InvalidArgumentError(`expected bytes in 1..${MAX_SIZE}, such as 64 or 40-120, got "${text}"`);
}
