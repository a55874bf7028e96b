import { seen } from "@sortie/wire";
import { AdaptiveRate } from "./congestion/adaptive-rate.js";
import type { ReliableEndpoint } from "./reliable-endpoint.js";
import { RECORD_DOUBLES, type SentPackets } from "./sent-packets.js";

/** bytes. */
const CACHE_LINE_BYTES = 64;

/** bytes. As much of the message that waits is read ahead: the processor goes on with longer ones by itself. */
const MAX_PAYLOAD_BYTES = 256;

/** Levels of references below an endpoint that `prefetchEndpoint` knows: 0..3. */
export const ENDPOINT_LEVELS = 4;

/**
 * Reads what receiving or building a packet will need that lies `level` references below the endpoint, a field or two
 * of each line of memory, so that the processor fetches it. Called for some tens of endpoints level by level, no read
 * waits for another one, and many lines are fetched at once; packets themselves go from object to object, one line at a
 * time. Changes nothing; private fields are named here, beside each other, and not by methods of thirty classes.
 *
 * What only one of the two needs is read for that alone: until the other comes, many peers later, it is gone again.
 *
 * @param receives whether packets are received, which may have an ACK; else packets are built
 * @returns 0 or 1, so that the reading is not left out as of no use
 */
export function prefetchEndpoint(endpoint: ReliableEndpoint, level: number, receives: boolean): number {
  if (level === 0) return ownFields(endpoint);
  if (level === 1) return receives ? parts(endpoint) + partsOfReceiving(endpoint) : parts(endpoint);
  if (level === 2) return partsOfParts(endpoint) + (receives ? listsOfReceiving(endpoint) : partsOfBuilding(endpoint));
  if (!receives) return nextRecord(endpoint) + waitingMessage(endpoint);
  return mayGetAck(endpoint) ? partsForAcks(endpoint) + partsOfController(endpoint) + oldestRecord(endpoint) : 0;
}

function ownFields(endpoint: ReliableEndpoint): number {
  return seen(endpoint["overheadBytes"] + endpoint["maxDatagramBytes"] + endpoint["lastNowMs"]);
}

function parts(endpoint: ReliableEndpoint): number {
  const acks = endpoint["acks"];
  const outbound = endpoint["outbound"];
  const recovery = endpoint["recovery"];
  const congestion = endpoint["congestion"];
  let sum = acks["mask"] + acks["cutFloor"] + acks["largestAtMs"];
  sum += outbound["usableBytes"] + outbound["maxMessageBytes"];
  sum += recovery.probesPending + recovery["largestAcked"] + recovery["progressAtMs"];
  sum += recovery["elicitingSentAtMs"] + endpoint["controls"]["bits"];
  if (congestion instanceof AdaptiveRate) sum += congestion["window"];
  return seen(endpoint["inbound"]["held"] === undefined ? sum : sum + 1);
}

function partsOfReceiving(endpoint: ReliableEndpoint): number {
  const inbox = endpoint["inbox"];
  const inbound = endpoint["inbound"];
  return seen(inbox.bytes + inbox["maxBytes"] + inbound["windowBytes"] + inbound["sequencedCount"]);
}

/** What receiving and building need of the parts' own parts. */
function partsOfParts(endpoint: ReliableEndpoint): number {
  const { sent, rtt, detector, holdUp } = endpoint["recovery"];
  const scheduler = endpoint["outbound"]["scheduler"];
  let sum = sent.nextNumber + sent["mask"] + sent.bytesInFlight + rtt["timeout"];
  sum += detector.lossTimeAt + holdUp.toleranceMs + holdUp["seenAtMs"];
  sum += scheduler["occupied"];
  return seen(scheduler["creditNeeds"] === undefined ? sum : sum + 1);
}

function listsOfReceiving(endpoint: ReliableEndpoint): number {
  return seen(endpoint["inbox"]["droppable"].length + (endpoint["acks"]["proofs"][0] as number));
}

