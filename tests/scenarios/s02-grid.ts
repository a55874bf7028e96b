import { playGame, type Played } from "./lib/played.js";
import { atMost, noFaults, type Outcome, type RunContext, type Scenario, type Variant } from "./lib/scenario.js";

const LOSSES = [0, 0.01, 0.02, 0.05, 0.1, 0.2] as const;
const ONE_WAYS_MS = [0, 25, 50, 100] as const;
const JITTERS_MS = [0, 10, 30] as const;
const REORDERS = [0.04, 0.3] as const;
const DUPLICATES = 0.1;
const SECONDS = 600;
const QUICK_SECONDS = 10;

interface Cell {
  readonly latencyMs: number;
  readonly jitterMs: number;
  readonly reorder: number;
}

function cellsOf(quick: boolean): Cell[] {
  if (quick) return [{ latencyMs: 50, jitterMs: 10, reorder: 0.3 }];
  return ONE_WAYS_MS.flatMap((latencyMs) =>
    JITTERS_MS.flatMap((jitterMs) => REORDERS.map((reorder) => ({ latencyMs, jitterMs, reorder }))),
  );
}

async function run(context: RunContext, loss: number): Promise<Outcome> {
  const played: Played[] = [];
  const seconds = context.quick ? QUICK_SECONDS : SECONDS;
  for (const [index, cell] of cellsOf(context.quick).entries()) {
    // Each cell has faults of its own.
    const seed = (context.seed * 1000 + index) >>> 0;
    played.push(await playGame({ ...context, seed }, { ...cell, loss, duplicate: DUPLICATES }, seconds));
  }
  return {
    checks: [
      noFaults(
        "ordered exactly once and in order, unreliable never twice",
        played.flatMap(({ faults }) => faults),
      ),
      atMost("unreliable delivered below 1 - loss", Math.max(...played.map(({ shortfall }) => shortfall)), 0.005, "%"),
    ],
    notes: {
      cells: played.length,
      messages: played.reduce((sum, { messages }) => sum + messages, 0),
      "ordered p99 of the worst cell, ms": Math.max(...played.map(({ orderedP99Ms }) => orderedP99Ms)),
    },
  };
}

export const s02: Scenario = {
  id: "S2",
  title: "game traffic for 10 min over a grid of conditions",
  engine: "client and server",
  conditions:
    "each row is 24 runs of 10 min: one-way 0, 25, 50 and 100 ms, jitter 0, 10 and 30 ms, reorder 4 and 30 %, all " +
    "with 10 % duplicates; loss is what the link in fact lost, the share is that of the worst run and direction",
  variants: (quick): Variant[] =>
    LOSSES.filter((loss) => !quick || loss === 0.2).map((loss) => ({
      name: `${loss * 100} % loss`,
      run: (context) => run(context, loss),
    })),
};
