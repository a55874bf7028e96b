import type { Results } from "./results-file.js";
import { hasPassed, type Run } from "./run-scenarios.js";
import type { Scenario } from "./scenario.js";

/** One row for each check of each variant, with the figures of all seeds side by side. */
interface Row {
  readonly scenario: string;
  readonly variant: string;
  readonly mustShow: string;
  readonly measured: string[];
  pass: boolean;
}

/** The scenarios that controllers are compared on. */
const COMPARED: readonly string[] = ["S4", "S5", "S9"];

/** The table of all runs, for the terminal. */
export function formatTable(runs: readonly Run[]): string {
  const lines = rowsOf(runs).map((row) => [
    row.scenario,
    row.variant,
    row.mustShow,
    figures(row.measured),
    verdict(row),
  ]);
  return markdownTable(["no.", "variant", "must show", "measured, by seed", "verdict"], lines);
}

/** docs/RESULTS.md. `plots`: links to the plots by scenario. */
export function formatResults(
  results: Results,
  scenarios: readonly Scenario[],
  realScenarios: readonly Scenario[],
  plots: ReadonlyMap<string, readonly string[]>,
): string {
  const main = results.memory.filter(({ controller }) => controller === "default");
  const parts = [
    "# Results of the network scenarios",
    INTRODUCTION,
    summary(main),
    ...scenarios.flatMap((scenario) => section(scenario, main, plots.get(scenario.id) ?? [])),
    ...comparison(results.memory),
    ...realSection(results.real, realScenarios),
  ];
  return `${parts.join("\n\n")}\n`;
}

const INTRODUCTION = `Written by \`npm run scenarios\`; do not edit. Each scenario runs with three seeds, over the memory network in virtual
time unless its section says otherwise, with the default options of client and server. A figure that is the same for all
seeds stands once. A verdict is that of the worst seed; **FAIL** means that Sortie falls short of what it must show. The
same figures with everything measured beside them are in [results/scenarios.json](results/scenarios.json). How to run
them, and what they need: [TESTING.md](TESTING.md#scenarios).`;

function summary(runs: readonly Run[]): string {
  const rows = rowsOf(runs);
  const failed = rows.filter(({ pass }) => !pass).length;
  const seconds = runs.reduce((sum, { tookSeconds }) => sum + tookSeconds, 0);
  const seeds = [...new Set(runs.map(({ seed }) => seed))].join(", ");
  return `${rows.length - failed} of ${rows.length} rows pass, ${failed} fail. Seeds ${seeds}; ${Math.round(seconds)} s of one thread in all.`;
}

function section(scenario: Scenario, runs: readonly Run[], plots: readonly string[]): string[] {
  const own = runs.filter((run) => run.scenario === scenario.id);
  const head = [`## ${scenario.id}: ${scenario.title}`, `On ${scenario.engine}; ${scenario.conditions}.`];
  if (own.length === 0) return [...head, "Not run yet."];
  const rows = rowsOf(own).map((row) => [row.variant, row.mustShow, figures(row.measured), verdict(row)]);
  const table = markdownTable(["variant", "must show", "measured, by seed", "verdict"], rows);
  const images = plots.map((path) => `![${scenario.id}](${path})`);
  return [...head, table, ...notes(own), ...images];
}

/** What was measured beside the must-shows, a line for each variant. */
function notes(runs: readonly Run[]): string[] {
  const lines = [...new Set(runs.map(({ variant }) => variant))].flatMap((variant) => {
    const own = runs.filter((run) => run.variant === variant);
    const names = Object.keys(own[0]?.outcome.notes ?? {});
    const texts = names.map((name) => {
      const values = own.map(({ outcome }) => outcome.notes?.[name]);
      return `${name} ${figures(values.map((value) => (typeof value === "number" ? round(value) : String(value))))}`;
    });
    return texts.length === 0 ? [] : [`- ${variant === "" ? "" : `${variant}: `}${texts.join(" · ")}`];
  });
  return lines.length === 0 ? [] : [`Beside it:\n\n${lines.join("\n")}`];
}

function comparison(runs: readonly Run[]): string[] {
  const controllers = [...new Set(runs.map(({ controller }) => controller))];
  if (controllers.length < 2) return [];
  const compared = runs.filter(({ scenario }) => COMPARED.includes(scenario));
  const rows = rowsOf(compared.filter(({ controller }) => controller === "default")).map((row) => {
    const cells = controllers.map((controller) => {
      const own = rowsOf(compared.filter((run) => run.controller === controller));
      const same = own.find((other) => keyOf(other) === keyOf(row));
      return same === undefined ? "not run" : `${figures(same.measured)}${same.pass ? "" : " **FAIL**"}`;
    });
    return [row.scenario, row.variant, row.mustShow, ...cells];
  });
  const table = markdownTable(["no.", "variant", "must show", ...controllers], rows);
  return ["## Congestion controllers compared", table];
}

function realSection(runs: readonly Run[], scenarios: readonly Scenario[]): string[] {
  if (runs.length === 0) return [];
  const intro =
    "The same over UDP on loopback, shortened: server and clients in one process, `sortie proxy` in another.";
  const failed = runs.filter((run) => !hasPassed(run)).length;
  const parts = scenarios.map(({ id, conditions }) => `- ${id}: ${conditions}`).join("\n");
  return ["## Over real UDP", `${intro} ${failed} of ${runs.length} runs fail.`, parts, formatTable(runs)];
}

function rowsOf(runs: readonly Run[]): Row[] {
  const rows = new Map<string, Row>();
  for (const { scenario, variant, outcome } of runs) {
    for (const { mustShow, measured, pass } of outcome.checks) {
      const fresh: Row = { scenario, variant, mustShow, measured: [], pass: true };
      const row = rows.get(keyOf(fresh)) ?? fresh;
      row.measured.push(measured);
      row.pass &&= pass;
      rows.set(keyOf(row), row);
    }
  }
  return [...rows.values()];
}

function keyOf({ scenario, variant, mustShow }: Row): string {
  return [scenario, variant, mustShow].join("\n");
}

/** Equal figures once, others in the order of the seeds. */
function figures(measured: readonly string[]): string {
  return new Set(measured).size === 1 ? (measured[0] as string) : measured.join("; ");
}

function verdict({ pass }: Row): string {
  return pass ? "pass" : "**FAIL**";
}

function round(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escapeCell).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function escapeCell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
