// Sortie under test.
//   echo: sends every message back as it came
//   tickRate: ticks/s, 0 for event-driven
//   workMicros: µs of game work for each message
//   tickBytes: bytes sent to every peer in each tick, unreliable
//   isOnePeer: whether all that is sent goes to one client
//   bulk: { totalBytes, messageBytes, inFlight }, to whoever sends a message
//   broadcastHz, broadcastBytes: broadcasts a second, beside the ticks
import { createServer, loadIdentity } from "sortie";
import { play, serveFigures } from "../lib/server-meter.mjs";
import { measureLateness, OPTIONS, sendState, work } from "./sortie-game.mjs";
import { createCrypto, createTransport, IDLE_TIMEOUT_MS } from "./sortie-parts.mjs";

const config = JSON.parse(process.argv[2]);
const { keys, transport, crypto, tickRate = 0, echo = true, tickBytes = 0, workMicros = 0, maxPeers = 4096 } = config;

/**
 * The load's clients share sockets, which players do not: the kernel would cut runs of datagrams to several of them,
 * and P1 would look a tenth cheaper than it is.
 */
const segmentation = config.isOnePeer === true || config.bulk !== undefined;
const transportOptions = { host: "127.0.0.1", port: config.port ?? 0, ...(transport === "mmsg" && { segmentation }) };

let messages = 0;
const server = createServer({
  protocol: "bench/1",
  identity: await loadIdentity(keys.privateKeyPath),
  transport: await createTransport(transport, transportOptions),
  crypto: await createCrypto(crypto),
  tickRate,
  maxPeers,
  idleTimeoutMs: IDLE_TIMEOUT_MS,
  handshakesPerSecond: 100_000,
  ...config.options,
});
server.on("message", (peer, message) => {
  messages += 1;
  if (workMicros > 0) work(workMicros);
  if (config.bulk !== undefined) void sendBulk(peer, config.bulk);
  else if (echo) peer.send(message.payload, OPTIONS[message.delivery]);
});
const lateness = measureLateness(server);
if (tickBytes > 0) sendState(server, tickBytes, () => play.isOn);
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
    ...lateness(),
  };
});
