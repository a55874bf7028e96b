// Tiles, distributions and drops: what is true now.
import { byId, element, setText } from "./dom.js";
import { bytes, bytesPerSecond, count, date, duration, milliseconds, percent, perSecond, remaining } from "./format.js";

/** A tick is busy when it takes this share of its interval, and late when it comes that much after its time. */
const TICK_WARNING = 0.5;

/** ms. A certificate that runs out within that time should have been renewed. */
const CERTIFICATE_WARNING_MS = 7 * 86_400_000;

/** Titles, and what is under them: figure, note, and whether that is a warning. Nothing: there is no such tile now. */
const TILES = [
  ["Peers", (now) => [count(now.peers), `${count(now.halfOpen)} half-open`]],
  ["Ticks", tickRate],
  ["Tick busy", tickBusy],
  ["Tick late", tickLate],
  ["In", (now) => [perSecond(now.datagramsReceived), bytesPerSecond(now.bytesReceived)]],
  ["Out", (now) => [perSecond(now.datagramsSent), bytesPerSecond(now.bytesSent)]],
  ["Round trip", (now) => [milliseconds(now.rttP50Ms), `p99 ${milliseconds(now.rttP99Ms)}`]],
  ["Loss", (now) => [percent(now.lossP50), `p99 ${percent(now.lossP99)}`]],
  ["Process", (now) => [percent(now.cpuShare), bytes(now.residentBytes)]],
  ["Certificate", certificate],
];

function tickRate(now, { stats }) {
  if (stats.ticks === undefined) return ["none", "event-driven"];
  const rate = Math.round(1000 / stats.ticks.intervalMs);
  const { skipped } = stats.ticks;
  const note = skipped === 0 ? `of ${rate}` : `${count(skipped)} skipped`;
  return [perSecond(now.ticks), note, now.ticksSkipped > 0];
}

function tickBusy(_now, { stats: { ticks } }) {
  if (ticks === undefined) return ["none", ""];
  const isHigh = ticks.busyP99Ms > ticks.intervalMs * TICK_WARNING;
  return [milliseconds(ticks.busyP50Ms), `p99 ${milliseconds(ticks.busyP99Ms)}`, isHigh];
}

function tickLate(_now, { stats: { ticks } }) {
  if (ticks === undefined) return ["none", ""];
  const isHigh = ticks.lateP99Ms > ticks.intervalMs * TICK_WARNING;
  return [milliseconds(ticks.lateP50Ms), `p99 ${milliseconds(ticks.lateP99Ms)}`, isHigh];
}

/** By the server's clock, which is known after its first second. A server with a bare key has no such tile. */
function certificate({ unixMs }, { stats: { certificateNotAfterMs } }) {
  if (certificateNotAfterMs === undefined || !(unixMs > 0)) return undefined;
  const leftMs = certificateNotAfterMs - unixMs;
  const until = `until ${date(certificateNotAfterMs)}`;
  return [leftMs > 0 ? remaining(leftMs / 1000) : "expired", until, leftMs < CERTIFICATE_WARNING_MS];
}

/** The newest second of the history, as an object. */
function newest(columns) {
  return Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, values.at(-1) ?? 0]));
}

export class Overview {
  #tiles;
  #rtt = new Spread(byId("rtt-spread"), (ms) => (ms < 1000 ? String(ms) : `${ms / 1000}k`), "ms, upper bound");
  #loss = new Spread(byId("loss-spread"), (share) => `${Number((share * 100).toPrecision(2))}`, "%, upper bound");
  #drops = byId("drops");

  constructor() {
    this.#tiles = TILES.map(([title, figures]) => {
      const value = element("strong");
      const note = element("small");
      const tile = element("div", { className: "tile" }, element("span", {}, title), value, note);
      byId("tiles").append(tile);
      return { figures, tile, value, note };
    });
  }

  update(columns, summary) {
    const now = newest(columns);
    for (const { figures, tile, value, note } of this.#tiles) {
      const [text, small, isWarning = false] = figures(now, summary) ?? ["", ""];
      tile.hidden = text === "";
      setText(value, text);
      setText(note, small);
      tile.classList.toggle("warning", isWarning);
    }
    const { address, uptimeSeconds, distributions, stats } = summary;
    const place = address === undefined ? "not listening" : `UDP ${hostText(address)}:${address.port}`;
    setText(byId("where"), `${place}, up ${duration(uptimeSeconds)}`);
    this.#rtt.update(distributions.rttMs);
    this.#loss.update(distributions.loss);
    this.#showDrops(stats.drops);
  }

  #showDrops(drops) {
    const rows = Object.entries(drops).filter(([, number]) => number > 0);
    rows.sort((a, b) => b[1] - a[1]);
    const most = rows[0]?.[1] ?? 1;
    const lines = rows.map(([reason, number]) => {
      const bar = element("i");
      bar.style.width = `${Math.max(1, (number / most) * 100)}%`;
      const track = element("div", { className: "track" }, bar);
      return element("div", { className: "drop" }, element("span", {}, reason), track, element("b", {}, count(number)));
    });
    if (lines.length === 0) lines.push(element("p", { className: "none" }, "None since the start."));
    this.#drops.replaceChildren(...lines);
  }
}

function hostText({ address, family }) {
  return family === 6 ? `[${address}]` : address;
}

/** Columns for how many peers are in each bucket. */
class Spread {
  #place;
  #label;
  #unit;
  #bars;

  constructor(place, label, unit) {
    this.#place = place;
    this.#label = label;
    this.#unit = unit;
  }

  update({ bounds, counts, p50, p95, p99 }) {
    this.#bars ??= this.#build(bounds);
    const most = Math.max(1, ...counts);
    counts.forEach((number, i) => {
      const { bar, value } = this.#bars.columns[i];
      bar.style.height = `${(number / most) * 100}%`;
      setText(value, number > 0 ? count(number) : "");
    });
    const show = this.#unit.startsWith("ms") ? milliseconds : percent;
    setText(this.#bars.note, `median ${show(p50)}, p95 ${show(p95)}, p99 ${show(p99)}`);
  }

  #build(bounds) {
    const columns = [...bounds, undefined].map((bound) => {
      const bar = element("i");
      const value = element("b");
      const label = element("span", {}, bound === undefined ? "more" : this.#label(bound));
      const frame = element("div", { className: "bar-frame" }, value, bar);
      return { bar, value, column: element("div", { className: "column" }, frame, label) };
    });
    const note = element("p", { className: "note" });
    const unit = element("p", { className: "unit" }, this.#unit);
    const row = element("div", { className: "columns" }, ...columns.map(({ column }) => column));
    this.#place.replaceChildren(note, row, unit);
    return { columns, note };
  }
}
