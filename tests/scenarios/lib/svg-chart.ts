/** One line of a chart. */
export interface Line {
  readonly label: string;
  readonly color: string;
  readonly values: readonly number[];
}

/** One chart: lines over the same times. */
export interface Panel {
  readonly title: string;
  /** Of the vertical axis. */
  readonly unit: string;
  readonly lines: readonly Line[];
}

const WIDTH = 860;
const PANEL_HEIGHT = 170;
const MARGIN = { left: 64, right: 16, top: 30, bottom: 26 } as const;
const HEADER_HEIGHT = 34;
const FOOTER_HEIGHT = 20;
const PLOT_WIDTH: number = WIDTH - MARGIN.left - MARGIN.right;
const PLOT_HEIGHT: number = PANEL_HEIGHT - MARGIN.top - MARGIN.bottom;
/** Points of a line: more than one a pixel are not seen. */
const MAX_POINTS: number = PLOT_WIDTH;
/** The mark of a line in the legend and the space around it; a character of the font, at the most. */
const LEGEND_MARK_WIDTH = 42;
const LEGEND_CHARACTER_WIDTH = 6.2;
const X_TICKS = 10;
const Y_TICKS = 4;

/**
 * Charts below each other with one time axis, as an SVG document of its own: no style sheet, no script, white ground:
 * it looks the same wherever it is shown. Where there are more samples than pixels, each pixel shows the largest.
 * @param atMs times of all values, rising
 */
export function svgCharts(title: string, atMs: readonly number[], panels: readonly Panel[]): string {
  const height = HEADER_HEIGHT + panels.length * PANEL_HEIGHT + FOOTER_HEIGHT;
  const endSeconds = Math.max((atMs.at(-1) ?? 0) / 1000, 0.001);
  const body = panels.map((panel, index) => panelSvg(panel, atMs, endSeconds, HEADER_HEIGHT + index * PANEL_HEIGHT));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}"` +
      ` font-family="sans-serif" font-size="11">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="${MARGIN.left}" y="22" font-size="14" font-weight="bold">${escapeText(title)}</text>`,
    ...body,
    `<text x="${WIDTH - MARGIN.right}" y="${height - 6}" text-anchor="end" fill="#555">time, s</text>`,
    "</svg>\n",
  ].join("\n");
}

function panelSvg(panel: Panel, atMs: readonly number[], endSeconds: number, top: number): string {
  const highest = Math.max(1e-9, ...panel.lines.map(({ values }) => largest(values)));
  const yStep = niceStep(highest / Y_TICKS);
  const yMax = Math.ceil((highest * 1.02) / yStep) * yStep;
  const xStep = niceStep(endSeconds / X_TICKS);
  const x = (seconds: number): number => MARGIN.left + (seconds / endSeconds) * PLOT_WIDTH;
  const y = (value: number): number => top + MARGIN.top + PLOT_HEIGHT * (1 - value / yMax);
  const parts = [`<text x="${MARGIN.left}" y="${top + 18}" font-weight="bold">${escapeText(panel.title)}</text>`];
  for (let step = 0; step * yStep <= yMax + yStep / 2; step++) {
    const value = step * yStep;
    const at = y(value).toFixed(1);
    const x2 = WIDTH - MARGIN.right;
    parts.push(
      `<line x1="${MARGIN.left}" y1="${at}" x2="${x2}" y2="${at}" stroke="${step === 0 ? "#888" : "#e4e4e4"}"/>`,
    );
    parts.push(label(MARGIN.left - 6, y(value) + 4, "end", number(value, yStep)));
  }
  for (let step = 0; step * xStep <= endSeconds; step++) {
    parts.push(label(x(step * xStep), top + PANEL_HEIGHT - 10, "middle", number(step * xStep, xStep)));
  }
  const middle = top + MARGIN.top + PLOT_HEIGHT / 2;
  const turn = `rotate(-90 14 ${middle.toFixed(1)})`;
  parts.push(
    `<text transform="${turn}" x="14" y="${middle.toFixed(1)}" text-anchor="middle" fill="#555">${escapeText(panel.unit)}</text>`,
  );
  // From the right: each line's legend is left of the next one's.
  let legendWidth = 0;
  for (const line of panel.lines.toReversed()) {
    legendWidth += LEGEND_MARK_WIDTH + line.label.length * LEGEND_CHARACTER_WIDTH;
    parts.push(...lineSvg(line, legendWidth, atMs, x, y, top));
  }
  return parts.join("\n");
}

function lineSvg(
  { label: name, color, values }: Line,
  legendWidth: number,
  atMs: readonly number[],
  x: (seconds: number) => number,
  y: (value: number) => number,
  top: number,
): string[] {
  const stride = Math.max(1, Math.ceil(values.length / MAX_POINTS));
  const points: string[] = [];
  for (let from = 0; from < values.length; from += stride) {
    const value = largest(values.slice(from, from + stride));
    if (Number.isFinite(value)) points.push(`${x((atMs[from] ?? 0) / 1000).toFixed(1)},${y(value).toFixed(1)}`);
  }
  const legendX = WIDTH - MARGIN.right - legendWidth;
  return [
    `<polyline fill="none" stroke="${color}" stroke-width="1.4" points="${points.join(" ")}"/>`,
    `<line x1="${legendX}" y1="${top + 14}" x2="${legendX + 18}" y2="${top + 14}" stroke="${color}" stroke-width="2.5"/>`,
    `<text x="${legendX + 24}" y="${top + 18}">${escapeText(name)}</text>`,
  ];
}

function label(x: number, y: number, anchor: string, text: string): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" fill="#555">${text}</text>`;
}

function largest(values: readonly number[]): number {
  let highest = -Infinity;
  for (const value of values) if (Number.isFinite(value) && value > highest) highest = value;
  return highest;
}

/** The next of 1, 2 and 5 times a power of ten. */
function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10;
  return step * power;
}

function number(value: number, step: number): string {
  return value.toFixed(Math.max(0, Math.ceil(-Math.log10(step) - 1e-9)));
}

function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
