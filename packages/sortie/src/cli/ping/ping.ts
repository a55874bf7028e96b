import { fingerprint } from "@sortie/handshake";
import { createNodeProvider } from "@sortie/handshake/node";
import { ConnectError } from "@sortie/client";
import { type Clock, SystemClock } from "@sortie/transport";
import { createDgramTransport } from "@sortie/transport-dgram";
import { CipherSuite, CLIENT_HELLO_BYTES, MAX_DATAGRAM_BYTES, PROTOCOL_VERSION } from "@sortie/wire";
import { Command } from "commander";
import { withoutTransport } from "../../connect.js";
import { loadedCrypto } from "../../default-crypto.js";
import { defaultTransport } from "../../default-transport.js";
import { integerIn, numberIn } from "../arguments.js";
import { type CommandHost, PROCESS_HOST, waitFor } from "../command-host.js";
import { msText, percentText } from "../figures-text.js";
import { type HostAndPort, parseHostAndPort, resolveTargets } from "../host-and-port.js";
import { jsonText } from "../json-text.js";
import { printable } from "../printable.js";
import { styleOf } from "../style.js";
import { addTrustOptions, namesTrust, readTrust, type TrustOptions } from "../trust-options.js";
import { ConnectionPinger } from "./connection-ping.js";
import { type HelloAnswer, HelloPinger } from "./hello-ping.js";
import type { PingAnswer, Pinger } from "./pinger.js";

interface PingOptions extends TrustOptions {
  readonly count: number;
  readonly interval: number;
  readonly timeout: number;
  readonly size?: number;
  readonly json?: boolean;
}

/** Everything that was measured: what `--json` prints. */
interface PingReport {
  readonly target: string;
  readonly mode: "hello" | "connection";
  readonly sent: number;
  readonly answered: number;
  /** Share of pings without an answer, 0..1. */
  readonly loss: number;
  readonly rttMs: ReturnType<Pinger["roundTrips"]["summary"]>;
  readonly [more: string]: unknown;
}

/** Sent where no protocol is named: a server answers that it serves another one. */
const ANY_PROTOCOL = "sortie ping";
/** ms between two pings, at least: a ping of a hello is 1200 bytes and a pair of keys. */
const MIN_INTERVAL_MS = 10;
const SUITE_NAMES: Readonly<Record<CipherSuite, string>> = {
  [CipherSuite.Aes128Gcm]: "AES-128-GCM",
  [CipherSuite.ChaCha20Poly1305]: "ChaCha20-Poly1305",
};
const MEANINGS: Readonly<Record<HelloAnswer, string>> = {
  retry: "answers for this protocol; whether it has room, only --key or --ca tells",
  "protocol-mismatch": "serves another protocol: name its own with --protocol",
  version: "speaks another version of Sortie's protocol",
  "server-full": "has no free slot",
  "shutting-down": "is shutting down",
  "no-common-suite": "has no cipher suite in common with this client",
};

const EXAMPLES = `
Without a key each ping is a CLIENT_HELLO, which a server answers before it keeps anything of it; nothing in such an
answer is proven, and a server that is full or shutting down gives the same one as others. With --key or --ca and
--protocol a connection is made, and each ping is acknowledged over it.

Examples:
  $ sortie ping game.example:1474
  $ sortie ping game.example:1474 --protocol arena/1 --count 0
  $ sortie ping 127.0.0.1:1474 --protocol arena/1 --key keys/root.pub --interval 100 --size 1200
  $ sortie ping [::1]:1474 --protocol arena/1 --ca keys/ca.crt --payload ann --json

The exit status is 0 when at least one ping was answered, 1 when none was or no connection came about.`;

