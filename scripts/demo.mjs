// `npm run demo [-- options]`: builds, starts the arena server and bots that play on it, and ends with their summary.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { bootstrap } from "./bootstrap.mjs";
import { buildToRun } from "./build.mjs";
import { Child } from "./lib/child.mjs";
import { outliveReaders } from "./lib/output.mjs";
import { main, ROOT, runQuietly } from "./lib/run.mjs";

const USAGE = `npm run demo -- [options]
  --count N        bots, 1..1024 (default 32)
  --duration N     seconds to play (default 15)
  --forever        play until Ctrl-C
  --port N         the server's port (default: a free one)
  --dashboard N    port of the dashboard on this machine (default: a free one)
  --no-dashboard   without it
  --tokens         players need a token of a matchmaker (examples/matchmaker), and the bots get theirs there
  --json FILE      also write the bots' summary to FILE`;

/** ms. Both programs have loaded their files by then; until then no other run may build. */
const LOAD_TIME_MS = 2_000;

/** Room on the server beside the bots. */
const SEATS_FOR_PEOPLE = 16;
/** The most that the demo server takes. */
const MAX_SEATS = 1024;

/** The server's name in tokens. */
const AUDIENCE = "demo";
/** What bots log in with, and their number. */
const SESSION = "session-of-bot-";

const children = [];
let interrupted = false;

function start(label, script, args) {
  const child = new Child(label, join(ROOT, script), args);
  children.push(child);
  return child;
}

/** Ctrl-C, perhaps several times (the terminal and npm both send it): the bots end first, then the server. */
function interrupt() {
  interrupted = true;
  children.at(-1)?.stop();
}

/** Keys of this run alone, in its own folder. */
async function makeKeys(folder) {
  const sortie = join(ROOT, "packages/sortie/bin/sortie.js");
  const keyFile = join(folder, "root.key");
  await runQuietly("sortie keygen", process.execPath, [sortie, "keygen", keyFile]);
  return { keyFile, publicKeyFile: join(folder, "root.pub") };
}

/** The backend of the example: knows as many players as there are bots. */
async function startMatchmaker(count) {
  const { startMatchmaker: start } = await import("../examples/matchmaker/matchmaker.mjs");
  return start({ sessions: new Map(Array.from({ length: count }, (_, bot) => [`${SESSION}${bot}`, `bot ${bot}`])) });
}

async function play(folder, options, release) {
  const { default: colors } = await import("picocolors");
  const { keyFile, publicKeyFile } = await makeKeys(folder);
  if (interrupted) return 0;

  const serverArgs = ["--host", "127.0.0.1", "--port", options.port, "--key", keyFile];
  serverArgs.push("--max-peers", String(Math.min(Number(options.count) + SEATS_FOR_PEOPLE, MAX_SEATS)));
  const matchmaker = options.tokens ? await startMatchmaker(Number(options.count)) : undefined;
  try {
    return await playOn({ serverArgs, publicKeyFile, matchmaker, options, release, colors });
  } finally {
    // However it ended: it would keep this process alive.
    await matchmaker?.close();
  }
}

async function playOn({ serverArgs, publicKeyFile, matchmaker, options, release, colors }) {
  if (matchmaker) serverArgs.push("--token-keys", `${matchmaker.url}/.well-known/jwks.json`, "--audience", AUDIENCE);
  if (!options["no-dashboard"]) serverArgs.push("--dashboard", options.dashboard);
  const server = start(colors.cyan("server |"), "apps/demo-server/dist/main.js", serverArgs);
  const { port, protocol } = await server.message("listening");
  if (interrupted) {
    await server.stop();
    return 0;
  }

  const botArgs = [];
  if (matchmaker) {
    const serverKey = readFileSync(publicKeyFile, "utf8");
    matchmaker.announce({ name: AUDIENCE, host: "127.0.0.1", port, protocol, serverKey });
    botArgs.push("--matchmaker", matchmaker.url, "--session", SESSION);
    console.log(`matchmaker: ${matchmaker.url}, a token for each bot`);
  } else botArgs.push("--host", "127.0.0.1", "--port", String(port), "--server-key", publicKeyFile);
  botArgs.push("--count", options.count, "--duration", options.forever ? "0" : options.duration);
  if (options.json) botArgs.push("--json", options.json);
  const bots = start(colors.green("bots   |"), "apps/bot/dist/main.js", botArgs);
  const allConnected = bots.message("connected").then(
    () => true,
    () => false,
  );
  setTimeout(release, LOAD_TIME_MS).unref();
  server.exited.then(() => bots.stop());

  const botsCode = await bots.exited;
  const serverCode = await server.stop();
  // Bots that were not given the time to connect, or to hear of the signal, have not failed.
  if (interrupted && !(await allConnected)) return 0;
  if (serverCode !== 0) console.error(`the demo server ended with exit code ${serverCode}`);
  return botsCode || serverCode;
}

async function demo() {
  const { values: options } = parseArgs({
    options: {
      count: { type: "string", default: "32" },
      duration: { type: "string", default: "15" },
      forever: { type: "boolean", default: false },
      port: { type: "string", default: "0" },
      dashboard: { type: "string", default: "0" },
      "no-dashboard": { type: "boolean", default: false },
      tokens: { type: "boolean", default: false },
      json: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  await bootstrap();
  console.log("building ...");
  const release = await buildToRun();
  mkdirSync(join(ROOT, ".demo"), { recursive: true });
  const folder = mkdtempSync(join(ROOT, ".demo", "run-"));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, interrupt);
  try {
    return await play(folder, options, release);
  } catch (error) {
    if (!interrupted) throw error;
    return 0;
  } finally {
    release();
    rmSync(folder, { recursive: true, force: true });
  }
}

outliveReaders();
process.on("exit", () => children.forEach((child) => child.kill()));
await main(demo);
