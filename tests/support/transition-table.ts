import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const PROTOCOL = fileURLToPath(new URL("../../docs/PROTOCOL.md", import.meta.url));
const SECTIONS = { client: "### 8.1 Client", server: "### 8.2 Server" } as const;

/** One change of state, as documented or as recorded. `from` is "" for the first. */
export interface Transition {
  readonly from: string;
  readonly event: string;
  readonly to: string;
}

export function nameOf({ from, event, to }: Transition): string {
  return `${from || "nothing"} --${event}--> ${to}`;
}

/**
 * The transitions that docs/PROTOCOL.md allows a side, read from its tables: "any open" stands for the states that the
 * sentence above the table calls open, "same" changes nothing. State names in the words of the code: "any-open".
 * Throws when the tables do not have the form that this expects: then they can no longer be checked.
 */
export function documentedTransitions(role: "client" | "server"): Transition[] {
  const text = readFileSync(PROTOCOL, "utf8");
  const start = text.indexOf(SECTIONS[role]);
  const section = text.slice(start, text.indexOf("\n### ", start + 1));
  const open = /^([A-Z_, ]+?) and ([A-Z_]+) are open\.$/m.exec(section);
  if (start < 0 || open === null) throw new Error(`${SECTIONS[role]}: the sentence on open states is not there`);
  const openStates = `${open[1]}, ${open[2]}`;
  const transitions: Transition[] = [];
  let isTable = false;
  for (const line of section.split("\n")) {
    const cells = line.split("|").map((cell) => cell.trim());
    if (cells.length !== 6) {
      isTable = false;
      continue;
    }
    const [, states = "", event = "", , next = ""] = cells;
    if (states === "state" && event === "event") isTable = true;
    if (!isTable || states === "state" || states.startsWith("---") || next === "same") continue;
    const word = /^`([a-z-]+)`: /.exec(event)?.[1];
    if (word === undefined) throw new Error(`${SECTIONS[role]}: no word in front of the event "${event}"`);
    for (const from of statesOf(states.replace("any open", openStates))) {
      transitions.push({ from, event: word, to: codeName(next) });
    }
  }
  if (transitions.length < 20) throw new Error(`${SECTIONS[role]}: only ${transitions.length} transitions were found`);
  return transitions;
}

function statesOf(cell: string): string[] {
  return cell.split(",").map((state) => codeName(state.trim()));
}

function codeName(state: string): string {
  if (!/^[A-Z_]*$/.test(state)) throw new Error(`docs/PROTOCOL.md: "${state}" is no state`);
  return state.toLowerCase().replaceAll("_", "-");
}
