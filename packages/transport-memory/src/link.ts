import { describeValue } from "@sortie/transport";
import { DelaySampler, type DelayTail, isSameTail } from "./delay-tail.js";
import type { LinkParameters } from "./link-options.js";
import { LossModel } from "./loss-model.js";
import { type LinkSpec, resolveLink } from "./link-spec.js";
import type { LinkTimeline } from "./link-timeline.js";
import { Prng } from "./prng.js";

/** Fate of a datagram on a link: "passed" on (once or twice), or why not. */
export type LinkVerdict = "passed" | "lost" | "queue-full" | "too-big";

/** What a link did so far. offered = passed + lost + queueFull + tooBig. */
export interface LinkStatistics {
  /** Datagrams given to the link. */
  readonly offered: number;
  readonly passed: number;
  readonly lost: number;
  readonly queueFull: number;
  readonly tooBig: number;
  /** Of the passed ones, those with a second copy. */
  readonly duplicated: number;
  /** Of the passed ones, those held back for later ones to pass. */
  readonly heldBack: number;
  /** Copies marked as corrupted. */
  readonly corrupted: number;
  /** bytes. Sizes of the passed datagrams, without overhead. */
  readonly passedBytes: number;
}

class LinkCounters implements LinkStatistics {
  offered = 0;
  passed = 0;
  lost = 0;
  queueFull = 0;
  tooBig = 0;
  duplicated = 0;
  heldBack = 0;
  corrupted = 0;
  passedBytes = 0;
}

/** Streams of random numbers, one for each kind of fault. */
const LOSS_STREAM = 1;
const JITTER_STREAM = 2;
const REORDER_STREAM = 3;
const DUPLICATE_STREAM = 4;
const CORRUPT_STREAM = 5;
const TAIL_STREAM = 6;

/** bytes. A backlog below this is rounding, and the link idle. */
const IDLE_BYTES = 1e-3;

/** bytes. Longest run of damaged bytes in a corrupted copy. */
const MAX_DAMAGE_BYTES = 4;

/**
 * One direction of a link, without any network around it: told the size of a datagram and the time, it says when the
 * copies arrive. It keeps no datagrams, makes no objects per datagram and knows no clock.
 *
 * Order of effects: MTU, bottleneck queue and rate, loss, delay and jitter, holding back, duplicate, corruption. Each
 * kind of fault draws from its own stream of random numbers, so that switching one on leaves the others' outcomes as
 * they were: datagram 17 is lost or not, whatever the jitter.
 *
 * After `transmit` the copies are read with `arrivalMs` and `isCorrupted`, until the next call.
 */
export class LinkSimulator {
  private parameters: LinkParameters;
  private timeline: LinkTimeline | undefined;
  /** When the trace's next step begins; Infinity without a trace, and before it began. */
  private nextStepAtMs = Infinity;
  private readonly lossModel: LossModel;
  private readonly jitter: Prng;
  private readonly reorder: Prng;
  private readonly duplicate: Prng;
  private readonly corruption: Prng;
  private readonly tail: Prng;
  private goodTail: DelaySampler | undefined;
  private badTail: DelaySampler | undefined;
  private readonly counters: LinkCounters = new LinkCounters();
  /** Of the last datagram. */
  private copies = 0;
  private firstArrivalMs = 0;
  private secondArrivalMs = 0;
  private firstDamaged = false;
  private secondDamaged = false;
  private lastVerdict: LinkVerdict = "passed";
  /** Latest time seen; time never runs backwards here. */
  private lastMs = -Infinity;
  /** Arrival of the latest datagram that kept its place; the next may not come before it. */
  private latestArrivalMs = -Infinity;
  private backlogBytes = 0;

  /**
   * @param link - options, a preset's name, or a trace. RangeError when out of range, TypeError for an option that
   * there is not.
   * @param seed - 0..2^32-1. The same seed, stream and calls give the same outcome.
   * @param stream - words that tell this link from others of the same seed.
   * @param label - the option that `link` was given as: errors name it. Default "link".
   */
  constructor(link: LinkSpec, seed: number, stream: readonly number[] = [], label: string = "link") {
    const { parameters, timeline } = resolveLink(link, label);
    this.parameters = parameters;
    this.timeline = timeline;
    this.lossModel = new LossModel(this.parameters.lossModel, new Prng(seed, [...stream, LOSS_STREAM]));
    this.jitter = new Prng(seed, [...stream, JITTER_STREAM]);
    this.reorder = new Prng(seed, [...stream, REORDER_STREAM]);
    this.duplicate = new Prng(seed, [...stream, DUPLICATE_STREAM]);
    this.corruption = new Prng(seed, [...stream, CORRUPT_STREAM]);
    this.tail = new Prng(seed, [...stream, TAIL_STREAM]);
    this.goodTail = samplerOf(parameters.delayTail);
    this.badTail = samplerOf(parameters.delayTailInBad);
  }

