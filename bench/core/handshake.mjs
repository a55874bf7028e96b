// node bench/core/handshake.mjs [--clients 64] [--rounds 60] [--crypto pure]: what each step of a handshake costs in
// the server's own code, without sockets: clients that come, are accepted and leave, step by step together, in virtual
// time. Medians of rounds, in microseconds of CPU time for each client. Needs a build.
import { parseArgs } from "node:util";
import { openSwarm } from "@sortie/client";
import { createCrypto } from "../systems/sortie-parts.mjs";
import { percentile } from "../lib/figures.mjs";
import { MemoryLink, SteppedClock } from "./memory-link.mjs";
import { startMemoryServer } from "./memory-server.mjs";

/** What the server receives in each step, in order. */
const STEPS = ["hello without cookie", "hello with cookie", "CONNECT", "CLOSE"];

const { values } = parseArgs({
  options: {
    clients: { type: "string", default: "64" },
    rounds: { type: "string", default: "60" },
    crypto: { type: "string", default: "pure" },
  },
});
const [clients, rounds] = [Number(values.clients), Number(values.rounds)];
const clock = new SteppedClock();
const link = new MemoryLink(clock, "cpu");
const crypto = await createCrypto(values.crypto);
const { server, clientOptions } = await startMemoryServer(link, clock, crypto, { tickRate: 0 });
let open = [];
const swarm = await openSwarm(clientOptions, { onConnect: (client) => open.push(client) });

/** The server takes what the clients have sent; µs of CPU for each of them. */
function serve() {
  link.resetFigures();
  link.deliverToServer();
  link.deliverToClients();
  return link.amount / clients;
}

const costs = STEPS.map(() => []);
for (let round = 0; round < rounds; round++) {
  for (let i = 0; i < clients; i++) swarm.add();
  clock.runDeferred();
  for (const [step, list] of costs.entries()) {
    if (step === 3) {
      if (open.length !== clients) throw new Error(`expected ${clients} clients to be let in, got ${open.length}`);
      // Its acknowledgement of ACCEPT, if it has not gone, goes with the CLOSE.
      for (const client of open) client.close();
      clock.runDeferred();
      open = [];
    }
    list.push(serve());
  }
  // Both sides forget.
  for (let i = 0; i < 40; i++) {
    link.step(100);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
if (server.stats.peers > 0) throw new Error(`expected no peer to be left, got ${server.stats.peers}`);
const medians = costs.map((list) => percentile(list.slice(rounds >> 1), 0.5));
for (const [i, step] of STEPS.entries()) console.log(`${step}: ${medians[i].toFixed(1)}`);
console.log(`all: ${medians.reduce((sum, one) => sum + one, 0).toFixed(1)}`);
process.exit(0);
