import { createServer, loadIdentity } from "sortie";

const [, , keyPath, aead] = process.argv;
const identity = await loadIdentity(keyPath);
const options = { protocol: "handshake/1", identity, aead, host: "127.0.0.1", port: 0, tickRate: 0 };
const server = createServer({ ...options, handshakesPerSecond: 100_000, maxPeers: 1000 });
const { port } = await server.listen();
process.on("message", (request) => {
  if (request === "exit") process.exit(0);
  const { user, system } = process.cpuUsage();
  process.send({ cpuMs: (user + system) / 1000, handshakes: server.stats.handshakes });
});
process.send({ port });
