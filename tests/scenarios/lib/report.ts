import type { Run } from "./run-scenarios.js";

/** One row for each check of each variant, with the figures of all seeds side by side. */
interface Row {
  readonly scenario: string;
  readonly variant: string;
  readonly mustShow: string;
  readonly measured: string[];
  pass: boolean;
}

function rowsOf(runs: readonly Run[]): Row[] {
  const rows = new Map<string, Row>();
  for (const { scenario, variant, outcome } of runs) {
    for (const { mustShow, measured, pass } of outcome.checks) {
      const key = [scenario, variant, mustShow].join("\n");
      const row = rows.get(key) ?? { scenario, variant, mustShow, measured: [], pass: true };
      row.measured.push(measured);
      row.pass &&= pass;
      rows.set(key, row);
    }
  }
  return [...rows.values()];
}

/** Equal figures once, others in the order of the seeds. */
function seedFigures(measured: readonly string[]): string {
  return new Set(measured).size === 1 ? (measured[0] as string) : measured.join("; ");
}

/** The table of all runs in Markdown. */
export function formatTable(runs: readonly Run[]): string {
  const lines = rowsOf(runs).map(({ scenario, variant, mustShow, measured, pass }) =>
    [scenario, variant, mustShow, seedFigures(measured), pass ? "pass" : "**FAIL**"].map(escapeCell),
  );
  return markdownTable(["no.", "variant", "must show", "measured, by seed", "verdict"], lines);
}

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function escapeCell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