function partsOfBuilding(endpoint: ReliableEndpoint): number {
  const budget = endpoint["outbound"]["budget"];
  return seen(budget.messages + budget["asideBytes"] + budget["maxBytes"] + partsOfSending(endpoint));
}

/** What changes with a packet that is sent and with one that is acknowledged. */
function partsOfSending(endpoint: ReliableEndpoint): number {
  const { sampler } = endpoint["recovery"];
  const congestion = endpoint["congestion"];
  const sum = sampler.deliveredBytes + sampler["trainAtMs"] + sampler["deliveredAtMs"];
  if (!(congestion instanceof AdaptiveRate)) return seen(sum);
  return seen(sum + congestion["bucket"]["tokens"] + congestion["bucket"]["updatedAtMs"]);
}

/**
 * Whether the next packet may well have an ACK: packets that nobody hurries to acknowledge have one for several. What
 * applying it needs, some thirty lines of memory, is not read ahead before there are more of them than one.
 */
function mayGetAck(endpoint: ReliableEndpoint): boolean {
  const { sent } = endpoint["recovery"];
  return sent.packetsInFlight > 1 || sent.promptInFlight > 0;
}

function partsForAcks(endpoint: ReliableEndpoint): number {
  const { rtt } = endpoint["recovery"];
  const burst = endpoint["recovery"]["burst"];
  const hold = endpoint["recovery"]["hold"];
  let sum = rtt["smoothed"] + rtt["variance"] + rtt["latest"] + rtt["minPath"];
  sum += burst["rate"] + burst["windowEndsAtMs"] + hold["current"] + hold["fromMs"];
  return seen(sum + partsOfSending(endpoint));
}

function partsOfController(endpoint: ReliableEndpoint): number {
  const congestion = endpoint["congestion"];
  if (!(congestion instanceof AdaptiveRate)) return 0;
  const bandwidth = congestion["bandwidth"];
  const queue = congestion["queue"];
  const rounds = congestion["rounds"];
  let sum = congestion["pace"] + congestion["smoothedRttMs"] + congestion["deliveredBytes"] + congestion["usedAtMs"];
  sum += bandwidth["current"] + bandwidth["countFromBytes"];
  sum += queue["base"] + queue["recentMs"] + queue["runningMs"] + queue["burstMinMs"] + queue["roundMaxMs"];
  sum += rounds.count + rounds.elapsedMs + rounds.fromMs + rounds["regained"];
  return seen(sum + congestion["standing"]["quietBytes"] + congestion["losses"]["share"]);
}

/** Of the packet that an ACK is most likely to begin with. */
function oldestRecord(endpoint: ReliableEndpoint): number {
  const { sent } = endpoint["recovery"];
  return seen(recordOf(sent, sent.lowest & sent["mask"]));
}

function nextRecord(endpoint: ReliableEndpoint): number {
  const { sent } = endpoint["recovery"];
  const slot = sent.nextNumber & sent["mask"];
  return seen(recordOf(sent, slot) + (sent["wholes"][slot] === undefined ? 0 : 1));
}

/** First and last field of a packet's record, which need not begin with a line. */
function recordOf(sent: SentPackets, slot: number): number {
  const from = slot * RECORD_DOUBLES;
  return (sent["records"][from] as number) + (sent["records"][from + RECORD_DOUBLES - 1] as number);
}

function waitingMessage(endpoint: ReliableEndpoint): number {
  const message = endpoint["outbound"]["scheduler"]["sole"];
  if (message?.payload === undefined) return 0;
  const { payload, payloadStart } = message;
  let sum = message.totalBytes + message.expiresAtMs;
  const end = Math.min(payload.length, payloadStart + Math.min(message.totalBytes, MAX_PAYLOAD_BYTES));
  for (let byte = payloadStart; byte < end; byte += CACHE_LINE_BYTES) sum += payload[byte] as number;
  return seen(sum);
}
