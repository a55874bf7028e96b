import { createServer, loadIdentity } from "sortie";
import { measureOnRequest } from "../lib/measure.mjs";

const [, , keyPath, aead] = process.argv;
const identity = await loadIdentity(keyPath);
const options = { protocol: "handshake/1", identity, aead, host: "127.0.0.1", port: 0, tickRate: 0 };
const server = createServer({ ...options, handshakesPerSecond: 100_000, maxPeers: 1000 });
const { port } = await server.listen();
measureOnRequest(port, () => ({ handshakes: server.stats.handshakes }));