/** `sortie ping`: whether a server answers, and how fast. */
export function pingCommand(host: CommandHost = PROCESS_HOST): Command {
  const command = new Command("ping")
    .description("measure a server: its answers to hellos or, with a key, a whole connection to it")
    .argument("<target>", "HOST:PORT")
    .option("-c, --count <number>", "pings; 0: until Ctrl-C", integerIn(0, 1_000_000), 5)
    .option("-i, --interval <ms>", "between two pings", numberIn(MIN_INTERVAL_MS, 60_000), 500)
    .option("-t, --timeout <ms>", "for connecting, and for the last answers", numberIn(100, 600_000), 3000)
    .option("-s, --size <bytes>", "datagram of each ping over a connection, up to what the path carries", sizeOption);
  return addTrustOptions(command)
    .option("--json", "print the result as JSON, and nothing else, to standard output")
    .addHelpText("after", EXAMPLES)
    .action(async (text: string, options: PingOptions) => {
      const target = parseHostAndPort("target", text);
      const isAnswered = namesTrust(options)
        ? await pingByConnection(text, target, options, host)
        : await pingByHello(text, target, options, host);
      if (!isAnswered) host.setExitCode(1);
    });
}

const sizeOption = integerIn(26, MAX_DATAGRAM_BYTES);

async function pingByHello(
  text: string,
  target: HostAndPort,
  options: PingOptions,
  host: CommandHost,
): Promise<boolean> {
  if (options.size !== undefined) {
    throw new Error(`"--size" expected to stand with --key or --ca: every hello has ${CLIENT_HELLO_BYTES} bytes`);
  }
  if (options.payload !== undefined) throw new Error('"--payload" expected to stand with --key or --ca');
  if (options.hostname !== undefined) throw new Error('"--hostname" expected to stand with "--ca"');
  const clock = new SystemClock();
  const targets = await resolveTargets(target);
  const transport = createDgramTransport();
  const { protocol = ANY_PROTOCOL } = options;
  const onAnswer = tellAnswer(options);
  const pinger = new HelloPinger({
    transport,
    crypto: createNodeProvider(),
    clock,
    targets,
    protocol,
    onAnswer,
    onChosen: (address) => say(options, `${address.toString()} answers first: it is measured from now on`),
  });
  await pinger.open();
  const addresses = targets.map((address) => address.toString());
  const named = options.protocol === undefined ? "no protocol named" : `protocol ${options.protocol}`;
  say(options, `ping ${text} (${addresses.join(", ")}) by hellos of ${CLIENT_HELLO_BYTES} bytes, ${named}`);
  const interrupted = host.interrupted();
  await waitFor(options.interval, [interrupted, pinger.warmUp()], clock);
  pinger.countErrors();
  await pingInTurn(pinger, options, clock, [interrupted]);
  await pinger.close();
  const { serverVersion, strays, sendErrors } = pinger;
  const answers = Object.fromEntries(pinger.answers);
  report(options, {
    ...measured(text, "hello", pinger),
    address: pinger.target?.toString(),
    addresses,
    protocol: options.protocol,
    answers,
    serverVersion,
    clientVersion: PROTOCOL_VERSION,
    sendErrors,
    strays,
  });
  if (options.json === true) return pinger.answered > 0;
  for (const kind of pinger.answers.keys()) {
    console.log(`server    ${MEANINGS[kind]} (${kind}); protocol version ${String(serverVersion)}`);
  }
  if (sendErrors > 0) console.log(`          ${sendErrors} could not be sent: is there a route to ${target.host}?`);
  if (pinger.answered === 0) tellSilence(targets.length === 1 ? text : `${text} (${addresses.join(", ")})`);
  return pinger.answered > 0;
}

async function pingByConnection(
  text: string,
  { host: name, port }: HostAndPort,
  options: PingOptions,
  host: CommandHost,
): Promise<boolean> {
  const clock = new SystemClock();
  const { timeout, size: bytes } = options;
  const interrupt = new AbortController();
  const interrupted = host.interrupted().then(() => interrupt.abort());
  const client = { host: name, port, ...(await readTrust(options)), timeoutMs: timeout, signal: interrupt.signal };
  const swarm = { ...withoutTransport(client, await loadedCrypto({})), transport: defaultTransport(), clock };
  const pinger = new ConnectionPinger({ swarm, clock, bytes, onAnswer: tellAnswer(options) });
  try {
    await pinger.connect();
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    const { code, message } = error;
    if (options.json === true) {
      console.log(jsonText({ ...measured(text, "connection", pinger), error: { code, message } }));
    } else console.error(`sortie ping: ${printable(message)} (${code})`);
    return false;
  }
  say(options, `ping ${text}: connected in ${msText(pinger.handshakeMs)} ms`);
  await pingInTurn(pinger, options, clock, [interrupted, pinger.disconnected]);
  const facts = connectionFacts(pinger);
  await pinger.close();
  report(options, { ...measured(text, "connection", pinger), ...facts });
  if (options.json === true) return pinger.answered > 0;
  console.log(`connected ${msText(pinger.handshakeMs)} ms, ${facts.cipherSuite}, path MTU ${facts.mtuBytes} bytes`);
  console.log(`quality   ${facts.quality}; the server's key is ${facts.serverFingerprint}`);
  const { ended } = pinger;
  if (ended !== undefined) console.log(`          ended early: ${printable(ended.text) || ended.code}`);
  if (pinger.answered === 0 && pinger.sent > 0) tellSilence(text);
  return pinger.answered > 0;
}

