import { ARENA_PROTOCOL, TerminalStatus } from "@sortie-apps/arena";
import colors from "picocolors";
import { reloadIdentityOnSignal } from "sortie";
import { type Arena, createArena } from "./arena-server.js";
import { type Dashboard, openDashboard } from "./dashboard.js";
import { type DemoServerOptions, parseOptions } from "./options.js";
import { StatusLine } from "./status-line.js";
import { stopRequested } from "./stop-requested.js";
import { summarize } from "./summary.js";

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
async function showDashboard(arena: Arena, options: DemoServerOptions): Promise<Dashboard | undefined> {
  const { dashboard: port, dashboardHost: host, dashboardTokenFile: tokenFile, quiet } = options;
  if (port === undefined) return undefined;
  try {
    const dashboard = await openDashboard(arena, { port, host, tokenFile });
    if (quiet !== true) console.log(`dashboard: ${dashboard.url}`);
    process.send?.({ type: "dashboard", url: dashboard.url });
    return dashboard;
  } catch (error) {
    await arena.server.close();
    throw error;
  }
}

async function run(options: DemoServerOptions): Promise<void> {
  const startedAtMs = performance.now();
  const arena = await createArena(options);
  const { server, game, logger } = arena;
  server.on("draining", ({ leaveMs }) => {
    if (options.quiet === true || leaveMs === 0) return;
    console.log(`draining: ${server.peers.size} players have ${leaveMs / 1_000} s to leave`);
  });
  const { key, certificate } = options;
  if (key !== undefined) {
    reloadIdentityOnSignal(server, key, { logger, ...(certificate === undefined ? {} : { certificate }) });
  }
  const { address, port, family } = await server.listen();
  const requested = stopRequested(options.duration);
  console.log(`listening on ${family === 6 ? `[${address}]` : address}:${port}`);
  process.send?.({ type: "listening", port, protocol: ARENA_PROTOCOL });
  const dashboard = await showDashboard(arena, options);
  // Last: from then on an allocator may send players here.
  const stop = Promise.race([requested, agonesShutdown(arena, options)]);
  // What fails is told where it is waited for.
  stop.catch(() => {});

  const status = options.quiet === true ? undefined : new StatusLine(new TerminalStatus(process.stdout));
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
  if (options.quiet === true) return;
  const { user, system } = process.cpuUsage();
  const seconds = (performance.now() - startedAtMs) / 1_000;
  for (const [label, text] of summarize(server.stats, game.counters, { seconds, cpuSeconds: (user + system) / 1e6 })) {
    console.log(`${colors.dim(label.padEnd(12))}${text}`);
  }
}

try {
  await run(parseOptions(process.argv));
} catch (error) {
  console.error(colors.red(`error: ${error instanceof Error ? error.message : String(error)}`));
  process.exitCode = 1;
}
// A parent that listens would keep the process alive otherwise.
process.channel?.unref();
