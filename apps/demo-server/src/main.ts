import { randomInt } from "node:crypto";
import { ARENA_PROTOCOL, TerminalStatus, World } from "@sortie-apps/arena";
import colors from "picocolors";
import { createConsoleLogger, createServer, loadIdentity, type Server } from "sortie";
import { openDashboard } from "./dashboard.js";
import { GameServer } from "./game-server.js";
import { type DemoServerOptions, parseOptions } from "./options.js";
import { StatusLine } from "./status-line.js";
import { summarize } from "./summary.js";

/** ms between two updates of the status line. */
const STATUS_INTERVAL_MS = 1_000;
/** ms that peers have, when the server ends, to take what is on its way to them. */
const DRAIN_MS = 2_000;

/** A server whose events go to the game, and the game. */
async function createGame(options: DemoServerOptions): Promise<{ server: Server; game: GameServer }> {
  const { port, host, key, tickRate, maxPeers, seed, log: level, logJson: json = false } = options;
  const world = new World({ seed: seed ?? randomInt(2 ** 32), maxPlayers: maxPeers });
  const server = createServer({
    protocol: ARENA_PROTOCOL,
    port,
    tickRate,
    maxPeers,
    logger: createConsoleLogger({ level, json }),
    ...(host === undefined ? {} : { host }),
    ...(key === undefined ? {} : { identity: await loadIdentity(key) }),
  });
  const game = new GameServer({ world, broadcast: (payload, route) => server.broadcast(payload, route) });
  server.on("connect", (peer) => game.join(peer));
  server.on("message", (peer, message) => game.receive(peer.id, message));
  server.on("disconnect", (peer) => game.leave(peer.id));
  server.on("tick", ({ tick, deltaMs }) => game.step(tick, deltaMs));
  server.on("draining", ({ leaveMs }) => {
    if (options.quiet !== true)
      console.log(`draining: ${server.peers.size} players have ${leaveMs / 1_000} s to leave`);
  });
  return { server, game };
}

/** Resolves with the first signal, after the duration, or when the parent process is gone. */
function stopRequested(durationS: number): Promise<void> {
  return new Promise((resolve) => {
    for (const name of ["SIGINT", "SIGTERM", "disconnect"] as const) process.on(name, () => resolve());
    if (durationS > 0) setTimeout(resolve, durationS * 1_000);
  });
}

async function run(options: DemoServerOptions): Promise<void> {
  const startedAtMs = performance.now();
  const { server, game } = await createGame(options);
  const { address, port, family } = await server.listen();
  const stop = stopRequested(options.duration);
  console.log(`listening on ${family === 6 ? `[${address}]` : address}:${port}`);
  process.send?.({ type: "listening", port });
  const dashboard = options.dashboard === undefined ? undefined : await openDashboard(server, game, options.dashboard);
  if (dashboard !== undefined) {
    if (options.quiet !== true) console.log(`dashboard: ${dashboard.url}`);
    process.send?.({ type: "dashboard", url: dashboard.url });
  }

  const status = options.quiet === true ? undefined : new StatusLine(new TerminalStatus(process.stdout));
  const showStatus = (): void => status?.update(server.stats, game.counters, performance.now());
  showStatus();
  const timer = setInterval(showStatus, STATUS_INTERVAL_MS);
  await stop;
  clearInterval(timer);
  status?.end();

  await server.close({ leaveMs: options.leave * 1_000, drainMs: DRAIN_MS });
  await dashboard?.close();
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
