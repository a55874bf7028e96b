import {
  MAX_DATAGRAM_BYTES,
  MAX_MESSAGE_BYTES,
  MAX_PACKET_NUMBER,
  MIN_DATAGRAM_BYTES,
  type OptionNames,
} from "@sortie/wire";
import type { ByteBudget } from "./byte-budget.js";
import type { CongestionController } from "./congestion/congestion-controller.js";
import { checkOptionNames, describeGiven } from "./option-names.js";
import type {
  ClockLead,
  ControlFrames,
  EndpointLimits,
  EndpointOptions,
  EndpointTrace,
  PacketFates,
} from "./endpoint-options.js";
import { expectNumber } from "./expect-number.js";
import { checkChannelWeights } from "./send-options.js";

const OPTION_NAMES: OptionNames<EndpointOptions> = {
  randomU32: true,
  localMaxAckDelayMs: true,
  usualDelayMs: true,
  peerMaxAckDelayMs: true,
  peerTakesTimedAcks: true,
  clockLead: true,
  initialRttMs: true,
  maxDatagramBytes: true,
  packetOverheadBytes: true,
  peerMaxMessageBytes: true,
  peerReceiveWindowBytes: true,
  maxMessageBytes: true,
  receiveWindowBytes: true,
  limits: true,
  channelWeights: true,
  maxUnreliableWaitMs: true,
  reassemblyBudget: true,
  congestion: true,
  control: true,
  trace: true,
  fates: true,
  initialPacketNumber: true,
  initialMessageId: true,
};

const LIMIT_NAMES: OptionNames<EndpointLimits> = {
  maxQueuedBytes: true,
  maxQueuedMessages: true,
  maxInboxMessages: true,
  maxInboxBytes: true,
  unreliableReassemblyBytes: true,
  unreliableReassemblySets: true,
};

/** What each part has that is called or read, by `typeof`. */
type Parts<Of> = readonly (readonly [name: keyof Of & string, kind: "function" | "number"])[];

const CONTROL_PARTS: Parts<ControlFrames> = [
  ["bytesOf", "function"],
  ["write", "function"],
  ["onAcked", "function"],
  ["resends", "function"],
];

const CONTROLLER_PARTS: Parts<CongestionController> = [
  ["onPacketSent", "function"],
  ["onPacketAcked", "function"],
  ["onAck", "function"],
  ["onPacketsLost", "function"],
  ["onSpuriousLoss", "function"],
  ["onPathChanged", "function"],
  ["canSend", "function"],
  ["nextSendAt", "function"],
  ["windowBytes", "number"],
  ["paceBytesPerSecond", "number"],
  ["bandwidthBytesPerSecond", "number"],
];

const BUDGET_PARTS: Parts<ByteBudget> = [
  ["fits", "function"],
  ["charge", "function"],
  ["tryCharge", "function"],
  ["release", "function"],
];

const LEAD_PARTS: Parts<ClockLead> = [["leadMs", "number"]];

const FATES_PARTS: Parts<PacketFates> = [
  ["onPacketAcked", "function"],
  ["onPacketLost", "function"],
];

const TRACE_FUNCTIONS: readonly (keyof EndpointTrace)[] = [
  "onPacketAcked",
  "onPacketLost",
  "onSpuriousLoss",
  "onProbeTimeout",
  "onCongestion",
];

/**
 * Looks at all options as an endpoint is made: a wrong one would show when it is first used, far from the mistake, or
 * not at all.
 * @throws RangeError or TypeError that names the option, its range or what it takes, and what came
 */
