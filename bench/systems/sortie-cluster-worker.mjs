// A worker of sortie-cluster-server.
import { createWorkerServer, joinCluster } from "@sortie/cluster";
import { loadIdentity } from "sortie";
import { createMeter } from "../lib/server-meter.mjs";
import { measureLateness, OPTIONS, sendState, work } from "./sortie-game.mjs";
import { createCrypto } from "./sortie-parts.mjs";

const worker = await joinCluster();
const { keys, crypto, tickRate = 0, echo = true, tickBytes = 0, workMicros = 0, maxPeers = 4096 } = worker.data;
let isOn = false;
let messages = 0;
const server = await createWorkerServer({
  protocol: "bench/1",
  identity: await loadIdentity(keys.privateKeyPath),
  crypto: await createCrypto(crypto),
  tickRate,
  // The clients are spread by a hash of few sockets, not evenly.
  maxPeers: Math.min(maxPeers * worker.workers, 60_000),
  handshakesPerSecond: 100_000,
});
server.on("message", (peer, message) => {
  messages += 1;
  if (workMicros > 0) work(workMicros);
  if (echo) peer.send(message.payload, OPTIONS[message.delivery]);
});
const lateness = measureLateness(server);
if (tickBytes > 0) sendState(server, tickBytes, () => isOn);
const meter = createMeter(() => {
  const { ticks, transport, peers, handshakes, retriesSent, halfOpen } = server.stats;
  const datagrams = transport.datagramsReceived + transport.datagramsSent;
  return { messages, datagrams, peers, handshakes, retriesSent, halfOpen, ...ticks, ...lateness() };
});
worker.on("message", (request) => {
  if (request === "go") isOn = true;
  else worker.send(meter());
});
await server.listen();
