// The charts of the last five minutes: uPlot, one card each, with one cursor for all.
/* global uPlot, ResizeObserver, matchMedia, getComputedStyle */
import { element, setText } from "./dom.js";
import { bytes, bytesPerSecond, count, milliseconds, percent, perSecond } from "./format.js";

const HEIGHT = 168;
/** Seconds on the time axis: at most, and at least, while the history is young. */
const SPAN_SECONDS = 300;
const LEAST_SPAN_SECONDS = 60;
/** Steps of the time axis, s. */
const TIME_STEPS = [10, 15, 30, 60, 120, 300];

const timeOfDay = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** From the first second that is there, or five minutes ago. */
function timeRange(_plot, min, max) {
  if (max === null) return [0, SPAN_SECONDS];
  return [Math.max(max - SPAN_SECONDS, Math.min(min, max - LEAST_SPAN_SECONDS)), max];
}

/**
 * Series: column of the history, name, colour (a variable of the style sheet), and whether the area is filled. `least`:
 * what the axis shows at least, so that noise about zero stays small.
 */
const CHARTS = [
  {
    title: "Tick time",
    format: milliseconds,
    least: 5,
    series: [
      { column: "tickBusyMaxMs", name: "max", colour: "--c1", fill: true },
      { column: "tickBusyMeanMs", name: "mean", colour: "--c2" },
      { column: "tickLateMaxMs", name: "late", colour: "--c3" },
    ],
  },
  {
    title: "Datagrams",
    format: perSecond,
    least: 10,
    series: [
      { column: "datagramsReceived", name: "in", colour: "--c1", fill: true },
      { column: "datagramsSent", name: "out", colour: "--c3" },
    ],
  },
  {
    title: "Bytes",
    format: bytesPerSecond,
    least: 1_000,
    series: [
      { column: "bytesReceived", name: "in", colour: "--c1", fill: true },
      { column: "bytesSent", name: "out", colour: "--c3" },
    ],
  },
  {
    title: "Peers",
    format: count,
    least: 4,
    series: [
      { column: "peers", name: "connected", colour: "--c1", fill: true },
      { column: "halfOpen", name: "half-open", colour: "--c3" },
    ],
  },
  {
    title: "Round trip",
    format: milliseconds,
    least: 10,
    series: [
      { column: "rttP50Ms", name: "median", colour: "--c1", fill: true },
      { column: "rttP99Ms", name: "p99", colour: "--c3" },
    ],
  },
  {
    title: "Loss",
    format: percent,
    least: 0.01,
    series: [
      { column: "lossP50", name: "median", colour: "--c1", fill: true },
      { column: "lossP99", name: "p99", colour: "--c3" },
    ],
  },
  {
    title: "Lost and resent",
    format: perSecond,
    least: 10,
    series: [
      { column: "packetsLost", name: "lost", colour: "--c3", fill: true },
      { column: "retransmittedMessages", name: "resent", colour: "--c1" },
      { column: "drops", name: "dropped", colour: "--c4" },
    ],
  },
  {
    title: "Queued",
    format: bytes,
    least: 1_000,
    series: [{ column: "queuedBytes", name: "for peers", colour: "--c1", fill: true }],
  },
  {
    title: "Processor",
    format: percent,
    least: 0.1,
    series: [{ column: "cpuShare", name: "of a core", colour: "--c2", fill: true }],
  },
];

function colour(variable) {
  return getComputedStyle(document.documentElement).getPropertyValue(variable).trim();
}

/** One card: title, legend with the newest figures or those under the cursor, chart. */
class Chart {
  #definition;
  #plot;
  #values;
  #frame = element("div", { className: "plot" });
  #data = [[]];

  constructor(definition, parent) {
    this.#definition = definition;
    this.#values = definition.series.map(() => element("b"));
    const legend = definition.series.map(({ name }, i) => {
      const swatch = element("i", { className: `swatch ${definition.series[i].colour.slice(2)}` });
      return element("span", {}, swatch, `${name} `, this.#values[i]);
    });
    const head = element("div", { className: "chart-head" }, element("h2", {}, definition.title));
    head.append(element("div", { className: "legend" }, ...legend));
    parent.append(element("article", { className: "card chart" }, head, this.#frame));
    this.#build();
    new ResizeObserver(() => this.#resize()).observe(this.#frame);
  }

  update(columns) {
    const seconds = columns.unixMs.map((ms) => ms / 1000);
    this.#data = [seconds, ...this.#definition.series.map(({ column }) => columns[column])];
    this.#plot.setData(this.#data);
    this.#showValues();
  }

  /** Anew, in the colours of the scheme that holds now. */
  rebuild() {
    this.#plot.destroy();
    this.#build();
  }

  #build() {
    const { series, format, least } = this.#definition;
    const axis = { stroke: colour("--muted"), font: "11px system-ui, sans-serif" };
    const grid = { stroke: colour("--grid"), width: 1 };
    const options = {
      width: this.#frame.clientWidth || 300,
      height: HEIGHT,
      padding: [8, 8, 0, 0],
      legend: { show: false },
      cursor: { sync: { key: "sortie" }, y: false, drag: { setScale: false, x: false, y: false }, points: { size: 6 } },
      hooks: { setCursor: [() => this.#showValues()] },
      scales: {
        x: { range: timeRange },
        y: { range: (_plot, _min, max) => [0, Math.max(least, max * 1.15)] },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          ticks: { show: false },
          size: 24,
          space: 72,
          incrs: TIME_STEPS,
          values: (_plot, splits) => splits.map((seconds) => timeOfDay.format(seconds * 1000)),
        },
        { ...axis, grid, ticks: { show: false }, size: 62, values: (_plot, splits) => splits.map(format) },
      ],
      series: [
        {},
        ...series.map(({ name, colour: variable, fill }) => ({
          label: name,
          stroke: colour(variable),
          width: 1.5,
          points: { show: false },
          ...(fill ? { fill: `${colour(variable)}26` } : {}),
        })),
      ],
    };
    this.#plot = new uPlot(options, this.#data, this.#frame);
  }

  #resize() {
    const width = this.#frame.clientWidth;
    if (width > 0 && width !== this.#plot.width) this.#plot.setSize({ width, height: HEIGHT });
  }

  #showValues() {
    const at = this.#plot?.cursor.idx ?? this.#data[0].length - 1;
    this.#values.forEach((target, i) => {
      const value = this.#data[i + 1]?.[at];
      setText(target, value === undefined ? "" : this.#definition.format(value));
    });
  }
}

/** All charts, drawn anew when the colour scheme changes. */
export class Charts {
  #charts;

  constructor(parent) {
    this.#charts = CHARTS.map((definition) => new Chart(definition, parent));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      for (const chart of this.#charts) chart.rebuild();
    });
  }

  update(columns) {
    for (const chart of this.#charts) chart.update(columns);
  }
}
