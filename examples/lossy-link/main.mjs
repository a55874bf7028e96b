// The same two sides on a simulated mobile network, inside this process: every delivery mode, and what became of it.
import { connect, createNetwork, createServer, generateIdentity } from "sortie";
import { SystemClock } from "@sortie/transport";

const clock = new SystemClock();
const network = createNetwork({ seed: 7, clock, link: { latencyMs: 40, jitterMs: 10, loss: 0.1, reorder: 0.05 } });
const identity = generateIdentity();
const server = createServer({
  protocol: "lossy/1",
  identity,
  transport: network.createTransport({ host: "10.0.0.1", port: 1474 }),
});
await server.listen();
const client = await connect({
  host: "10.0.0.1",
  port: 1474,
  protocol: "lossy/1",
  serverKey: identity.publicKey,
  transport: network.createTransport(),
});

const received = new Map();
server.on("message", (_peer, message) => {
  received.set(message.delivery, (received.get(message.delivery) ?? 0) + 1);
});
const modes = ["unreliable", "sequenced", "bestEffort", "reliable", "ordered"];
const outcomes = [];
for (let i = 0; i < 100; i++) {
  for (const delivery of modes) outcomes.push(client.send(`${delivery} ${i}`, { delivery }).outcome);
  await new Promise((resolve) => setTimeout(resolve, 10));
}
await Promise.all(outcomes);
for (const delivery of modes) console.log(`${delivery.padEnd(10)} ${received.get(delivery)} of 100 arrived`);
console.log(`round trip ${client.rttMs.toFixed(0)} ms, quality ${client.quality}`);

await client.close();
await server.close();
