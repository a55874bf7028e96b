// Sortie over a transport of our own: see loop-transport.mjs.
import { connect, createServer, generateIdentity } from "sortie";
import { LoopTransport } from "./loop-transport.mjs";

const sockets = new Map();
const identity = generateIdentity();
const server = createServer({
  protocol: "custom/1",
  identity,
  tickRate: 0,
  transport: new LoopTransport(sockets, 1474),
});
server.on("message", (peer, message) => peer.send(message.payload, { delivery: "reliable" }));
await server.listen();

const client = await connect({
  host: "127.0.0.1",
  port: 1474,
  protocol: "custom/1",
  serverKey: identity.publicKey,
  transport: new LoopTransport(sockets, 2000),
});
const echoed = new Promise((resolve) => client.on("message", (message) => resolve(message.payload)));
const sent = new Uint8Array(100_000).fill(42);
client.send(sent, { delivery: "reliable" });
const came = await echoed;
console.log(`${came.length} bytes went through a transport of our own and came back the same`);
if (came.some((byte) => byte !== 42)) process.exitCode = 1;

await client.close();
await server.close();
