import { MAX_DATAGRAM_BYTES, type OptionNames } from "@sortie/wire";
import { expectNumber } from "../expect-number.js";
import { MAX_BUCKET_BYTES, TokenBucket } from "../pacer.js";
import type { AckSample } from "./ack-sample.js";
import type { CongestionController } from "./congestion-controller.js";
import { checkOptionNames } from "../option-names.js";

/** bytes per second. 64 Mbit/s: far above the game state of one player, and no more than a common home line carries. */
const DEFAULT_RATE_BYTES_PER_SECOND: number = 8 * 1024 * 1024;

/** bytes. What the default rate lets through in 31 ms, so that two ticks of a 60 Hz server go out unspread. */
const DEFAULT_BURST_BYTES: number = 256 * 1024;

/** Options of {@link FixedBudget}. */
export interface FixedBudgetOptions {
  /** bytes per second, 1..10^9. Default 8 MiB/s. */
  readonly rateBytesPerSecond?: number | undefined;
  /** bytes that may go at once after a pause, 1452 (one datagram) to 10^9. Default 256 KiB. */
  readonly burstBytes?: number | undefined;
}

const OPTION_NAMES: OptionNames<FixedBudgetOptions> = { rateBytesPerSecond: true, burstBytes: true };

/**
 * A fixed rate, whatever the network answers: right for game traffic whose size is known and small against the path,
 * and the base line that adaptive controllers are measured against. Losses do not slow it down.
 */
export class FixedBudget implements CongestionController {
  readonly windowBytes: number = Infinity;
  readonly paceBytesPerSecond: number;
  readonly bandwidthBytesPerSecond: number = 0;
  private readonly bucket: TokenBucket;

  /** @throws RangeError or TypeError when an option is out of range, TypeError when there is none of its name */
  constructor(options: FixedBudgetOptions = {}) {
    checkOptionNames(options, OPTION_NAMES);
    const { rateBytesPerSecond = DEFAULT_RATE_BYTES_PER_SECOND, burstBytes = DEFAULT_BURST_BYTES } = options;
    expectNumber("burstBytes", burstBytes, MAX_DATAGRAM_BYTES, MAX_BUCKET_BYTES);
    this.paceBytesPerSecond = rateBytesPerSecond;
    this.bucket = new TokenBucket(rateBytesPerSecond, burstBytes);
  }

  onPacketSent(bytes: number, nowMs: number, _bytesInFlight: number): void {
    this.bucket.take(bytes, nowMs);
  }

  onPacketAcked(_bytes: number, _sentAtMs: number, _nowMs: number, _isAppLimited: boolean): void {}

  onAck(_sample: AckSample): void {}

  onPacketsLost(_bytes: number, _largestLostSentAtMs: number, _nowMs: number, _persistent: boolean): void {}

  onSpuriousLoss(_bytes: number, _sentAtMs: number, _nowMs: number): void {}

  onPathChanged(_nowMs: number): void {}

  canSend(bytes: number, _bytesInFlight: number, nowMs: number): boolean {
    return this.bucket.readyAt(bytes, nowMs) <= nowMs;
  }

  nextSendAt(bytes: number, nowMs: number): number {
    return this.bucket.readyAt(bytes, nowMs);
  }
}
