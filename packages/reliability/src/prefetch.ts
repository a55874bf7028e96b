import { seen } from "@sortie/wire";
import { AdaptiveRate } from "./congestion/adaptive-rate.js";
import type { ReliableEndpoint } from "./reliable-endpoint.js";

/** bytes. */
const CACHE_LINE_BYTES = 64;

/** bytes. As much of the message that waits is read ahead: the processor goes on with longer ones by itself. */
const MAX_PAYLOAD_BYTES = 256;

/** Levels of references below an endpoint that `prefetchEndpoint` knows: 0..3. */
export const ENDPOINT_LEVELS = 4;

/**
 * Reads what receiving and building a packet will need that lies `level` references below the endpoint, a field or two
 * of each line of memory, so that the processor fetches it. Called for some tens of endpoints level by level, no read
 * waits for another one, and many lines are fetched at once; packets themselves go from object to object, one line at a
 * time. Changes nothing; private fields are named here, beside each other, and not by methods of thirty classes.
 *
 * @param receives whether packets are received; else what only these need is left out
 * @returns 0 or 1, so that the reading is not left out as of no use
 */
export function prefetchEndpoint(endpoint: ReliableEndpoint, level: number, receives: boolean): number {
  if (level === 0) return ownFields(endpoint);
  if (level === 1) return parts(endpoint);
  if (level === 2) {
    const both = partsOfRecovery(endpoint) + partsOfQueues(endpoint);
    return receives ? both + partsOfController(endpoint) : both;
  }
  return arrays(endpoint);
}

function ownFields(endpoint: ReliableEndpoint): number {
  return seen(endpoint["overheadBytes"] + endpoint["maxDatagramBytes"] + endpoint["lastNowMs"]);
}

function parts(endpoint: ReliableEndpoint): number {
  const counters = endpoint["counters"];
  const acks = endpoint["acks"];
  const inbox = endpoint["inbox"];
  const inbound = endpoint["inbound"];
  const outbound = endpoint["outbound"];
  const recovery = endpoint["recovery"];
  let sum = counters.packetsSent + counters.packetsAcked + counters.bytesInFlight;
  sum += acks["mask"] + acks["cutFloor"] + acks["largestAtMs"];
  sum += inbox.bytes + inbox["arrivals"];
  sum += inbound["windowBytes"] + inbound["sequencedCount"];
  sum += outbound["usableBytes"] + outbound["maxMessageBytes"];
  sum += recovery.probesPending + recovery["largestAcked"] + recovery["progressAtMs"];
  sum += recovery["elicitingSentAtMs"] + endpoint["controls"]["bits"];
  const congestion = endpoint["congestion"];
  if (congestion instanceof AdaptiveRate) {
    sum += congestion["pace"] + congestion["gain"] + congestion["smoothedRttMs"] + congestion["window"];
    sum += congestion["deliveredBytes"] + congestion["usedAtMs"];
  }
  return seen(sum);
}

function partsOfRecovery(endpoint: ReliableEndpoint): number {
  const recovery = endpoint["recovery"];
  const { sent, rtt, detector, sampler, holdUp } = recovery;
  const losses = recovery["losses"];
  const burst = recovery["burst"];
  const hold = recovery["hold"];
  let sum = sent.nextNumber + sent["mask"] + sent.bytesInFlight;
  sum += rtt["smoothed"] + rtt["variance"] + rtt["latest"] + rtt["minPath"] + rtt["timeout"];
  sum += detector.lossTimeAt + detector["time"];
  sum += sampler.deliveredBytes + sampler["trainAtMs"] + sampler["deliveredAtMs"];
  sum += holdUp.endedAtMs + holdUp["seenAtMs"] + holdUp["lateAtMs"];
  sum += losses["bytes"] + losses["lastSentAtMs"];
  sum += burst["rate"] + burst["windowEndsAtMs"];
  return seen(sum + hold["current"] + hold["fromMs"]);
}

function partsOfQueues(endpoint: ReliableEndpoint): number {
  const inbox = endpoint["inbox"];
  const outbound = endpoint["outbound"];
  const flow = outbound["flow"];
  const budget = outbound["budget"];
  let sum = inbox["droppable"]["head"] + inbox["kept"]["head"] + endpoint["inbound"].credit["told"];
  sum += flow["largeUsed"] + budget.messages + budget["asideBytes"] + budget["channelBytes"].length;
  sum += outbound["scheduler"]["occupied"] + outbound["channels"]["firstId"];
  const congestion = endpoint["congestion"];
  if (congestion instanceof AdaptiveRate) sum += congestion["bucket"]["tokens"] + congestion["bucket"]["updatedAtMs"];
  return seen(sum + outbound.deadlines["heap"].length);
}

function partsOfController(endpoint: ReliableEndpoint): number {
  const congestion = endpoint["congestion"];
  if (!(congestion instanceof AdaptiveRate)) return 0;
  const bandwidth = congestion["bandwidth"];
  const queue = congestion["queue"];
  const rounds = congestion["rounds"];
  let sum = bandwidth["current"] + bandwidth["countFromBytes"];
  sum += queue["base"] + queue["recentMs"] + queue["runningMs"] + queue["burstMinMs"] + queue["roundMaxMs"];
  sum += rounds.count + rounds.elapsedMs + rounds["fromMs"] + rounds["regained"];
  sum += congestion["clock"]["fromMs"] + congestion["standing"]["levelMs"];
  sum += congestion["renewal"]["peakRate"] + congestion["losses"]["share"];
  sum += congestion["trains"]["bytes"] + congestion["growth"]["fullRate"] + congestion["probing"]["fromRate"];
  return seen(congestion["own"].isShared ? sum : sum + 1);
}

/** What was written last of what the objects keep in arrays, and the message that waits to be sent. */
function arrays(endpoint: ReliableEndpoint): number {
  const { sent } = endpoint["recovery"];
  const at = sent.nextNumber & sent["mask"];
  const oldest = sent.lowest & sent["mask"];
  let sum = (sent["doubles"][at] as number) + (sent["words"][at] as number) + (sent["items"][0] as number);
  sum += (sent["doubles"][oldest] as number) + (sent["words"][oldest] as number);
  sum += endpoint["acks"]["proofs"][0] as number;
  const message = endpoint["outbound"]["scheduler"]["sole"];
  if (message?.payload === undefined) return seen(sum);
  const { payload, payloadStart } = message;
  sum += message.totalBytes + message.expiresAtMs;
  const end = Math.min(payload.length, payloadStart + Math.min(message.totalBytes, MAX_PAYLOAD_BYTES));
  for (let byte = payloadStart; byte < end; byte += CACHE_LINE_BYTES) sum += payload[byte] as number;
  return seen(sum);
}
