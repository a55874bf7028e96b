// npm run bench:core -- [P2] [P3a] ... [--crypto pure] [--alloc]: what the server's own code costs, without sockets and
// without a second process: a server and its clients exchange datagrams in memory, in virtual time, and the time that
// passes inside the server is taken tick by tick. Medians of many ticks hardly move with what else the machine does, so
// that two builds can be compared where whole runs are too noisy. Kernel and node:dgram are missing from the figures.
import { parseArgs } from "node:util";
import { openSwarm } from "@sortie/client";
import { createCrypto } from "../systems/sortie-parts.mjs";
import { percentile } from "../lib/figures.mjs";
import { MemoryLink, SteppedClock } from "./memory-link.mjs";
import { startMemoryServer } from "./memory-server.mjs";

/** peers, tickRate (0: event-driven), messages of each peer a second, bytes in; what goes out. */
const SHAPES = {
  P1: { peers: 64, tickRate: 0, inFlight: 1, bytes: 64, echo: true },
  P2: { peers: 1, tickRate: 0, inFlight: 64, bytes: 64, echo: true },
  P3a: { peers: 128, tickRate: 60, perSecond: 32, bytes: 64, echo: true },
  P3b: { peers: 128, tickRate: 60, perSecond: 32, bytes: 64, tickBytes: 200 },
  P4: { peers: 2000, tickRate: 30, perSecond: 30, bytes: 64, tickBytes: 256 },
  P8: { peers: 1000, tickRate: 20, perSecond: 0, bytes: 64, broadcastBytes: 200 },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    crypto: { type: "string", default: "pure" },
    delivery: { type: "string", default: "unreliable" },
    seconds: { type: "string", default: "10" },
    alloc: { type: "boolean", default: false },
  },
});
for (const name of positionals.length > 0 ? positionals : Object.keys(SHAPES)) {
  if (!(name in SHAPES)) throw new Error(`"shape" expected one of ${Object.keys(SHAPES).join(", ")}, got "${name}"`);
  console.log(`${name}: ${await measure(SHAPES[name])}`);
}
process.exit(0);

async function measure(shape) {
  const clock = new SteppedClock();
  const link = new MemoryLink(clock, values.alloc ? "bytes" : "time");
  const crypto = await createCrypto(values.crypto);
  const options = { delivery: values.delivery };
  const { server, clientOptions } = await startMemoryServer(link, clock, crypto, { tickRate: shape.tickRate });
  let received = 0;
  server.on("message", (peer, { payload }) => {
    received += 1;
    if (shape.echo) peer.send(payload, options);
  });
  const state = new Uint8Array(shape.tickBytes ?? shape.broadcastBytes ?? 0).fill(0xff);
  let sent = 0;
  server.on("tick", () => {
    if (shape.broadcastBytes !== undefined) sent += server.broadcast(state, options);
    if (shape.tickBytes === undefined) return;
    for (const peer of server.peers.values()) sent += peer.send(state, options).accepted ? 1 : 0;
  });
  const payload = new Uint8Array(shape.bytes);
  let open = 0;
  const swarm = await openSwarm(clientOptions, {
    onConnect: () => (open += 1),
    onMessage(client) {
      if (shape.inFlight !== undefined) client.send(payload, options);
    },
  });
  const clients = Array.from({ length: shape.peers }, () => swarm.add());
  while (open < shape.peers) {
    link.step(1);
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (let i = 0; i < 200; i++) link.step(1);

  for (let i = 0; i < (shape.inFlight ?? 0); i++) for (const client of clients) client.send(payload, options);
  const frames = (shape.tickRate || 60) * Number(values.seconds);
  const frameMs = 1000 / (shape.tickRate || 60);
  const steps = 4;
  let owed = 0;
  let next = 0;
  const perMessage = [];
  const perDatagram = [];
  for (let frame = 0; frame < frames; frame++) {
    link.resetFigures();
    received = 0;
    sent = 0;
    for (let step = 0; step < steps; step++) {
      owed += ((shape.perSecond ?? 0) * shape.peers * frameMs) / 1000 / steps;
      for (; owed >= 1; owed--) clients[next++ % shape.peers].send(payload, options);
      link.step(frameMs / steps);
    }
    // The first half warms up.
    if (frame < frames / 2 || link.isSpoiled) continue;
    const messages = Math.max(received, sent);
    if (messages > 0) perMessage.push(link.amount / messages);
    if (link.datagrams > 0) perDatagram.push(link.amount / link.datagrams);
  }
  const unit = values.alloc ? "bytes" : "µs";
  const digits = values.alloc ? 0 : 2;
  const text = (list, share) => percentile(list, share).toFixed(digits);
  return (
    `${text(perMessage, 0.5)} ${unit} per message (quickest tenth ${text(perMessage, 0.1)}), ` +
    `${text(perDatagram, 0.5)} ${unit} per datagram`
  );
}
