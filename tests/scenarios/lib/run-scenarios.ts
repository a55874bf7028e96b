import type { ControllerName } from "./controllers.js";
import type { Outcome, Scenario } from "./scenario.js";

/** One run of one variant. */
export interface Run {
  readonly scenario: string;
  readonly variant: string;
  readonly seed: number;
  readonly controller: ControllerName;
  /** ms of real time that it took. */
  readonly tookMs: number;
  readonly outcome: Outcome;
}

/** What is to be run. */
export interface Job {
  readonly scenario: Scenario;
  readonly variantIndex: number;
  readonly seed: number;
  readonly controller: ControllerName;
  readonly quick: boolean;
}

/** Every variant of the scenarios with every seed. */
export function jobsOf(
  scenarios: readonly Scenario[],
  seeds: readonly number[],
  controller: ControllerName,
  quick: boolean,
): Job[] {
  return scenarios.flatMap((scenario) =>
    scenario
      .variants(quick)
      .flatMap((_variant, variantIndex) => seeds.map((seed) => ({ scenario, variantIndex, seed, controller, quick }))),
  );
}

/** A scenario that throws has failed: the run says so. */
export async function runJob(job: Job): Promise<Run> {
  const { scenario, variantIndex, seed, controller, quick } = job;
  const variant = scenario.variants(quick)[variantIndex];
  if (variant === undefined) throw new RangeError(`${scenario.id} has no variant ${variantIndex}`);
  const startMs = performance.now();
  let outcome: Outcome;
  try {
    outcome = await variant.run({ seed, quick, controller });
  } catch (error) {
    const measured = error instanceof Error ? error.message : String(error);
    outcome = { checks: [{ mustShow: "runs to its end", measured, pass: false }] };
  }
  const tookMs = performance.now() - startMs;
  return { scenario: scenario.id, variant: variant.name, seed, controller, tookMs, outcome };
}

export function hasPassed(run: Run): boolean {
  return run.outcome.checks.every(({ pass }) => pass);
}
