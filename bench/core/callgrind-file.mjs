// Reads what callgrind wrote, with V8's map of compiled functions: events for each function.
import { readFileSync } from "node:fs";

/** V8's functions by address. One that was compiled later takes the place of those it overlaps. */
class CodeMap {
  #starts = [];
  #entries = [];

  constructor(text) {
    const entries = text
      .split("\n")
      .filter((line) => line !== "")
      .map((line, age) => {
        const [start, size, ...name] = line.split(" ");
        return { start: parseInt(start, 16), size: parseInt(size, 16), name: name.join(" "), age };
      })
      .sort((a, b) => a.start - b.start || a.age - b.age);
    this.#entries = entries;
    this.#starts = entries.map(({ start }) => start);
  }

  nameAt(address) {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#starts[middle] <= address) low = middle + 1;
      else high = middle;
    }
    let newest;
    // Entries that overlap lie near each other.
    for (let i = low - 1; i >= 0 && i > low - 64; i--) {
      const entry = this.#entries[i];
      if (address < entry.start + entry.size && (newest === undefined || entry.age > newest.age)) newest = entry;
    }
    return newest?.name;
  }
}

/**
 * Events of each function itself, without what it calls: a map from its name to a map from the event to its count.
 * Format: valgrind's manual, "Callgrind Format Specification".
 */
export function readCallgrind(path, mapPath) {
  const code = new CodeMap(readFileSync(mapPath, "latin1"));
  const names = { ob: new Map(), fn: new Map() };
  const costs = new Map();
  let events = [];
  let positions = 1;
  let object = "";
  let name = "";
  let address = 0;
  let isOfCall = false;
  const named = (kind, text) => {
    const [, id, given] = /^\((\d+)\)(?: (.*))?$/.exec(text) ?? [];
    if (id === undefined) return text;
    if (given !== undefined) names[kind].set(id, given);
    return names[kind].get(id) ?? "";
  };
  for (const line of readFileSync(path, "latin1").split("\n")) {
    const [, key, value] = /^(ob|fn|cob|cfn|calls|events|positions)[=:] ?(.*)$/.exec(line) ?? [];
    if (key === "events") events = value.split(" ").filter(Boolean);
    else if (key === "positions") positions = value.trim().split(" ").length;
    else if (key === "ob") object = named("ob", value);
    else if (key === "fn") name = named("fn", value);
    else if (key === "cob") named("ob", value);
    else if (key === "cfn") named("fn", value);
    else if (key === "calls") isOfCall = true;
    else if (/^[0-9+*-]/.test(line)) {
      const parts = line.split(" ");
      address = moved(address, parts[0]);
      // The line after a call has the cost of what was called.
      if (isOfCall) isOfCall = false;
      else add(costs, (object === "???" ? code.nameAt(address) : undefined) ?? name, events, parts.slice(positions));
    }
  }
  return costs;
}

function moved(address, text) {
  if (text === "*") return address;
  if (text.startsWith("+")) return address + Number(text.slice(1));
  if (text.startsWith("-")) return address - Number(text.slice(1));
  return Number(text);
}

function add(costs, name, events, counts) {
  let cost = costs.get(name);
  if (cost === undefined) costs.set(name, (cost = new Map()));
  counts.forEach((count, i) => cost.set(events[i], (cost.get(events[i]) ?? 0) + Number(count)));
}
