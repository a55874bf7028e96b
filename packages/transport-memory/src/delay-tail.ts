import { checkOptionNames } from "@sortie/transport";
import { checkNumber, type OptionNames } from "./check.js";
import type { Prng } from "./prng.js";

/** Right-skewed distributions of a delay: most are small, a few are many times the mean. */
export type DelayDistribution = "gamma" | "lognormal" | "pareto";

/**
 * A random delay with a long right tail, given by mean and standard deviation. "gamma" has the shortest tail (queues),
 * "lognormal" a longer one (radio access), "pareto" the longest (Lomax's form, which begins at 0; its deviation must
 * exceed its mean).
 */
export interface DelayTail {
  readonly distribution: DelayDistribution;
  /** ms. */
  readonly meanMs: number;
  /** ms, above 0. */
  readonly deviationMs: number;
  /** ms. No delay is longer: draws beyond count as this. Default: 2000. */
  readonly maxMs?: number | undefined;
  /**
   * ms that a drawn delay holds: datagrams sent meanwhile share it, so that much traffic does not lean the delay to its
   * upper end. Default 0: each datagram has its own.
   */
  readonly holdMs?: number | undefined;
}

/** ms. Longer than the retransmissions of any link layer go on. */
const DEFAULT_MAX_MS = 2000;
/** ms. A day, as for the other delays of a link. */
const MAX_DELAY_MS = 86_400_000;
const DISTRIBUTIONS: readonly string[] = ["gamma", "lognormal", "pareto"];

const TAIL_NAMES: OptionNames<DelayTail> = {
  distribution: true,
  meanMs: true,
  deviationMs: true,
  maxMs: true,
  holdMs: true,
};

/** Throws a RangeError that names the field when one is out of range, TypeError for a field that there is not. */
export function checkDelayTail(label: string, tail: DelayTail): void {
  checkOptionNames(tail, TAIL_NAMES, label);
  if (!DISTRIBUTIONS.includes(tail.distribution)) {
    const expected = DISTRIBUTIONS.join(", ");
    throw new RangeError(`"${label}.distribution" expected one of ${expected}, got ${String(tail.distribution)}`);
  }
  checkNumber(`${label}.meanMs`, tail.meanMs, 0.001, MAX_DELAY_MS);
  checkNumber(`${label}.deviationMs`, tail.deviationMs, 0.001, MAX_DELAY_MS);
  if (tail.maxMs !== undefined) checkNumber(`${label}.maxMs`, tail.maxMs, 0, MAX_DELAY_MS);
  if (tail.holdMs !== undefined) checkNumber(`${label}.holdMs`, tail.holdMs, 0, MAX_DELAY_MS);
  if (tail.distribution === "pareto" && tail.deviationMs <= tail.meanMs) {
    throw new RangeError(`"${label}.deviationMs" expected more than the mean for "pareto", got ${tail.deviationMs}`);
  }
}

/** Whether both draw the same delays. */
export function isSameTail(one: DelayTail | undefined, other: DelayTail | undefined): boolean {
  if (one === other) return true;
  if (one === undefined || other === undefined) return false;
  return (
    one.distribution === other.distribution &&
    one.meanMs === other.meanMs &&
    one.deviationMs === other.deviationMs &&
    (one.maxMs ?? DEFAULT_MAX_MS) === (other.maxMs ?? DEFAULT_MAX_MS) &&
    (one.holdMs ?? 0) === (other.holdMs ?? 0)
  );
}

/** Draws delays of one {@link DelayTail} over time. */
export class DelaySampler {
  private readonly distribution: DelayDistribution;
  private readonly maxMs: number;
  /** gamma: shape and scale. lognormal: mean and deviation of the logarithm. pareto: shape and scale. */
  private readonly a: number;
  private readonly b: number;
  private readonly holdMs: number;
  private heldMs = 0;
  private holdsUntilMs = -Infinity;

  constructor(tail: DelayTail) {
    const { distribution, meanMs, deviationMs } = tail;
    const squaredVariation = (deviationMs / meanMs) ** 2;
    this.distribution = distribution;
    this.maxMs = tail.maxMs ?? DEFAULT_MAX_MS;
    this.holdMs = tail.holdMs ?? 0;
    if (distribution === "gamma") {
      this.a = 1 / squaredVariation;
      this.b = meanMs * squaredVariation;
    } else if (distribution === "lognormal") {
      const logVariance = Math.log(1 + squaredVariation);
      this.a = Math.log(meanMs) - logVariance / 2;
      this.b = Math.sqrt(logVariance);
    } else {
      this.a = (2 * squaredVariation) / (squaredVariation - 1);
      this.b = meanMs * (this.a - 1);
    }
  }

  /** ms, 0..maxMs: the delay of a datagram sent at `nowMs`, which never goes back. */
  draw(random: Prng, nowMs: number): number {
    if (nowMs < this.holdsUntilMs) return this.heldMs;
    this.holdsUntilMs = nowMs + this.holdMs;
    this.heldMs = Math.min(this.drawUnbounded(random), this.maxMs);
    return this.heldMs;
  }

  private drawUnbounded(random: Prng): number {
    const { a, b } = this;
    if (this.distribution === "lognormal") return Math.exp(a + b * normal(random));
    if (this.distribution === "gamma") return b * gamma(a, random);
    return b * ((1 - random.float()) ** (-1 / a) - 1);
  }
}

/** Standard normal: Box and Muller (1958); the second value is not kept: nothing outlives a change of options. */
function normal(random: Prng): number {
  // 1 - float is never 0.
  return Math.sqrt(-2 * Math.log(1 - random.float())) * Math.cos(2 * Math.PI * random.float());
}

/** Gamma of scale 1: Marsaglia and Tsang, "A simple method for generating gamma variables" (2000). */
function gamma(shape: number, random: Prng): number {
  if (shape < 1) return gamma(shape + 1, random) * (1 - random.float()) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normal(random);
    const v = (1 + c * x) ** 3;
    if (v <= 0) continue;
    const u = 1 - random.float();
    if (Math.log(u) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}
