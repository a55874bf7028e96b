import { createServer, loadIdentity } from "sortie";
import { serveFigures } from "../lib/server-meter.mjs";

const identity = await loadIdentity(process.argv[2]);
const server = createServer({
  protocol: "hostile/1",
  identity,
  host: "127.0.0.1",
  port: 0,
  handshakeTimeoutMs: 2000,
  idleTimeoutMs: 3000,
});
server.on("message", (peer, message) => peer.send(message.payload, { delivery: message.delivery }));
const { port } = await server.listen();
serveFigures({ port }, () => {
  globalThis.gc();
  const { handshakes, transport, drops } = server.stats;
  let heldBytes = 0;
  for (const peer of server.peers.values()) heldBytes += peer.stats.endpoint.heldBytes;
  const attackDatagrams = transport.datagramsReceived;
  return { handshakes, attackDatagrams, drops, heldBytes, heapBytes: process.memoryUsage().heapUsed };
});
