import { bytesText, count, percentText } from "../figures-text.js";
import { printable } from "../printable.js";
import { styleOf } from "../style.js";
import type { SendRefusal } from "@sortie/reliability";
import type { CrowdMeter } from "./crowd-meter.js";
import type { Crowd, CrowdTraffic } from "./crowd.js";
import type { SpreadOfTimes } from "./time-spread.js";

/** What does not change during a run. */
export interface RunFacts {
  readonly target: string;
  readonly protocol: string;
  readonly seed: number;
  readonly bots: number;
  readonly sockets: number;
  readonly delivery: string;
  /** Whether the server was expected to send every message back. */
  readonly echo: boolean;
  /** Of each bot a second. */
  readonly rate: number;
  /** Whether a message of this delivery that is lost is sent again for ever. */
  readonly isLossless: boolean;
  /** s from the first bot to the last answer. */
  readonly seconds: number;
  /** s of processor time of this process, and the share of the time in which its event loop was busy. */
  readonly cpuSeconds: number;
  readonly loopBusy: number;
  readonly residentBytes: number;
}

/** What a crowd has done: what `--json` prints. Times in ms, sizes in bytes. */
export interface CrowdReport extends RunFacts {
  /** Nothing is among the faults. */
  readonly passed: boolean;
  /** What must not be, in words: bots that did not stay, messages that could not be sent, echoes that did not come. */
  readonly faults: readonly string[];
  /** `failed`: bots by reason; `examples`: the words of the first of each. */
  readonly connects: {
    readonly begun: number;
    readonly ok: number;
    readonly failed: Readonly<Record<string, number>>;
    readonly examples: Readonly<Record<string, string>>;
  };
  readonly handshakeMs: SpreadOfTimes | undefined;
  readonly messages: {
    readonly sent: number;
    readonly acked: number;
    /** Lost on their way, or never sent. */
    readonly lost: number;
    /** Of these, those that waited too long to be sent, or were replaced by newer ones. */
    readonly unsent: number;
    readonly expired: number;
    /** Of connections that ended first. */
    readonly closed: number;
    /** Without an outcome at the end. */
    readonly open: number;
    readonly refused: Readonly<Record<SendRefusal, number>>;
    /** Left out, since this process was at its limit. */
    readonly skipped: number;
    readonly received: number;
    readonly sentBytes: number;
    readonly receivedBytes: number;
  };
  /** With `--echo` alone. */
  readonly echoes?: {
    /** Messages that came back to the bot that had sent them, each counted once. */
    readonly received: number;
    readonly missing: number;
    /** Messages of this run that came to another bot, or once more. */
    readonly unexpected: number;
  };
  readonly echoMs?: SpreadOfTimes | undefined;
  readonly rttMs: SpreadOfTimes | undefined;
  readonly packets: PacketSums;
  readonly traffic: CrowdTraffic;
  readonly disconnects: Readonly<Record<string, number>>;
  readonly errors: { readonly count: number; readonly first: string | undefined };
}

/** Packets of all connections. */
interface PacketSums {
  readonly sent: number;
  readonly received: number;
  readonly lost: number;
  /** 0..1. */
  readonly loss: number;
}

/** To be made before the bots leave: what they do then is not part of it. */
export function createReport(crowd: Crowd, facts: RunFacts): CrowdReport {
  const { meter, traffic } = crowd;
  const { sent, outcomes, refusals, skipped, received, echoes, unexpectedEchoes: unexpected } = meter;
  const missing = sent - echoes;
  const failed = Object.fromEntries([...meter.failures].map(([code, { count }]) => [code, count]));
  const examples = Object.fromEntries([...meter.failures].map(([code, { example }]) => [code, example]));
  const packets = sumsOf(crowd);
  const faults = faultsOf(meter, facts);
  return {
    ...facts,
    passed: faults.length === 0,
    faults,
    connects: { begun: crowd.started, ok: meter.connected, failed, examples },
    handshakeMs: meter.handshakeMs.spread(),
    messages: {
      sent,
      acked: outcomes.acked,
      lost: outcomes.dropped,
      unsent: packets.unsent,
      expired: outcomes.expired,
      closed: outcomes.closed,
      open: meter.pending,
      refused: { ...refusals },
      skipped,
      received,
      sentBytes: meter.sentBytes,
      receivedBytes: meter.receivedBytes,
    },
    ...(facts.echo ? { echoes: { received: echoes, missing, unexpected }, echoMs: meter.echoMs.spread() } : {}),
    rttMs: meter.rttMs.spread(),
    packets: { sent: packets.sent, received: packets.received, lost: packets.lost, loss: packets.loss },
    traffic,
    disconnects: Object.fromEntries(meter.disconnects),
    errors: { count: meter.errors, first: meter.firstError },
  };
}

