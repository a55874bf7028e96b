import { checkOptionNames } from "@sortie/transport";
import { checkNumber, type OptionNames } from "./check.js";
import type { Prng } from "./prng.js";

/**
 * Two-state loss model of Gilbert (1960) and Elliott (1963). Each datagram meets the channel in its good or bad state,
 * is lost with that state's probability, and then the state may change. All four are probabilities per datagram, 0..1.
 * The mean stay in the bad state is 1 / badToGood datagrams.
 */
export interface GilbertElliott {
  readonly goodToBad: number;
  readonly badToGood: number;
  readonly lossInGood: number;
  readonly lossInBad: number;
}

/** Losses that are independent of each other. `loss`: 0..1. */
export function independentLoss(loss: number): GilbertElliott {
  checkNumber("loss", loss, 0, 1);
  return { goodToBad: 0, badToGood: 1, lossInGood: loss, lossInBad: loss };
}

/**
 * Gilbert's model with a share of `loss` (0..1) in bursts of mean length `burst` (datagrams, at least 1).
 * A high share cannot come in short bursts, because bursts are at least one datagram apart: RangeError when
 * `burst` is below loss / (1 - loss). At a loss of 1 everything is lost, whatever the burst.
 */
export function burstLoss(loss: number, burst: number): GilbertElliott {
  checkNumber("loss", loss, 0, 1);
  checkNumber("burst", burst, 1, MAX_BURST);
  if (loss === 1) return independentLoss(1);
  const shortest = loss / (1 - loss);
  if (burst < shortest) {
    throw new RangeError(`"burst" expected at least ${shortest} for a loss of ${loss}, got ${burst}`);
  }
  return { goodToBad: Math.min(1, shortest / burst), badToGood: 1 / burst, lossInGood: 0, lossInBad: 1 };
}

/** Datagrams. Far above any burst that a run could measure. */
const MAX_BURST = 1e9;

const MODEL_NAMES: OptionNames<GilbertElliott> = {
  goodToBad: true,
  badToGood: true,
  lossInGood: true,
  lossInBad: true,
};

/**
 * Throws a RangeError unless all four are probabilities, TypeError for a field that there is not.
 * @param label what the model is called in messages
 */
export function checkGilbertElliott(model: GilbertElliott, label: string = "gilbertElliott"): void {
  checkOptionNames(model, MODEL_NAMES, label);
  checkNumber(`${label}.goodToBad`, model.goodToBad, 0, 1);
  checkNumber(`${label}.badToGood`, model.badToGood, 0, 1);
  checkNumber(`${label}.lossInGood`, model.lossInGood, 0, 1);
  checkNumber(`${label}.lossInBad`, model.lossInBad, 0, 1);
}

/** Share of time in the bad state in the long run. */
function stationaryBad(model: GilbertElliott): number {
  const moves = model.goodToBad + model.badToGood;
  return moves === 0 ? 0 : model.goodToBad / moves;
}

/**
 * Share of datagrams that the model loses in the long run, 0..1. RangeError unless all four are probabilities,
 * TypeError for what is no model.
 */
export function meanLoss(model: GilbertElliott): number {
  checkGilbertElliott(model, "model");
  const bad = stationaryBad(model);
  return (1 - bad) * model.lossInGood + bad * model.lossInBad;
}

function isSameModel(one: GilbertElliott, other: GilbertElliott): boolean {
  return (
    one.goodToBad === other.goodToBad &&
    one.badToGood === other.badToGood &&
    one.lossInGood === other.lossInGood &&
    one.lossInBad === other.lossInBad
  );
}

/** Runs a Gilbert-Elliott model over one stream of random numbers. */
export class LossModel {
  private model: GilbertElliott;
  private readonly random: Prng;
  private bad: boolean;
  /** Whether the latest datagram met the bad state. */
  wasBad = false;

  constructor(model: GilbertElliott, random: Prng) {
    this.model = model;
    this.random = random;
    // From the stationary distribution: otherwise the first datagrams of every run would be luckier than the rest.
    this.bad = random.chance(stationaryBad(model));
  }

  /**
   * Goes on with other probabilities, from a state drawn afresh. With the same ones it just goes on: a burst is not cut
   * short, and later losses stay where they are.
   */
  configure(model: GilbertElliott): void {
    if (isSameModel(model, this.model)) return;
    this.model = model;
    this.bad = this.random.chance(stationaryBad(model));
  }

  /** Whether the next datagram is lost. */
  drop(): boolean {
    const { model, random } = this;
    this.wasBad = this.bad;
    const lost = random.chance(this.bad ? model.lossInBad : model.lossInGood);
    if (random.chance(this.bad ? model.badToGood : model.goodToBad)) this.bad = !this.bad;
    return lost;
  }
}
