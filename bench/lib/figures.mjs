// Medians and table cells.

/** Median, least and greatest of each figure over the rounds. */
export function summarise(runs) {
  const row = {};
  for (const key of Object.keys(runs[0])) {
    const sorted = runs
      .map((run) => run[key])
      .filter((value) => typeof value === "number")
      .sort((a, b) => a - b);
    if (sorted.length > 0) row[key] = { median: sorted[sorted.length >> 1], min: sorted[0], max: sorted.at(-1) };
  }
  return row;
}

/** "median (min..max)". */
export function cell(figure, digits) {
  if (figure === undefined) return "";
  const { median, min, max } = figure;
  return `${median.toFixed(digits)} (${min.toFixed(digits)}..${max.toFixed(digits)})`;
}

/** Nearest-rank percentile of unsorted values. */
export function percentile(values, share) {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