function connectionFacts({ client, handshakeMs, ended }: ConnectionPinger) {
  const stats = client?.stats;
  const keys = client?.keys;
  return {
    handshakeMs,
    cipherSuite: keys === undefined ? undefined : SUITE_NAMES[keys.suite],
    serverFingerprint: keys === undefined ? undefined : fingerprint(createNodeProvider(), keys.serverPublicKey),
    mtuBytes: stats?.mtuBytes,
    quality: client?.quality,
    packetsLost: stats === undefined ? undefined : stats.endpoint.packetsLost - stats.endpoint.spuriousLosses,
    ended,
  };
}

/** Sends them at their intervals, then waits for the last answers; ends sooner when one of `sooner` resolves. */
async function pingInTurn(
  pinger: Pinger,
  { count, interval, timeout }: PingOptions,
  clock: Clock,
  sooner: readonly Promise<unknown>[],
): Promise<void> {
  let isStopped = false;
  const stopped = Promise.race(sooner).then(() => (isStopped = true));
  const startMs = clock.now();
  const limit = count === 0 ? Infinity : count;
  while (pinger.sent < limit && !isStopped) {
    pinger.ping();
    // By the time of the start, so that they keep their pace; what was missed is not made up for.
    if (pinger.sent < limit) {
      const nowMs = clock.now();
      const nextMs = startMs + Math.ceil((nowMs - startMs + 0.5) / interval) * interval;
      await waitFor(Math.max(0, nextMs - nowMs), [stopped], clock);
    }
  }
  if (!isStopped) await waitFor(timeout, [stopped, pinger.allAnswered()], clock);
}

function measured(target: string, mode: PingReport["mode"], pinger: Pinger): PingReport {
  const { sent, answered, roundTrips } = pinger;
  const loss = sent === 0 ? 0 : (sent - answered) / sent;
  return { target, mode, sent, answered, loss, rttMs: roundTrips.summary() };
}

function report({ json }: PingOptions, result: PingReport): void {
  if (json === true) return console.log(jsonText(result));
  const { sent, answered, loss, rttMs } = result;
  const style = styleOf(process.stdout);
  const lossText = percentText(loss);
  console.log(style.bold(`sent      ${sent}, answered ${answered}, lost ${lossText}`));
  if (rttMs === undefined) return;
  const { min, avg, p50, p99, max, jitter } = rttMs;
  const times = [min, avg, p50, p99, max].map(msText).join(" / ");
  console.log(`RTT       ${times} ms (min / avg / p50 / p99 / max), jitter ${msText(jitter)} ms`);
}

function tellAnswer({ json }: PingOptions): (answer: PingAnswer) => void {
  if (json === true) return () => {};
  const style = styleOf(process.stdout);
  return ({ sequence, rttMs, text }) => {
    const time = rttMs === undefined ? "together with others" : `${msText(rttMs)} ms`;
    console.log(`${style.dim(`#${sequence}`)}  ${style.green(time)}  ${style.dim(text)}`);
  };
}

function tellSilence(target: string): void {
  console.error(`sortie ping: no answer from ${target}: is the server running, the port right, UDP let through?`);
}

function say({ json }: PingOptions, text: string): void {
  if (json !== true) console.log(text);
}
