import type { AckSample } from "./ack-sample.js";

/** bytes of trains, their first packets left out: fewer say little. */
const MIN_TRAIN_BYTES = 4800;

/**
 * The rate at which packets that left together arrive: the bottleneck draws them apart. All trains of a round and the
 * one before it are taken together. Receivers, their timers and ours see packets a millisecond or two late, and
 * several at once; the quickest of short trains would say twice what the path carries.
 */
export class TrainMeter {
  private bytes = 0;
  private elapsedMs = 0;
  private previousBytes = 0;
  private previousMs = 0;

  /** bytes/s; 0 when unknown, as on paths that are too quick to draw anything apart. */
  get bytesPerSecond(): number {
    const bytes = this.bytes + this.previousBytes;
    const elapsedMs = this.elapsedMs + this.previousMs;
    return bytes >= MIN_TRAIN_BYTES && elapsedMs > 0 ? (bytes * 1000) / elapsedMs : 0;
  }

  onAck(sample: AckSample): void {
    this.bytes += sample.trainBytes;
    this.elapsedMs += sample.trainMs;
  }

  /** A round ended: what is older than the one before is forgotten. */
  onRound(): void {
    if (this.bytes < MIN_TRAIN_BYTES) return;
    this.previousBytes = this.bytes;
    this.previousMs = this.elapsedMs;
    this.bytes = this.elapsedMs = 0;
  }

  reset(): void {
    this.bytes = this.elapsedMs = this.previousBytes = this.previousMs = 0;
  }
}
