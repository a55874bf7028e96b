import type { ControllerName } from "./controllers.js";
import type { Outcome, Scenario } from "./scenario.js";

/** What is to be run; plain data, so that another thread can be told. */
export interface Job {
  readonly scenario: string;
  readonly variantIndex: number;
  readonly seed: number;
  readonly controller: ControllerName;
  readonly quick: boolean;
}

/** One run of one variant. */
export interface Run {
  readonly scenario: string;
  readonly variant: string;
  readonly seed: number;
  readonly controller: ControllerName;
  /** s of real time that it took. */
  readonly tookSeconds: number;
  readonly outcome: Outcome;
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
      .flatMap((_variant, variantIndex) =>
        seeds.map((seed) => ({ scenario: scenario.id, variantIndex, seed, controller, quick })),
      ),
  );
}

/** A scenario that throws has failed: the run says so. */
export async function runJob(job: Job, scenarios: readonly Scenario[]): Promise<Run> {
  const { scenario, variantIndex, seed, controller, quick } = job;
  const variant = scenarios.find(({ id }) => id === scenario)?.variants(quick)[variantIndex];
  if (variant === undefined) throw new RangeError(`${scenario} has no variant ${variantIndex}`);
  const startMs = performance.now();
  let outcome: Outcome;
  try {
    outcome = await variant.run({ seed, quick, controller });
  } catch (error) {
    const measured = error instanceof Error ? error.message : String(error);
    outcome = { checks: [{ mustShow: "runs to its end", measured, pass: false }] };
  }
  const tookSeconds = Math.round((performance.now() - startMs) / 100) / 10;
  return { scenario, variant: variant.name, seed, controller, tookSeconds, outcome };
}

export function hasPassed(run: Run): boolean {
  return run.outcome.checks.every(({ pass }) => pass);
}
