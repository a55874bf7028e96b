/** How well a game plays over the connection. */
export type Quality = "good" | "fair" | "poor";

const GRADES: readonly Quality[] = ["good", "fair", "poor"];

/**
 * Bounds of the grades: below the first a connection is good, below the second fair. RTT in ms, RTT variance in ms
 * (RFC 9002 section 5.3), loss as a share. Values: players notice latency from about 100 ms and call it unplayable
 * in fast games above 200 ms (Claypool and Claypool, "Latency and player actions in online games", CACM 49(11), 2006).
 */
const BOUNDS = {
  rttMs: [100, 200],
  jitterMs: [20, 50],
  loss: [0.02, 0.08],
} as const;

/** A better grade must hold with this much to spare (share of the bound), so that the grade does not flutter. */
const UPGRADE_MARGIN = 0.85;
/** ms. How long a better grade must hold before it is given. */
const UPGRADE_AFTER_MS = 5000;
/** ms. How long a worse grade must hold before it is given. */
const DOWNGRADE_AFTER_MS = 1000;
/** Weight of a new second in the loss average. */
const LOSS_WEIGHT = 0.25;
/** ms between two looks. */
const EVALUATE_EVERY_MS = 1000;
/** Packets a second must have before its loss says something. */
const MIN_PACKETS = 5;

/** What the grade is made from; counts are totals since the connection began. */
export interface QualityInput {
  readonly rttMs: number;
  readonly jitterMs: number;
  readonly packetsSent: number;
  readonly packetsLost: number;
  /** Smoothed share of the peer's packets that did not arrive, 0..1. */
  readonly receiveLoss: number;
}

/**
 * Grades RTT, jitter and loss in the worse of both directions once a second, with hysteresis: worse after one second,
 * better after five.
 */
export class QualityMeter {
  grade: Quality = "good";
  /** Smoothed share of our packets lost, 0..1. */
  loss = 0;
  /** ms. When the next look is due. */
  nextAtMs: number;
  private lastSent = 0;
  private lastLost = 0;
  private pending: Quality = "good";
  private pendingSinceMs = 0;

  constructor(nowMs: number) {
    this.nextAtMs = nowMs + EVALUATE_EVERY_MS;
  }

  /** Whether a look is due; the input is made only then. */
  isDue(nowMs: number): boolean {
    return nowMs >= this.nextAtMs;
  }

  /** Takes a look; true when the grade changed. */
  evaluate(input: QualityInput, nowMs: number): boolean {
    this.nextAtMs = nowMs + EVALUATE_EVERY_MS;
    this.updateLoss(input);
    const worst = Math.max(
      rank(input.rttMs, BOUNDS.rttMs, this.grade),
      rank(input.jitterMs, BOUNDS.jitterMs, this.grade),
      rank(Math.max(this.loss, input.receiveLoss), BOUNDS.loss, this.grade),
    );
    const target = GRADES[worst] as Quality;
    if (target === this.grade) {
      this.pending = target;
      return false;
    }
    if (target !== this.pending) {
      this.pending = target;
      this.pendingSinceMs = nowMs;
    }
    const better = worst < GRADES.indexOf(this.grade);
    if (nowMs - this.pendingSinceMs < (better ? UPGRADE_AFTER_MS : DOWNGRADE_AFTER_MS)) return false;
    this.grade = target;
    return true;
  }

  private updateLoss(input: QualityInput): void {
    const sent = input.packetsSent - this.lastSent;
    if (sent < MIN_PACKETS) return;
    const lost = Math.max(0, input.packetsLost - this.lastLost);
    this.lastSent = input.packetsSent;
    this.lastLost = input.packetsLost;
    this.loss += LOSS_WEIGHT * (Math.min(1, lost / sent) - this.loss);
  }
}

/** 0 good, 1 fair, 2 poor; a bound that would improve the grade is tightened by the margin. */
function rank(value: number, bounds: readonly [number, number], current: Quality): number {
  const grade = GRADES.indexOf(current);
  for (let i = 0; i < 2; i++) {
    const bound = bounds[i] as number;
    if (value < (i < grade ? bound * UPGRADE_MARGIN : bound)) return i;
  }
  return 2;
}
