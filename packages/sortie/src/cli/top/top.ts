import { Command, Option } from "commander";
import { integerIn, numberIn, oneOf } from "../arguments.js";
import { type CommandHost, PROCESS_HOST, waitFor } from "../command-host.js";
import { jsonText } from "../json-text.js";
import { styleOf } from "../style.js";
import { fit } from "./cell-text.js";
import {
  MetricsApi,
  MetricsApiError,
  type PeerQuery,
  SORT_KEYS,
  type SortKey,
  tokenFromEnvironment,
} from "./metrics-api.js";
import type { Reading } from "./reading.js";
import { Screen, type Terminal } from "./screen.js";
import { peersFor, viewLines, type ViewOptions } from "./top-view.js";

interface TopOptions {
  readonly token?: string;
  readonly sort: SortKey;
  readonly order?: "asc" | "desc";
  readonly peers?: number;
  readonly search: string;
  readonly interval: number;
  readonly once?: boolean;
  readonly json?: boolean;
}

/** Rows that the API gives at once. */
const MAX_PEERS = 500;
/** Peers where no terminal says how many there is room for. */
const DEFAULT_PEERS = 20;
/** Columns of what is printed elsewhere than on a terminal. */
const PLAIN_COLUMNS = 160;
/** Sorted from the first letter on, or the lowest ID; all others from the highest. */
const ASCENDING: readonly SortKey[] = ["id", "address", "label", "quality"];
/** Columns of the table through which the key "s" goes. */
const KEY_SORTS: readonly SortKey[] = [
  "rttMs",
  "loss",
  "bytesReceivedPerSecond",
  "bytesSentPerSecond",
  "queuedBytes",
  "id",
];

const HELP = `
URL is that of the listener (createMetricsListener of @sortie/metrics), such as http://127.0.0.1:9474; the link that the
listener tells, with the token behind #, does as well. The token is best given in the environment, as
SORTIE_METRICS_TOKEN: others on the machine can see a command's arguments.

Keys: q or Ctrl-C ends, s sorts by another column, r turns the order around. Where standard output is no terminal, one
set of figures is printed, as with --once.

Examples:
  $ sortie top http://127.0.0.1:9474
  $ SORTIE_METRICS_TOKEN=... sortie top http://10.0.0.5:9474 --sort loss --search 203.0.113.
  $ sortie top http://127.0.0.1:9474 --json --peers 500 | jq .peers

The exit status is 1 when the figures could not be had.`;

const PROCESS_TERMINAL: Terminal = { out: process.stdout, keys: process.stdin, ending: process };

/** `sortie top`: the dashboard's figures in a terminal. */
export function topCommand(host: CommandHost = PROCESS_HOST, terminal: Terminal = PROCESS_TERMINAL): Command {
  return new Command("top")
    .description("show a server's figures, from the listener of @sortie/metrics, anew each second")
    .argument("<url>", "of the metrics listener")
    .option("--token <text>", "its bearer token (better: SORTIE_METRICS_TOKEN)")
    .option("--sort <key>", `of the peers: ${SORT_KEYS.join(", ")}`, oneOf(SORT_KEYS), "rttMs")
    .option("--order <order>", "asc or desc (default: desc, but asc for texts and id)", oneOf(["asc", "desc"] as const))
    .option("--peers <number>", "peers to show (default: as many as there is room for)", integerIn(1, MAX_PEERS))
    .addOption(
      new Option("--search <text>", "only peers whose address or name has this, or with this ID").default("", "all"),
    )
    .option("--interval <ms>", "between two looks", numberIn(250, 60_000), 1000)
    .option("--once", "print the figures once, and end")
    .option("--json", "print the figures once, as JSON, and end")
    .addHelpText("after", HELP)
    .action(async (url: string, options: TopOptions) => {
      const api = new MetricsApi(url, options.token ?? tokenFromEnvironment());
      const isWatched = terminal.out.isTTY === true && options.json !== true && options.once !== true;
      await (isWatched ? watch(api, options, host, terminal) : printOnce(api, options, terminal));
    });
}

async function printOnce(api: MetricsApi, options: TopOptions, { out }: Terminal): Promise<void> {
  const query = queryOf(options, options.sort, options.order, options.peers ?? DEFAULT_PEERS);
  const reading = await api.read(query, new AbortController().signal);
  if (options.json === true) return console.log(jsonText(reading));
  const columns = (out.isTTY === true ? out.columns : undefined) || PLAIN_COLUMNS;
  const view = { columns, rows: Infinity, style: styleOf(out), url: api.url, sort: query.sort, order: query.order };
  for (const line of viewLines(reading, view)) console.log(line);
}

/** Shows the figures until it is told to end. The first answer must be a good one; a later want of them is shown. */
async function watch(api: MetricsApi, options: TopOptions, host: CommandHost, terminal: Terminal): Promise<void> {
  const ended = new AbortController();
  const stop = new Promise<void>((resolve) => ended.signal.addEventListener("abort", () => resolve()));
  void host.interrupted().then(() => ended.abort());
  let { sort, order } = options;
  let redraw = (): void => {};
  const onKey = (key: string): void => {
    if (key === "q" || key === "\u0003") ended.abort();
    else if (key === "s") {
      sort = KEY_SORTS[(KEY_SORTS.indexOf(sort) + 1) % KEY_SORTS.length] as SortKey;
      order = undefined;
    } else if (key === "r") order = (order ?? orderOf(sort)) === "asc" ? "desc" : "asc";
    // Other keys are no reason to ask the server again.
    else return;
    redraw();
  };
  const screen = new Screen(terminal, onKey);
  const style = styleOf(terminal.out);
  let reading: Reading | undefined;
  let lastMs = performance.now();
  try {
    while (!ended.signal.aborted) {
      // Before the figures are asked for: a key that is pressed meanwhile counts for the next ones.
      const keyPressed = new Promise<void>((resolve) => (redraw = resolve));
      const limit = Math.min(MAX_PEERS, options.peers ?? peersFor(screen.rows));
      const query = queryOf(options, sort, order, limit);
      let trouble: string | undefined;
      try {
        reading = await api.read(query, ended.signal);
        lastMs = performance.now();
      } catch (error) {
        if (ended.signal.aborted) break;
        if (reading === undefined || !(error instanceof MetricsApiError)) throw error;
        trouble = `old by ${((performance.now() - lastMs) / 1000).toFixed(0)} s: ${error.message}`;
      }
      // Opened only now: what was wrong at the start is printed where it stays.
      screen.open();
      const { columns, rows } = screen;
      const view: ViewOptions = { columns, rows, style, url: api.url, sort: query.sort, order: query.order };
      const lines = viewLines(reading as Reading, trouble === undefined ? view : { ...view, rows: rows - 1 });
      if (trouble !== undefined) lines.unshift(style.red(fit(trouble, columns - 1)));
      screen.show(lines);
      await waitFor(options.interval, [stop, keyPressed]);
    }
  } finally {
    screen.close();
  }
}

function queryOf({ search }: TopOptions, sort: SortKey, order: "asc" | "desc" | undefined, limit: number): PeerQuery {
  return { sort, order: order ?? orderOf(sort), limit, search };
}

function orderOf(sort: SortKey): "asc" | "desc" {
  return ASCENDING.includes(sort) ? "asc" : "desc";
}
