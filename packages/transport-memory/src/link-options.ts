import { checkOptionNames } from "@sortie/transport";
import { checkInteger, checkNumber, type OptionNames } from "./check.js";
import { checkDelayTail, type DelayTail } from "./delay-tail.js";
import { burstLoss, checkGilbertElliott, type GilbertElliott, independentLoss } from "./loss-model.js";

/**
 * One direction of a network path. What is left out is ideal: no delay, no loss, no limit. Shares are 0..1 and drawn
 * per datagram.
 */
export interface LinkOptions {
  /** ms. One-way delay of every datagram. Default 0. */
  readonly latencyMs?: number | undefined;
  /**
   * ms. Extra delay, drawn evenly from 0..jitterMs for each datagram. It never changes the order: a datagram that
   * would overtake waits for the one before it, as in a queue (the delay variation "random subject to no-reordering"
   * of RFC 8868); only `reorder` reorders. The delay stays within latencyMs..latencyMs + jitterMs, plus queueing.
   * Datagrams sent closer together than the jitter therefore bunch up and lean to its upper end. Default 0.
   */
  readonly jitterMs?: number | undefined;
  /**
   * A further delay with a long right tail, drawn for each datagram, that like jitter never changes the order: what
   * comes after a late datagram waits behind it, as behind a retransmission of the link layer. Default: none.
   */
  readonly delayTail?: DelayTail | undefined;
  /**
   * The same while the loss model is in its bad state, so that delay and loss come together, as in a fade. Needs
   * `delayTail` and `gilbertElliott`. Default: as `delayTail`.
   */
  readonly delayTailInBad?: DelayTail | undefined;
  /** Share of datagrams lost. Lost ones took their part of the bandwidth before. Default 0. */
  readonly loss?: number | undefined;
  /** Mean length of loss bursts in datagrams (Gilbert's model); at least 1. Needs `loss`. Without it: independent. */
  readonly burst?: number | undefined;
  /** The full Gilbert-Elliott model in place of `loss` and `burst`. */
  readonly gilbertElliott?: GilbertElliott | undefined;
  /** Share of datagrams held back by `reorderDelayMs` to twice that, so that later ones pass them. Default 0. */
  readonly reorder?: number | undefined;
  /** ms. See `reorder`. Default 20: more than a tick at 60 Hz, so that the next datagram of a game passes. */
  readonly reorderDelayMs?: number | undefined;
  /** Share of datagrams that arrive twice; the second copy draws its own jitter. Default 0. */
  readonly duplicate?: number | undefined;
  /** Share of copies delivered with one to four bytes changed (as if the UDP checksum had missed it). Default 0. */
  readonly corrupt?: number | undefined;
  /** bytes/s. Rate of the bottleneck: a first-in, first-out queue empties at this rate. Default: no limit. */
  readonly bandwidthBytesPerSecond?: number | undefined;
  /**
   * bytes. Room of the queue before the bottleneck: a datagram that does not fit is dropped (drop-tail), but an idle
   * link takes any. Default: 100 ms at the link's rate, at least ten full packets. Without a bandwidth there is no
   * queue.
   */
  readonly queueBytes?: number | undefined;
  /** bytes. Larger datagrams are dropped (with `overheadBytes` added). Default: no limit. */
  readonly mtu?: number | undefined;
  /**
   * bytes. Added to each datagram for `mtu`, `bandwidthBytesPerSecond` and `queueBytes`. Default 0: all three count
   * UDP payload. 28 (IPv4) or 48 (IPv6) makes `mtu` the path MTU as the field uses the term.
   */
  readonly overheadBytes?: number | undefined;
}

/** Checked options with every default filled in; limits that are not set are Infinity. */
export interface LinkParameters {
  readonly latencyMs: number;
  readonly jitterMs: number;
  readonly delayTail: DelayTail | undefined;
  readonly delayTailInBad: DelayTail | undefined;
  readonly lossModel: GilbertElliott;
  readonly reorder: number;
  readonly reorderDelayMs: number;
  readonly duplicate: number;
  readonly corrupt: number;
  readonly bytesPerMs: number;
  readonly queueBytes: number;
  readonly mtu: number;
  readonly overheadBytes: number;
}

