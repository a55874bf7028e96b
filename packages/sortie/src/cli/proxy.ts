import { randomInt } from "node:crypto";
import { Command, InvalidArgumentError } from "commander";
import { type SocketAddress, SystemClock } from "@sortie/transport";
import { createDgramTransport } from "@sortie/transport-dgram";
import { LinkProxy, type LinkProxyStatistics, type LinkSpec, type RelayStatistics } from "@sortie/transport-memory";
import { integerIn, oneOf } from "./arguments.js";
import { untilSignal, waitFor } from "./command-host.js";
import { parseHostAndPort, resolveTargets } from "./host-and-port.js";
import { jsonText } from "./json-text.js";
import { LINK_SYNTAX, parseLink } from "./proxy-link.js";

interface ProxyOptions {
  readonly host: string;
  readonly port: number;
  readonly family?: "4" | "6";
  readonly link?: LinkSpec;
  readonly up?: LinkSpec;
  readonly down?: LinkSpec;
  readonly shared?: boolean;
  readonly maxClients: number;
  readonly seconds?: number;
  readonly seed?: number;
  readonly json?: boolean;
}

/** What runs the command: tests end it and hear of its address. */
export interface ProxyHost {
  /** Resolves when the user wants it to end. */
  interrupted(): Promise<void>;
  /** Told once the proxy listens. */
  onListening?(address: SocketAddress): void;
}

/** Batches of 64 datagrams, 200 KB for each client. What finds none free waits in the proxy. */
const UPSTREAM_BATCHES = 2;
/** s. A day. */
const MAX_SECONDS = 86_400;

const EXAMPLES = `
Examples:
  $ sortie proxy 127.0.0.1:1474 --port 1500 --link mobile-4g
  $ sortie proxy game.example:1474 --up latencyMs=60,loss=0.02 --down @trace.json --seconds 60 --json`;

/** `sortie proxy`: a UDP proxy with a simulated link, between any two endpoints. */
export function proxyCommand(host: ProxyHost = { interrupted: untilSignal }): Command {
  return new Command("proxy")
    .description("relay UDP between clients and TARGET (HOST:PORT) through a simulated link")
    .argument("<target>", "where clients' datagrams go, HOST:PORT")
    .option("--host <address>", "local address to listen on", "::")
    .option("--port <number>", "local port, 0 lets the system choose", integerIn(0, 65_535), 0)
    .option("--family <number>", "4 or 6: of the target's addresses, the first of which is taken", oneOf(["4", "6"]))
    .option("--link <link>", `both directions; ${LINK_SYNTAX}`, linkOption)
    .option("--up <link>", "towards the target, in place of --link", linkOption)
    .option("--down <link>", "towards the clients, in place of --link", linkOption)
    .option("--shared", "all clients share one link for each direction")
    .option("--max-clients <number>", "further ones are not relayed", integerIn(1, 65_536), 256)
    .option("--seconds <number>", "end after this time (default: at Ctrl-C)", integerIn(1, MAX_SECONDS))
    .option("--seed <number>", "of the link's faults (default: a random one)", integerIn(0, 0xffff_ffff))
    .option("--json", "print the summary as JSON, and nothing else, to standard output")
    .addHelpText("after", EXAMPLES)
    .action((target: string, options: ProxyOptions) => run(target, options, host));
}

async function run(targetText: string, options: ProxyOptions, host: ProxyHost): Promise<void> {
  const clock = new SystemClock();
  const seed = options.seed ?? randomInt(2 ** 32);
  const say = options.json === true ? console.error : console.log;
  const family = options.family === undefined ? undefined : options.family === "4" ? 4 : 6;
  const targets = await resolveTargets(parseHostAndPort("target", targetText), family);
  const [target, ...others] = targets as [SocketAddress, ...SocketAddress[]];
  const faults = new Set<string>();
  const proxy = new LinkProxy({
    target,
    front: createDgramTransport({ host: options.host, port: options.port }),
    createUpstream: () => createDgramTransport({ batches: UPSTREAM_BATCHES }),
    clock,
    seed,
    toTarget: options.up ?? options.link ?? {},
    toClient: options.down ?? options.link ?? {},
    isShared: options.shared === true,
    maxClients: options.maxClients,
    onError: (error) => {
      const text = error instanceof Error ? error.message : String(error);
      // Each kind once: a socket that fails does so with every datagram.
      if (faults.size < MAX_FAULTS_TOLD && !faults.has(text)) console.error(`sortie proxy: ${text}`);
      faults.add(text);
    },
  });
  const address = await proxy.listen();
  say(`proxy  ${address.toString()} -> ${target.toString()}, seed ${seed}`);
  if (others.length > 0) {
    const list = others.map(({ host }) => host).join(", ");
    say(`       ${targetText} has further addresses that are not used: ${list}; --family or an address chooses`);
  }
  host.onListening?.(address);
  const startMs = clock.now();
  await endOf(host, options.seconds, clock);
  const statistics = proxy.statistics;
  await proxy.close();
  const seconds = (clock.now() - startMs) / 1000;
  if (options.json === true) {
    const summary = { listened: address.toString(), target: target.toString(), seed, seconds, ...statistics };
    console.log(jsonText(summary));
  } else for (const line of summaryLines(statistics, seconds)) say(line);
}

/** Kinds of faults that are told. */
const MAX_FAULTS_TOLD = 10;

function summaryLines(statistics: LinkProxyStatistics, seconds: number): string[] {
  const { toTarget, toClient, clientsSeen, errors } = statistics;
  return [
    `ran    ${seconds.toFixed(1)} s, ${clientsSeen} clients, ${errors} faults of sockets`,
    `up     ${directionText(toTarget)}`,
    `down   ${directionText(toClient)}`,
  ];
}

function directionText(direction: RelayStatistics): string {
  const { offered, relayed, relayedBytes, lost, queueFull, tooBig, duplicated, corrupted, refused } = direction;
  const faults = { lost, "queue full": queueFull, "too big": tooBig, duplicated, corrupted, refused };
  const told = Object.entries(faults).filter(([, count]) => count > 0);
  const list = told.map(([name, count]) => `, ${count} ${name}`).join("");
  return `${offered} datagrams came, ${relayed} (${relayedBytes} bytes) went on${list}`;
}

function linkOption(text: string): LinkSpec {
  try {
    return parseLink(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}

/** Resolves when the user or the time says so. */
async function endOf(host: ProxyHost, seconds: number | undefined, clock: SystemClock): Promise<void> {
  await (seconds === undefined ? host.interrupted() : waitFor(seconds * 1000, [host.interrupted()], clock));
}
