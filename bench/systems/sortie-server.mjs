// Sortie under test.
//   echo: sends every message back as it came
//   tickRate: ticks/s, 0 for event-driven
//   tickBytes: bytes sent to every peer in each tick, unreliable
//   broadcastHz, broadcastBytes: broadcasts a second, beside the ticks
import { createServer, loadIdentity } from "sortie";
import { serveFigures } from "../lib/server-meter.mjs";
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
  crypto: createCrypto(crypto),
  tickRate,
  maxPeers,
  handshakesPerSecond: 100_000,
  ...config.options,
});
server.on("message", (peer, message) => {
  messages += 1;
  if (echo) peer.send(message.payload, OPTIONS[message.delivery]);
});
if (tickBytes > 0) {
  const state = new Uint8Array(tickBytes).fill(0xff);
  server.on("tick", () => {
    for (const peer of server.peers.values()) peer.send(state, OPTIONS.unreliable);
  });
}
if (config.broadcastHz > 0) {
  const state = new Uint8Array(config.broadcastBytes).fill(0xff);
  setInterval(() => (messages += server.broadcast(state, OPTIONS.unreliable)), 1000 / config.broadcastHz);
}
const { port } = await server.listen();
serveFigures({ port, publicKeyPath: keys.publicKeyPath, crypto, transport }, () => {
  const { ticks, transport, peers, handshakes, retriesSent, halfOpen } = server.stats;
  const datagrams = transport.datagramsReceived + transport.datagramsSent;
  return { messages, datagrams, peers, handshakes, retriesSent, halfOpen, ...ticks };
});
