// Sortie under test.
//   echo: sends every message back as it came
//   tickRate: ticks/s, 0 for event-driven
//   tickBytes: bytes sent to every peer in each tick, unreliable
//   bulk: { totalBytes, messageBytes, inFlight }, to whoever sends a message
//   broadcastHz, broadcastBytes: broadcasts a second, beside the ticks
import { createServer, loadIdentity } from "sortie";
import { percentile } from "../lib/figures.mjs";
import { play, serveFigures } from "../lib/server-meter.mjs";
import { createCrypto, createTransport } from "./sortie-parts.mjs";

const config = JSON.parse(process.argv[2]);
const { keys, transport, crypto, tickRate = 0, echo = true, tickBytes = 0, maxPeers = 4096 } = config;
/** Made once: an application that sends the same way each time does the same. */
const OPTIONS = Object.fromEntries(
  ["unreliable", "sequenced", "bestEffort", "reliable", "ordered"].map((delivery) => [delivery, { delivery }]),
);

let messages = 0;
const server = createServer({
  protocol: "bench/1",
  identity: await loadIdentity(keys.privateKeyPath),
  transport: await createTransport(transport, { host: "127.0.0.1", port: config.port ?? 0 }),
  crypto: await createCrypto(crypto),
  tickRate,
  maxPeers,
  handshakesPerSecond: 100_000,
  ...config.options,
});
server.on("message", (peer, message) => {
  messages += 1;
  if (config.bulk !== undefined) void sendBulk(peer, config.bulk);
  else if (echo) peer.send(message.payload, OPTIONS[message.delivery]);
});
/** Since the last answer: the server's own statistics reach back to before the measured window. */
let late = [];
server.on("tick", ({ lateMs }) => late.push(lateMs));
if (tickBytes > 0) {
  const state = new Uint8Array(tickBytes).fill(0xff);
  server.on("tick", () => {
    if (!play.isOn) return;
    for (const peer of server.peers.values()) peer.send(state, OPTIONS.unreliable);
  });
}
if (config.broadcastHz > 0) {
  const state = new Uint8Array(config.broadcastBytes).fill(0xff);
  setInterval(() => {
    if (play.isOn) messages += server.broadcast(state, OPTIONS.unreliable);
  }, 1000 / config.broadcastHz);
}
/** So many ordered messages at once, until all bytes have gone. */
async function sendBulk(peer, { totalBytes, messageBytes, inFlight }) {
  const payload = new Uint8Array(messageBytes).fill(0xff);
  let left = totalBytes;
  const worker = async () => {
    while (left > 0) {
      left -= messageBytes;
      const outcome = await peer.send(payload, OPTIONS.ordered).outcome;
      if (outcome !== "acked") throw new Error(`a piece of the bulk was ${outcome}`);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
}
const { port } = await server.listen();
serveFigures({ port, publicKeyPath: keys.publicKeyPath }, () => {
  const { ticks, transport, peers, handshakes, retriesSent, halfOpen } = server.stats;
  const datagrams = transport.datagramsReceived + transport.datagramsSent;
  const lateness = { lateP50Ms: percentile(late, 0.5), lateP99Ms: percentile(late, 0.99) };
  late = [];
  const [first] = config.bulk === undefined ? [] : server.peers.values();
  const { packetsSent, packetsLost } = first?.stats.endpoint ?? {};
  return {
    packetsSent,
    packetsLost,
    messages,
    datagrams,
    peers,
    handshakes,
    retriesSent,
    halfOpen,
    ...ticks,
    ...lateness,
  };
});
