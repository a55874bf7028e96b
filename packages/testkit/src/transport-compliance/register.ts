import { BATCH_CASES } from "./batch-cases.js";
import { CALL_CASES } from "./call-cases.js";
import { DELIVERY_CASES } from "./delivery-cases.js";
import type { TransportEnvironment, TransportTopology } from "./environment.js";
import { type CaseBody, Harness } from "./harness.js";
import { LIFECYCLE_CASES } from "./lifecycle-cases.js";
import { OPTIONAL_CASES } from "./optional-cases.js";

/** How the suite gets at a transport. */
export interface TransportComplianceOptions {
  /** Makes what one case needs; called before each. */
  readonly setup: () => TransportEnvironment | Promise<TransportEnvironment>;
  /** Called after each case, when all its transports are closed, also after a failure. */
  readonly teardown?: ((environment: TransportEnvironment) => void | Promise<void>) | undefined;
  /** Who reaches whom: `star` for clients that dial a server. Default `mesh`. */
  readonly topology?: TransportTopology | undefined;
}

/** One case of the suite. */
export interface TransportComplianceCase {
  readonly name: string;
  /** Runs the case; rejects with an Error that says what was expected and what came. */
  run(): Promise<void>;
}

/** The test functions of a runner, of vitest or node:test or any like them. */
export interface TestRunner {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: (name: string, body: () => Promise<void>) => unknown;
}

/** Options of {@link testTransport}. */
export interface TestTransportOptions extends TransportComplianceOptions {
  /** Names the transport in the report. Default "transport". */
  readonly name?: string | undefined;
  /** Default: the global `describe` and `it`. */
  readonly runner?: TestRunner | undefined;
}

/**
 * The cases that every transport must pass, for a runner of your own; they may run in any order. Throws TypeError for
 * a topology that there is not.
 */
export function transportComplianceCases(options: TransportComplianceOptions): TransportComplianceCase[] {
  const { topology = "mesh" } = options;
  if (topology !== "mesh" && topology !== "star") {
    throw new TypeError(`"topology" expected "mesh" or "star", got ${JSON.stringify(topology)}`);
  }
  const bodies = { ...LIFECYCLE_CASES, ...DELIVERY_CASES, ...CALL_CASES, ...BATCH_CASES, ...OPTIONAL_CASES };
  return Object.entries(bodies).map(([name, body]) => ({ name, run: () => runCase(options, body) }));
}

/**
 * Registers the compliance suite with a test runner, one test for each case. Throws TypeError where there is neither
 * a `runner` nor a global `describe` and `it`.
 */
export function testTransport(options: TestTransportOptions): void {
  const { describe, it } = options.runner ?? globalRunner();
  describe(`${options.name ?? "transport"}: transport compliance`, () => {
    for (const { name, run } of transportComplianceCases(options)) it(name, run);
  });
}

async function runCase(options: TransportComplianceOptions, body: CaseBody): Promise<void> {
  const environment = await options.setup();
  const harness = new Harness(environment, options.topology ?? "mesh");
  try {
    try {
      await body(harness);
      harness.checkCalls();
    } catch (error) {
      // The first failure is the one to report; closing is tried all the same.
      await harness.closeAll().catch(() => undefined);
      throw error;
    }
    await harness.closeAll();
    harness.checkCalls();
  } finally {
    await options.teardown?.(environment);
  }
}

function globalRunner(): TestRunner {
  const { describe, it } = globalThis as unknown as Partial<TestRunner>;
  if (typeof describe === "function" && typeof it === "function") return { describe, it };
  throw new TypeError(`"runner" expected { describe, it }, as there are no global ones, got undefined`);
}