  get statistics(): LinkStatistics {
    return this.counters;
  }

  /** Why the last `transmit` returned 0; "passed" when it did not. */
  get verdict(): LinkVerdict {
    return this.lastVerdict;
  }

  /**
   * Replaces all options (what is left out becomes ideal) for datagrams sent from now on; those on their way keep their
   * times, and what waits in the queue goes on at the new rate. After a lower latency, a trace's step included, new
   * datagrams may overtake old ones, as after a change of route; after any other change they stay in order. A loss
   * model or delay tail that stays the same goes on where it was. RangeError for an option out of range, TypeError for
   * one that there is not.
   */
  configure(link: LinkSpec, nowMs: number): void {
    const { parameters, timeline } = resolveLink(link);
    this.moveTo(nowMs);
    this.timeline = timeline;
    this.nextStepAtMs = Infinity;
    this.apply(parameters);
  }

  /**
   * Takes one datagram and returns how many copies will arrive: 0 (see `verdict`), 1 or 2.
   * @param sizeBytes - UDP payload, 0 or more.
   * @param nowMs - when it is sent; a time before the latest one counts as the latest.
   */
  transmit(sizeBytes: number, nowMs: number): number {
    if (!(sizeBytes >= 0 && sizeBytes < Infinity)) {
      throw new RangeError(`"sizeBytes" expected a finite number of 0 or more, got ${sizeBytes}`);
    }
    this.moveTo(nowMs);
    if (this.timeline !== undefined && this.nextStepAtMs === Infinity) this.beginTrace(this.timeline);
    const { counters, parameters } = this;
    this.copies = 0;
    counters.offered++;
    const packetBytes = sizeBytes + parameters.overheadBytes;
    if (packetBytes > parameters.mtu) {
      counters.tooBig++;
      this.lastVerdict = "too-big";
      return 0;
    }
    if (!this.enqueue(packetBytes)) {
      counters.queueFull++;
      this.lastVerdict = "queue-full";
      return 0;
    }
    if (this.lossModel.drop()) {
      counters.lost++;
      this.lastVerdict = "lost";
      return 0;
    }
    this.lastVerdict = "passed";
    counters.passed++;
    counters.passedBytes += sizeBytes;
    this.copies = this.schedule();
    return this.copies;
  }

  /**
   * Monotonic ms. Arrival of `copy` (0 or 1) of the last datagram; copies need not come in order. RangeError for a copy
   * that there is not.
   */
  arrivalMs(copy: number): number {
    if (copy !== 0 || this.copies === 0) this.checkCopy(copy);
    return copy === 0 ? this.firstArrivalMs : this.secondArrivalMs;
  }

  /**
   * Whether `copy` (0 or 1) of the last datagram arrives damaged. The caller applies it with `damage`. RangeError for a
   * copy that there is not.
   */
  isCorrupted(copy: number): boolean {
    if (copy !== 0 || this.copies === 0) this.checkCopy(copy);
    return copy === 0 ? this.firstDamaged : this.secondDamaged;
  }

  /** Changes one to four bytes of a copy in place; there is nothing to change in an empty one. */
  damage(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const { corruption } = this;
    const start = corruption.below(bytes.length);
    const end = Math.min(bytes.length, start + 1 + corruption.below(MAX_DAMAGE_BYTES));
    for (let i = start; i < end; i++) bytes[i] = (bytes[i] as number) ^ (1 + corruption.below(255));
  }

  /** bytes. What waits before the bottleneck at `nowMs`, the packet under way included. */
  queuedBytes(nowMs: number): number {
    if (nowMs >= this.nextStepAtMs) this.moveTo(nowMs);
    return this.leftAt(nowMs);
  }

  /** ms. How long a datagram sent at `nowMs` would wait before its own transmission begins. */
  queueingDelayMs(nowMs: number): number {
    const bytes = this.queuedBytes(nowMs);
    const { timeline } = this;
    return timeline === undefined ? bytes / this.parameters.bytesPerMs : timeline.departureMs(bytes, nowMs) - nowMs;
  }

