// A server that echoes, and a client that greets it, over real UDP on this machine.
import { connect, createServer, generateIdentity } from "sortie";

const identity = generateIdentity();
const server = createServer({ protocol: "echo/1", identity, host: "127.0.0.1", port: 0, tickRate: 0 });
server.on("connect", (peer) => console.log(`peer ${peer.id} came from ${peer.address}`));
server.on("message", (peer, message) => peer.send(message.payload, { delivery: message.delivery }));
server.on("disconnect", (peer, reason) => console.log(`peer ${peer.id} left: ${reason.code}`));
const { address, port } = await server.listen();
console.log(`listening on ${address}:${port}`);

const client = await connect({ host: address, port, protocol: "echo/1", serverKey: identity.publicKey });
const echoed = new Promise((resolve) => {
  client.on("message", (message) => resolve(new TextDecoder().decode(message.payload)));
});
client.send("hello, sortie", { delivery: "reliable" });
console.log(`echoed: ${await echoed}`);

await client.close();
await server.close();
