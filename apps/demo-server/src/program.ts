import { ARENA_PROTOCOL, TerminalStatus } from "@sortie-apps/arena";
import { reloadIdentityOnSignal } from "sortie";
import { type Arena, createArena } from "./arena-server.js";
import { type Dashboard, openDashboard } from "./dashboard.js";
import type { HangUps } from "./hang-ups.js";
import { createCommand, type DemoServerOptions, parseOptions } from "./options.js";
import { Output } from "./output.js";
import { takeWarnings } from "./process-warnings.js";
import { reloadOnHangUp } from "./reloads.js";
import { StatusLine } from "./status-line.js";
import type { StopRequests } from "./stop-requests.js";
import { summarize } from "./summary.js";

/** What is listened to from the start of the process. */
export interface Signals {
  readonly hangUps: HangUps;
  readonly stops: StopRequests;
}

/** ms between two updates of the status line. */
const STATUS_INTERVAL_MS = 1_000;
/** ms that peers have, when the server ends, to take what is on its way to them. */
const DRAIN_MS = 2_000;

/** Resolves when Agones ends this server; without Agones never. */
async function agonesShutdown({ server, logger }: Arena, options: DemoServerOptions): Promise<void> {
  const { agones = false, agonesCounter: counter } = options;
  if (!agones) return new Promise(() => {});
  const { runWithAgones } = await import("@sortie/agones");
  return new Promise((resolve) => {
    runWithAgones(server, { logger, onShutdown: resolve, ...(counter === undefined ? {} : { counter }) });
  });
}

/** Opens the dashboard that was asked for. Without it the server does not run: probes would never find it ready. */
async function showDashboard(arena: Arena, options: DemoServerOptions, output: Output): Promise<Dashboard | undefined> {
  const { dashboard: port, dashboardHost: host, dashboardTokenFile: tokenFile } = options;
  if (port === undefined) return undefined;
  try {
    const dashboard = await openDashboard(arena, { port, host, tokenFile });
    const { url } = dashboard;
    // A token that was made for this run nobody would know otherwise.
    output[tokenFile === undefined ? "say" : "tell"](`dashboard: ${url}`, { url });
    process.send?.({ type: "dashboard", url });
    return dashboard;
  } catch (error) {
    await arena.server.close();
    throw error;
  }
}

/** @param ended what is under way by then besides is given up */
async function run(
  options: DemoServerOptions,
  output: Output,
  { hangUps, stops, ended }: Signals & { readonly ended: AbortSignal },
): Promise<void> {
  const startedAtMs = performance.now();
  const arena = await createArena(options, { ended });
  const { server, game, logger } = arena;
  server.on("draining", ({ leaveMs }) => {
    if (leaveMs === 0) return;
    output.tell(`draining: ${server.peers.size} players have ${leaveMs / 1_000} s to leave`);
  });
  const { key, certificate } = options;
  if (key !== undefined) {
    reloadIdentityOnSignal(server, key, { logger, ...(certificate === undefined ? {} : { certificate }) });
  }
  const { address, port, family } = await server.listen();
  const requested = stops.handle(options.duration);
  reloadOnHangUp(hangUps, arena.reloadables, { logger, others: key !== undefined, ended });
  output.say(`listening on ${family === 6 ? `[${address}]` : address}:${port}`, { address, port });
  process.send?.({ type: "listening", port, protocol: ARENA_PROTOCOL });
  const dashboard = await showDashboard(arena, options, output);
  // Last: from then on an allocator may send players here.
  const stop = Promise.race([requested, agonesShutdown(arena, options)]);
  // What fails is told where it is waited for.
  stop.catch(() => {});

  const status = options.quiet === true ? undefined : new StatusLine(new TerminalStatus(output.statusStream()));
  const showStatus = (): void => status?.update(server.stats, game.counters, performance.now());
  showStatus();
  const timer = setInterval(showStatus, STATUS_INTERVAL_MS);
  try {
    await stop;
  } finally {
    clearInterval(timer);
    status?.end();
    await server.close({ leaveMs: options.leave * 1_000, drainMs: DRAIN_MS });
    await dashboard?.close();
  }
  const { user, system } = process.cpuUsage();
  const seconds = (performance.now() - startedAtMs) / 1_000;
  const summary = summarize(server.stats, game.counters, { seconds, cpuSeconds: (user + system) / 1e6 });
  output.table("summary", summary);
}

/** What the command line asks for, to its end. What fails is told, with exit status 1. */
export async function runProgram(argv: readonly string[], signals: Signals): Promise<void> {
  // A reader of the output that goes away, or a full disk, is no reason to send players away.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  // Mistakes on the command line are to be told in the same way, before it has been understood.
  const isJson = argv.includes("--log-json");
  let output = new Output({ logJson: isJson });
  if (isJson) takeWarnings((text, fields) => output.warn(text, fields));
  const command = createCommand().configureOutput({
    outputError: (text, write) => {
      if (isJson) output.fail(text.trim().replace(/^error: /, ""));
      else write(text);
    },
  });
  const ended = new AbortController();
  try {
    const options = parseOptions(argv, command);
    output = new Output(options);
    await run(options, output, { ...signals, ended: ended.signal });
  } catch (error) {
    output.fail(error);
    process.exitCode = 1;
  }
  ended.abort();
  // A parent that listens would keep the process alive otherwise.
  process.channel?.unref();
}