  private checkCopy(copy: number): void {
    if (copy === 1 && this.copies === 2) return;
    const expected = ["no call, as none arrives", "0, as one copy arrives", "0 or 1"][this.copies];
    throw new RangeError(`"copy" expected ${expected}, got ${describeValue(copy)}`);
  }

  /** Lets the queue drain up to `nowMs`. */
  private moveTo(nowMs: number): void {
    if (!Number.isFinite(nowMs)) throw new RangeError(`"nowMs" expected a finite number, got ${nowMs}`);
    if (nowMs <= this.lastMs) return;
    while (this.timeline !== undefined && nowMs >= this.nextStepAtMs) this.nextStep(this.timeline);
    this.drainTo(nowMs);
  }

  private drainTo(nowMs: number): void {
    if (this.backlogBytes > 0) this.backlogBytes = this.leftAt(nowMs);
    this.lastMs = nowMs;
  }

  private leftAt(nowMs: number): number {
    const left = this.backlogBytes - Math.max(0, nowMs - this.lastMs) * this.parameters.bytesPerMs;
    return left > IDLE_BYTES ? left : 0;
  }

  private beginTrace(timeline: LinkTimeline): void {
    timeline.begin(this.lastMs);
    this.nextStepAtMs = timeline.nextAtMs;
  }

  private nextStep(timeline: LinkTimeline): void {
    this.drainTo(this.nextStepAtMs);
    timeline.advance();
    this.nextStepAtMs = timeline.nextAtMs;
    this.apply(timeline.parameters);
  }

  private apply(parameters: LinkParameters): void {
    const before = this.parameters;
    if (parameters.bytesPerMs === Infinity) this.backlogBytes = 0;
    if (parameters.latencyMs < before.latencyMs) this.latestArrivalMs = -Infinity;
    this.parameters = parameters;
    this.lossModel.configure(parameters.lossModel);
    // What stays as it was goes on: a held delay outlives the change of another option.
    if (!isSameTail(parameters.delayTail, before.delayTail)) this.goodTail = samplerOf(parameters.delayTail);
    if (!isSameTail(parameters.delayTailInBad, before.delayTailInBad)) {
      this.badTail = samplerOf(parameters.delayTailInBad);
    }
  }

  private enqueue(packetBytes: number): boolean {
    const { bytesPerMs, queueBytes } = this.parameters;
    if (bytesPerMs === Infinity) return true;
    if (this.backlogBytes > 0 && this.backlogBytes + packetBytes > queueBytes) return false;
    this.backlogBytes += packetBytes;
    return true;
  }

  /** Sets the arrivals of the datagram just queued, and returns their number. */
  private schedule(): number {
    const { counters, parameters } = this;
    const departureMs =
      this.timeline === undefined
        ? this.lastMs + this.backlogBytes / parameters.bytesPerMs
        : this.timeline.departureMs(this.backlogBytes, this.lastMs);
    const earliestMs = departureMs + parameters.latencyMs;
    let arrivalMs = this.inOrder(earliestMs);
    if (parameters.reorder > 0 && this.reorder.chance(parameters.reorder)) {
      counters.heldBack++;
      arrivalMs += parameters.reorderDelayMs * (1 + this.reorder.float());
    } else {
      this.latestArrivalMs = arrivalMs;
    }
    this.firstArrivalMs = arrivalMs;
    this.firstDamaged = this.isDamaged();
    if (parameters.duplicate === 0 || !this.duplicate.chance(parameters.duplicate)) return 1;
    counters.duplicated++;
    this.secondArrivalMs = this.latestArrivalMs = this.inOrder(earliestMs);
    this.secondDamaged = this.isDamaged();
    return 2;
  }

  /** Adds jitter and tail, but never overtakes what came before. */
  private inOrder(earliestMs: number): number {
    const { jitterMs } = this.parameters;
    const tail = this.lossModel.wasBad ? this.badTail : this.goodTail;
    let arrivalMs = jitterMs === 0 ? earliestMs : earliestMs + jitterMs * this.jitter.float();
    if (tail !== undefined) arrivalMs += tail.draw(this.tail, this.lastMs);
    return arrivalMs > this.latestArrivalMs ? arrivalMs : this.latestArrivalMs;
  }

  private isDamaged(): boolean {
    const { corrupt } = this.parameters;
    if (corrupt === 0 || !this.corruption.chance(corrupt)) return false;
    this.counters.corrupted++;
    return true;
  }
}

function samplerOf(tail: DelayTail | undefined): DelaySampler | undefined {
  return tail === undefined ? undefined : new DelaySampler(tail);
}