/** ms. Above every delay a scenario could mean (a day); catches seconds or bytes given for milliseconds. */
const MAX_DELAY_MS = 86_400_000;
/** bytes/s. 1 Tbit/s. */
const MAX_RATE_BYTES_PER_SECOND = 125e9;
/** bytes. */
const MAX_QUEUE_BYTES = 2 ** 40;
/** bytes. Largest UDP payload over IPv6 (65,527) and headers with room to spare. */
const MAX_PACKET_BYTES = 2 ** 17;
/** ms. See `reorderDelayMs`. */
const DEFAULT_REORDER_DELAY_MS = 20;
/** ms of the link's rate: the old rule of one round trip, and what home routers come near to. */
const DEFAULT_QUEUE_MS = 100;
/** bytes. Ten packets of 1500 bytes, so that a slow link's queue can still hold a burst. */
export const MIN_DEFAULT_QUEUE_BYTES = 15_000;

const OPTION_NAMES: OptionNames<LinkOptions> = {
  latencyMs: true,
  jitterMs: true,
  delayTail: true,
  delayTailInBad: true,
  loss: true,
  burst: true,
  gilbertElliott: true,
  reorder: true,
  reorderDelayMs: true,
  duplicate: true,
  corrupt: true,
  bandwidthBytesPerSecond: true,
  queueBytes: true,
  mtu: true,
  overheadBytes: true,
};

/**
 * Throws a RangeError that names the option when one is out of range, TypeError for one that there is not.
 * @param label what the link is called in messages about all of it
 */
export function checkLinkOptions(options: LinkOptions, label: string = "link"): LinkParameters {
  checkOptionNames(options, OPTION_NAMES, label);
  const { latencyMs = 0, jitterMs = 0, reorder = 0, reorderDelayMs = DEFAULT_REORDER_DELAY_MS } = options;
  const { duplicate = 0, corrupt = 0, mtu = Infinity, overheadBytes = 0 } = options;
  checkNumber("latencyMs", latencyMs, 0, MAX_DELAY_MS);
  checkNumber("jitterMs", jitterMs, 0, MAX_DELAY_MS);
  checkNumber("reorder", reorder, 0, 1);
  checkNumber("reorderDelayMs", reorderDelayMs, 0, MAX_DELAY_MS);
  checkNumber("duplicate", duplicate, 0, 1);
  checkNumber("corrupt", corrupt, 0, 1);
  if (mtu !== Infinity) checkInteger("mtu", mtu, 1, MAX_PACKET_BYTES);
  checkInteger("overheadBytes", overheadBytes, 0, MAX_PACKET_BYTES);
  const bytesPerMs = checkedRate(options);
  const { queueBytes = Math.max(MIN_DEFAULT_QUEUE_BYTES, bytesPerMs * DEFAULT_QUEUE_MS) } = options;
  if (queueBytes !== Infinity) checkNumber("queueBytes", queueBytes, 0, MAX_QUEUE_BYTES);
  checkDelayTails(options);
  const lossModel = checkedLoss(options);
  return {
    latencyMs,
    jitterMs,
    delayTail: options.delayTail,
    delayTailInBad: options.delayTailInBad ?? options.delayTail,
    lossModel,
    reorder,
    reorderDelayMs,
    duplicate,
    corrupt,
    bytesPerMs,
    queueBytes,
    mtu,
    overheadBytes,
  };
}

/** bytes/ms, Infinity for no limit. */
function checkedRate({ bandwidthBytesPerSecond: rate = Infinity }: LinkOptions): number {
  if (rate === Infinity) return Infinity;
  checkNumber("bandwidthBytesPerSecond", rate, 1, MAX_RATE_BYTES_PER_SECOND);
  return rate / 1000;
}

function checkDelayTails({ delayTail, delayTailInBad, gilbertElliott }: LinkOptions): void {
  if (delayTail !== undefined) checkDelayTail("delayTail", delayTail);
  if (delayTailInBad === undefined) return;
  checkDelayTail("delayTailInBad", delayTailInBad);
  if (delayTail === undefined || gilbertElliott === undefined) {
    throw new RangeError(`"delayTailInBad" expected with "delayTail" and "gilbertElliott", got it without`);
  }
}

function checkedLoss(options: LinkOptions): GilbertElliott {
  const { loss, burst, gilbertElliott } = options;
  if (gilbertElliott !== undefined) {
    if (loss !== undefined || burst !== undefined) {
      throw new RangeError(`"gilbertElliott" expected in place of "loss" and "burst", got both`);
    }
    checkGilbertElliott(gilbertElliott);
    return gilbertElliott;
  }
  if (burst === undefined) return independentLoss(loss === undefined ? 0 : loss);
  if (loss === undefined) throw new RangeError(`"burst" expected with "loss", got it without`);
  return burstLoss(loss, burst);
}