export function checkEndpointOptions(options: EndpointOptions): void {
  checkOptionNames(options, OPTION_NAMES);
  expectNumber("maxDatagramBytes", options.maxDatagramBytes, MIN_DATAGRAM_BYTES, MAX_DATAGRAM_BYTES);
  expectNumber("peerMaxMessageBytes", options.peerMaxMessageBytes, 1, MAX_MESSAGE_BYTES);
  expectNumber("peerReceiveWindowBytes", options.peerReceiveWindowBytes, options.peerMaxMessageBytes, 2 ** 40);
  expectNumber("maxMessageBytes", options.maxMessageBytes, 1, MAX_MESSAGE_BYTES);
  expectOptional("usualDelayMs", options.usualDelayMs, 0, Infinity);
  // Of this one only whether it is a number: its range is the estimator's, which is told no null.
  expectOptional("initialRttMs", options.initialRttMs, -Infinity, Infinity);
  expectOptional("maxUnreliableWaitMs", options.maxUnreliableWaitMs, 1, Infinity);
  checkChannelWeights(options.channelWeights);
  expectNumber("receiveWindowBytes", options.receiveWindowBytes, options.maxMessageBytes, 2 ** 40);
  expectOptional("packetOverheadBytes", options.packetOverheadBytes, 0, MIN_DATAGRAM_BYTES / 2);
  expectInteger("initialPacketNumber", options.initialPacketNumber, MAX_PACKET_NUMBER);
  expectInteger("initialMessageId", options.initialMessageId, 0xffff);
  checkLimits(options.limits);
  checkCallees(options);
}

function checkLimits(limits: Partial<EndpointLimits> | undefined): void {
  if (limits === undefined) return;
  checkOptionNames(limits, LIMIT_NAMES, "limits");
  for (const [name, value] of Object.entries(limits)) {
    if (Object.hasOwn(LIMIT_NAMES, name)) expectNumber(name, value, 1, Infinity);
  }
}

function checkCallees({
  randomU32,
  control,
  congestion,
  reassemblyBudget,
  trace,
  fates,
  clockLead,
}: EndpointOptions): void {
  if (typeof randomU32 !== "function") throw wrong("randomU32", "a function", randomU32);
  expectParts("control", control, "control frames", CONTROL_PARTS);
  if (congestion !== undefined) expectParts("congestion", congestion, "a congestion controller", CONTROLLER_PARTS);
  if (reassemblyBudget !== undefined) expectParts("reassemblyBudget", reassemblyBudget, "a ByteBudget", BUDGET_PARTS);
  if (clockLead !== undefined) expectParts("clockLead", clockLead, "the lead of a clock", LEAD_PARTS);
  if (fates !== undefined) expectParts("fates", fates, "an object that sees fates", FATES_PARTS);
  if (trace !== undefined) checkTrace(trace);
}

/** It need not have all functions, and may have more than these: a recorder is one. */
function checkTrace(trace: EndpointTrace): void {
  if (describeGiven(trace) !== "an object") throw wrong("trace", "an object with functions", trace);
  for (const name of TRACE_FUNCTIONS) {
    const seen: unknown = trace[name];
    if (seen !== undefined && typeof seen !== "function") throw wrong(`trace.${name}`, "a function", seen);
  }
}

/** By its parts: what another copy of the package made, or a proxy, is an instance of no class here. */
function expectParts<Of extends object>(label: string, value: Of, expected: string, parts: Parts<Of>): void {
  const isObject = typeof value === "object" && value !== null;
  for (const [name, kind] of parts) {
    if (!isObject || typeof value[name] !== kind) throw wrong(label, expected, value, parts);
  }
}

/** @param parts those that an object lacks are named */
function wrong<Of extends object>(label: string, expected: string, value: unknown, parts: Parts<Of> = []): TypeError {
  const got = describeGiven(value);
  const missing = got === "an object" ? parts.filter(([name, kind]) => typeof (value as Of)[name] !== kind) : [];
  const without = missing.length === 0 ? "" : ` without ${missing.map(([name]) => name).join(", ")}`;
  return new TypeError(`"${label}" expected ${expected}, got ${got}${without}`);
}

/** Left out alone asks for the default: null is a mistake. */
function expectOptional(label: string, value: number | undefined, lowest: number, highest: number): void {
  if (value !== undefined) expectNumber(label, value, lowest, highest);
}

/** The same for what is counted: between two numbers of packets or messages there is none. */
function expectInteger(label: string, value: number | undefined, highest: number): void {
  if (value === undefined) return;
  expectNumber(label, value, 0, highest);
  if (!Number.isInteger(value)) throw new RangeError(`"${label}" expected an integer in 0..${highest}, got ${value}`);
}