function faultsOf(meter: CrowdMeter, { bots, rate, echo, isLossless }: RunFacts): string[] {
  const { connected, lost, errors, sent, echoes, refusals } = meter;
  const tooLarge = refusals["message-too-large"];
  const missing = sent - echoes;
  return [
    ...(connected < bots ? [`${count(bots - connected)} of ${count(bots)} bots did not connect`] : []),
    ...(lost > 0 ? [`${count(lost)} connections ended`] : []),
    ...(errors > 0 ? [`${count(errors)} errors`] : []),
    ...(tooLarge > 0 ? [`${count(tooLarge)} messages were too large to be sent`] : []),
    ...(sent === 0 && rate > 0 ? ["no message was sent"] : []),
    ...(echo && isLossless && missing > 0 ? [`${count(missing)} echoes are missing`] : []),
  ];
}

/** Packets of all connections, those that have ended included. */
function sumsOf(crowd: Crowd): PacketSums & { readonly unsent: number } {
  let [sent, received, lost, unsent] = [0, 0, 0, 0];
  for (const client of crowd.clients()) {
    const { stats } = client;
    if (stats === undefined) continue;
    sent += stats.packetsSent;
    received += stats.packetsReceived;
    // What was taken for lost and then acknowledged was only late.
    lost += Math.max(0, stats.endpoint.packetsLost - stats.endpoint.spuriousLosses);
    unsent += stats.endpoint.messagesShed + stats.endpoint.messagesSuperseded;
  }
  return { sent, received, lost, unsent, loss: sent === 0 ? 0 : lost / sent };
}

/** The report for people. */
export function reportLines(report: CrowdReport): string[] {
  const { connects, messages, traffic, packets, seconds } = report;
  const style = styleOf(process.stdout);
  const perSecond = (value: number): string => count(value / Math.max(seconds, 1e-3));
  const refused = Object.entries(messages.refused).filter(([, value]) => value > 0);
  const lines: [string, string][] = [
    ["connected", `${connects.ok} of ${report.bots}, on ${report.sockets} sockets to ${report.target}`],
    ...Object.entries(connects.failed).map(([code, value]): [string, string] => [
      "  failed",
      style.red(`${value} ${code}: ${printable(connects.examples[code] ?? "")}`),
    ]),
    ["handshakes", timesText(report.handshakeMs)],
    ["messages", `${count(messages.sent)} sent (${perSecond(messages.sent)}/s), ${count(messages.received)} received`],
    [
      "  of these",
      `${count(messages.acked)} acked, ${count(messages.lost)} lost (${count(messages.unsent)} of them never sent), ` +
        `${count(messages.expired)} expired, ` +
        `${count(messages.closed)} closed, ${count(messages.open)} open`,
    ],
    ...refused.map(([reason, value]): [string, string] => ["  refused", `${count(value)} ${reason}`]),
    ...(messages.skipped > 0
      ? [["  skipped", style.yellow(`${count(messages.skipped)}: this process was at its limit`)] as [string, string]]
      : []),
    ...(report.echoes === undefined
      ? []
      : ([
          ["echoes", echoesText(report.echoes)],
          ["  after", timesText(report.echoMs)],
        ] as [string, string][])),
    ["RTT", timesText(report.rttMs)],
    ["packets", `${count(packets.sent)} sent, ${count(packets.received)} received, ${percentText(packets.loss)} lost`],
    ["datagrams", `${perSecond(traffic.datagramsSent)}/s out, ${perSecond(traffic.datagramsReceived)}/s in`],
    ["bytes", `${bytesText(traffic.bytesSent)} out, ${bytesText(traffic.bytesReceived)} in`],
    ...(traffic.sendErrors + traffic.strays > 0
      ? [["", `${traffic.sendErrors} could not be sent, ${traffic.strays} were for no bot`] as [string, string]]
      : []),
    ...Object.entries(report.disconnects).map(([reason, value]): [string, string] => [
      "  ended",
      style.red(`${value} ${reason}`),
    ]),
    ...(report.errors.count > 0
      ? [["errors", style.red(`${report.errors.count}: ${report.errors.first}`)] as [string, string]]
      : []),
    [
      "processor",
      `${report.cpuSeconds.toFixed(1)} s in ${seconds.toFixed(1)} s, event loop ${percentText(report.loopBusy)} busy, ` +
        `${bytesText(report.residentBytes)} of memory`,
    ],
    ["verdict", report.passed ? style.green("passed") : style.red(`failed: ${report.faults.join(", ")}`)],
  ];
  return lines.map(([label, text]) => `${style.dim(label.padEnd(11))} ${text}`);
}

function echoesText({ received, missing, unexpected }: NonNullable<CrowdReport["echoes"]>): string {
  const others = unexpected > 0 ? `, ${count(unexpected)} to other bots or once more` : "";
  return `${count(received)}, ${count(missing)} missing${others}`;
}

function timesText(times: SpreadOfTimes | undefined): string {
  if (times === undefined) return "-";
  const list = [times.min, times.p50, times.p90, times.p99, times.max].map((ms) => ms.toFixed(ms < 10 ? 2 : 1));
  return `${list.join(" / ")} ms (min / p50 / p90 / p99 / max)`;
}
