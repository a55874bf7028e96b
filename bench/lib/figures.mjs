// Medians and table cells.

/** Median, least and greatest of each figure over the rounds. */
export function summarise(runs) {
  const row = {};
  for (const key of new Set(runs.flatMap((run) => Object.keys(run)))) {
    const sorted = runs
      .map((run) => run[key])
      .filter((value) => typeof value === "number" && !Number.isNaN(value))
      .sort((a, b) => a - b);
    if (sorted.length > 0) row[key] = { median: sorted[sorted.length >> 1], min: sorted[0], max: sorted.at(-1) };
  }
  return row;
}

/** "median (min..max)". */
export function cell(figure, digits = 1) {
  if (figure === undefined) return "";
  const { median, min, max } = figure;
  return `${median.toFixed(digits)} (${min.toFixed(digits)}..${max.toFixed(digits)})`;
}

/** The median alone. */
export function middle(figure, digits = 1) {
  return figure === undefined ? "" : figure.median.toFixed(digits);
}

/** Nearest-rank percentile of unsorted values. */
export function percentile(values, share) {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** Lines of a Markdown table. `columns`: pairs of a title and what makes a row's cell. */
export function table(columns, rows) {
  return [
    `| ${columns.map(([title]) => title).join(" | ")} |`,
    `|${" --- |".repeat(columns.length)}`,
    ...rows.map((row) => `| ${columns.map(([, make]) => make(row)).join(" | ")} |`),
  ];
}
