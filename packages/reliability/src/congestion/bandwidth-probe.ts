import { MIN_DATAGRAM_BYTES } from "@sortie/wire";
import type { QueueSignal } from "./queue-signal.js";

/** What a probe sends more (BBR). */
const PROBE_GAIN: number = 5 / 4;
const MAX_PROBE_GAIN = 2;
/** A probe found room when the rate grew by this share of what was tried; the next one tries this much more. */
const SUCCESS: number = 1 / 2;
const RAISE = 1.3;
/** bytes. What a probe adds in a round trip at the least: slow flows catch up with quick ones. */
const MIN_PROBE_BYTES: number = 2.5 * MIN_DATAGRAM_BYTES;
/** ms. A probe on a long path: a quarter more for so long makes a queue of 16 ms at the most. */
const MAX_PROBE_MS = 65;
/** ms of queue that a probe may make until it is told, where acknowledgements come seldom: as much as that. */
const BLIND_QUEUE_MS = 16;
/** ms. The same for the least that a probe adds: half of what most queues hold. */
const MAX_BLIND_QUEUE_MS = 50;
/** Flushes that a probe takes at the least. */
const MIN_FLUSHES = 3;

/** Trial of a higher rate: how much higher, for how long, and whether there was room for it. */
export class BandwidthProbe {
  private readonly queue: QueueSignal;
  private flushIntervalMs: number;
  private raised: number = PROBE_GAIN;
  /** Whether the flow gave way since the last probe. */
  private hasGivenWay = false;
  /** Whether this is the first probe after giving way, or one of its repeats that are small still. */
  private isCareful = false;
  private fromRate = 0;
  private fromQueueMs = 0;

  constructor(queue: QueueSignal, flushIntervalMs: number) {
    this.queue = queue;
    this.flushIntervalMs = flushIntervalMs;
  }

  /** The owner sends once in `flushIntervalMs` from now on. */
  setFlushInterval(flushIntervalMs: number): void {
    this.flushIntervalMs = flushIntervalMs;
  }

  /** How much quicker to send for the time of the probe. */
  get gain(): number {
    const most = Math.min(MAX_PROBE_GAIN, 1 + MAX_BLIND_QUEUE_MS / this.queue.seldomMs);
    return Math.min(Math.max(this.raised, this.leastGain), most);
  }

  /** ms of a probe: a round trip, on long paths less so that its queue stays short, and some flushes. */
  get durationMs(): number {
    return Math.max(Math.min(this.queue.baseMs, MAX_PROBE_MS), MIN_FLUSHES * this.flushIntervalMs);
  }

  /** ms. Queues longer than that are the probe's doing, and not the path's jitter. */
  get queueLimitMs(): number {
    return this.fromQueueMs + this.queue.stepMs / 2;
  }

  /**
   * bytes/s. What may be found by this probe: a small one sees more by the unevenness of rates than by what it tries,
   * and that in proportion to the rate, which would leave quick flows ahead of slow ones.
   */
  get mostBytesPerSecond(): number {
    return this.isCareful ? this.fromRate * this.gain : Infinity;
  }

  /** `again`: the last probe found room. */
  start(bytesPerSecond: number, again: boolean): void {
    this.fromRate = bytesPerSecond;
    this.isCareful = again ? this.isCareful && this.raised < PROBE_GAIN : this.hasGivenWay;
    this.raised = Math.min(again ? this.nextGain : this.firstGain, 1 + BLIND_QUEUE_MS / this.queue.seldomMs);
    this.hasGivenWay = false;
    this.fromQueueMs = this.queue.roundQueueMs;
  }

  /** The flow gave way to a queue or to losses. */
  onGiveWay(): void {
    this.hasGivenWay = true;
  }

  /** Whether so much arrived that the path has room for more. */
  foundRoom(bytesPerSecond: number): boolean {
    // Rates are measured over a round trip, of which the probe may be a part only.
    const seenShare = Math.min(this.durationMs / this.queue.baseMs, 1);
    return bytesPerSecond >= this.fromRate * (1 + SUCCESS * seenShare * (this.raised - 1));
  }

  /**
   * Who gives way by a share and takes back by a share stays as far ahead of others as it is. So a flow that gave way
   * tries first the same number of bytes as any other: shares get more equal each time (Chiu and Jain, 1989).
   */
  private get firstGain(): number {
    return this.hasGivenWay ? Math.min(this.leastGain, PROBE_GAIN) : PROBE_GAIN;
  }

  /** Small trials double while there is room, as in BBRv3. */
  private get nextGain(): number {
    if (this.raised < PROBE_GAIN) return Math.min(2 * this.raised - 1, PROBE_GAIN);
    return Math.min(this.raised * RAISE, MAX_PROBE_GAIN);
  }

  private get leastGain(): number {
    return 1 + (MIN_PROBE_BYTES * 1000) / (this.fromRate * this.queue.baseMs);
  }
}
