/** Both sides in one process over loopback; prints which library encrypts, and what became of a message. */
import { connect, createServer, generateIdentity } from "sortie";

async function main(): Promise<void> {
  const identity = generateIdentity();
  const server = createServer({ protocol: "bundle/1", identity, host: "127.0.0.1", port: 0, tickRate: 0 });
  const { port } = await server.listen();
  const client = await connect({ host: "127.0.0.1", port, protocol: "bundle/1", serverKey: identity.publicKey });
  const outcome = await client.send("hello", { delivery: "reliable" }).outcome;
  console.log(JSON.stringify({ crypto: server.stats.crypto, outcome }));
  await client.close();
  await server.close();
}

void main();
