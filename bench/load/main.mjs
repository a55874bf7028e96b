// The load process.
//   target: what the server told of itself, and its system
//   connections, sockets: how many; sockets are shared where a system can
//   bytes, delivery: of each message
//   loop: "closed": inFlight messages of each connection, each echo sends the next
//         "open": perSecond messages of each connection, whatever comes back
//         "handshakes": atOnce clients come and go, again and again
//         "bulk": asks for the server's totalBytes, when the parent says so
//         "idle": only listens
import { createHistogram } from "node:perf_hooks";
import { runBulk } from "./bulk.mjs";
import { runClosedLoop } from "./closed-loop.mjs";
import { runHandshakes } from "./handshakes.mjs";
import { runOpenLoop } from "./open-loop.mjs";

const config = JSON.parse(process.argv[2]);
const runIdle = async (_config, _link, meter, onMessage) => {
  onMessage((_index, payload) => meter.onEcho(payload));
  return { rest() {}, resume() {} };
};
const LOOPS = {
  closed: runClosedLoop,
  open: runOpenLoop,
  handshakes: runHandshakes,
  bulk: runBulk,
  idle: runIdle,
};

/** What the loops write to. */
const meter = {
  sent: 0,
  received: 0,
  roundTripsUs: createHistogram(),
  onEcho(payload) {
    this.received += 1;
    const sentAtMs = new DataView(payload.buffer, payload.byteOffset).getFloat64(0);
    const microseconds = (performance.now() - sentAtMs) * 1000;
    // What a server sends of its own has no time stamp: it is filled with 0xff, which is NaN.
    if (microseconds >= 0 && microseconds < 1e9) this.roundTripsUs.record(Math.max(1, Math.round(microseconds)));
  },
  stamp(payload) {
    this.sent += 1;
    new DataView(payload.buffer, payload.byteOffset).setFloat64(0, performance.now());
  },
};

const { openConnections } = await import(`../systems/${config.target.system}-connections.mjs`);
let onMessage = () => {};
const openedMs = performance.now();
const link = await openConnections(config.target, config, (index, payload) => onMessage(index, payload));
const connectMs = performance.now() - openedMs;

process.on("disconnect", () => process.exit(1));
process.on("message", (request) => {
  if (request === "exit") process.exit(0);
  if (request === "bulk") return; // the loop answers
  if (request === "close") {
    void link.close().then(() => process.send({ closed: true }));
    return;
  }
  if (request === "move") {
    void link.move().then(() => process.send({ moved: true }));
    return;
  }
  if (request === "rest" || request === "resume") {
    loop[request]();
    process.send({ done: request });
    return;
  }
  if (request === "reset") {
    meter.sent = 0;
    meter.received = 0;
    meter.roundTripsUs.reset();
  }
  const { user, system } = process.cpuUsage();
  process.send({
    atMs: performance.now(),
    cpuMs: (user + system) / 1000,
    sent: meter.sent,
    received: meter.received,
    rttP50Ms: meter.roundTripsUs.percentile(50) / 1000,
    rttP99Ms: meter.roundTripsUs.percentile(99) / 1000,
    ended: link.ended,
    connectMs,
  });
});
const loop = await LOOPS[config.loop](config, link, meter, (handler) => (onMessage = handler));
process.send({ ready: true });
// Keeps the process alive where nothing else does.
setInterval(() => {}, 60_000);
