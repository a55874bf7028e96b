import { nameOf, readCorpus, writeCorpus, writeFinding } from "./corpus.js";
import { Coverage, resetCounters, totalPoints } from "./coverage.js";
import type { Heartbeat } from "./heartbeat.js";
import { minimise } from "./minimise.js";
import { mutate } from "./mutators.js";
import { Random } from "./random.js";
import type { FuzzTarget } from "./target.js";

export interface FuzzOptions {
  /** 0..2^32-1. The same seed, corpus and number of executions give the same run. */
  readonly seed: number;
  readonly seconds: number;
  /** Executions after the corpus, at the most. */
  readonly runs: number;
  /** Writes the corpus anew: what was found joins, what adds nothing goes. */
  readonly update: boolean;
}

export interface FuzzSummary {
  readonly executions: number;
  readonly executionsPerSecond: number;
  /** Points of the sources under test that were reached, and all of them. */
  readonly pointsReached: number;
  readonly pointsTotal: number;
  /** Inputs in the corpus folder. */
  readonly corpus: number;
  /** Inputs that reached something new in this run. */
  readonly added: number;
  /** Paths of inputs that broke a property, one for each way to break it. */
  readonly findings: readonly string[];
}

/** Executions spent on making a finding smaller. */
const FINDING_TRIES = 20_000;
/** Executions spent on making one input of the corpus smaller. */
const CORPUS_TRIES = 300;
/** ms. Inputs whose turn comes later stay as they are, until another run. */
const CORPUS_MS = 60_000;
/** Different findings after which a run ends: the target is broken as a whole. */
const MAX_FINDINGS = 20;
/** Half of the time one of so many newest inputs is taken: they are the least explored. */
const NEWEST = 16;

/** The coverage-guided loop: mutates inputs of the corpus and keeps what reaches something new. */
export class Fuzzer {
  private readonly target: FuzzTarget;
  private readonly options: FuzzOptions;
  private readonly heartbeat: Heartbeat;
  private readonly random: Random;
  private readonly coverage = new Coverage(true);
  private readonly inputs: Uint8Array[] = [];
  private readonly findings = new Map<string, string>();
  private executions = 0;

  constructor(target: FuzzTarget, options: FuzzOptions, heartbeat: Heartbeat) {
    this.target = target;
    this.options = options;
    this.heartbeat = heartbeat;
    this.random = new Random(options.seed);
  }

  async run(): Promise<FuzzSummary> {
    const startedAt = performance.now();
    const { target, options, random, inputs } = this;
    const committed = readCorpus(target.name);
    for (const input of [...committed, ...(target.seeds?.() ?? []), new Uint8Array(0)]) await this.tryInput(input);
    if (inputs.length === 0) inputs.push(new Uint8Array(0));
    const first = inputs.length;
    const endsAt = startedAt + options.seconds * 1000;
    for (let run = 0; run < options.runs && this.findings.size < MAX_FINDINGS; run++) {
      if (performance.now() >= endsAt) break;
      await this.tryInput(mutate(this.choose(), { random, target, other: random.pick(inputs) }));
    }
    const seconds = (performance.now() - startedAt) / 1000;
    const { executions } = this;
    const kept = options.update ? await this.rewriteCorpus(committed) : committed;
    const points = new Coverage(false);
    for (const input of [...kept, ...inputs]) await this.measure(input, points);
    return {
      executions,
      executionsPerSecond: executions / seconds,
      pointsReached: points.count,
      pointsTotal: totalPoints(),
      corpus: kept.length,
      added: inputs.length - first,
      findings: [...this.findings.values()],
    };
  }

  private choose(): Uint8Array {
    const { inputs, random } = this;
    if (random.below(2) === 0) return random.pick(inputs);
    return inputs[inputs.length - 1 - random.below(Math.min(NEWEST, inputs.length))] as Uint8Array;
  }

  private async tryInput(input: Uint8Array): Promise<void> {
    const error = await this.execute(input);
    if (error !== undefined) return this.onFinding(input, error);
    if (!this.coverage.hasNews()) return;
    this.coverage.add();
    this.inputs.push(input);
  }

  /** Runs the target once; what it threw, if it did. */
  private async execute(input: Uint8Array): Promise<Error | undefined> {
    this.executions += 1;
    this.heartbeat.begin(input);
    resetCounters();
    try {
      const result = this.target.run(input);
      // Not awaited where there is nothing to wait for: a turn of the queue costs more than a decoder.
      if (result !== undefined) await result;
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : new Error(`thrown: ${String(error)}`);
    } finally {
      this.heartbeat.end();
    }
  }

  private async onFinding(input: Uint8Array, error: Error): Promise<void> {
    const signature = signatureOf(error);
    if (this.findings.has(signature)) return;
    this.findings.set(signature, "");
    const isSame = async (candidate: Uint8Array): Promise<boolean> => {
      const other = await this.execute(candidate);
      return other !== undefined && signatureOf(other) === signature;
    };
    const smallest = await minimise(input, isSame, FINDING_TRIES);
    const path = writeFinding(this.target.name, smallest, `${error.stack ?? error.message}\nseed ${this.options.seed}`);
    this.findings.set(signature, path);
  }

  /** The fewest and smallest inputs that reach every point that any input reaches. */
  private async rewriteCorpus(committed: readonly Uint8Array[]): Promise<Uint8Array[]> {
    const all = new Map([...committed, ...this.inputs].map((input) => [nameOf(input), input]));
    const bySize = [...all.values()].sort((a, b) => a.length - b.length || (nameOf(a) < nameOf(b) ? -1 : 1));
    // From the smallest on, each that adds something; then, from the largest on, none that the others make needless.
    const chosen = await this.cover(await this.cover(bySize).then((inputs) => inputs.reverse()));
    const points = new Coverage(false);
    const kept: Uint8Array[] = [];
    const endsAt = performance.now() + CORPUS_MS;
    for (const input of chosen) {
      const added = await this.measure(input, points);
      const reachesSame = async (candidate: Uint8Array): Promise<boolean> =>
        (await this.execute(candidate)) === undefined && points.reaches(added);
      kept.push(performance.now() < endsAt ? await minimise(input, reachesSame, CORPUS_TRIES) : input);
    }
    return writeCorpus(this.target.name, kept);
  }

  private async cover(inputs: readonly Uint8Array[]): Promise<Uint8Array[]> {
    const points = new Coverage(false);
    const chosen: Uint8Array[] = [];
    for (const input of inputs) if ((await this.measure(input, points)).length > 0) chosen.push(input);
    return chosen;
  }

  private async measure(input: Uint8Array, points: Coverage): Promise<number[]> {
    return (await this.execute(input)) === undefined ? points.add() : [];
  }
}

/** Tells findings apart: what was thrown and where, by the innermost two places. */
function signatureOf(error: Error): string {
  const places = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  return `${error.name} ${places.slice(0, 2).join()}`;
}
