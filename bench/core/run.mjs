// npm run bench:core -- [P2] [P3a] ... [--crypto pure] [--alloc]: what the server's own code costs, without sockets and
// without a second process: a server and its clients exchange datagrams in memory, in virtual time, and the time that
// passes inside the server is taken tick by tick. Medians of many ticks hardly move with what else the machine does, so
// that two builds can be compared where whole runs are too noisy. Kernel and node:dgram are missing from the figures.
import { parseArgs } from "node:util";
import { percentile } from "../lib/figures.mjs";
import { CoreRun, SHAPES } from "./core-run.mjs";

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
  const run = await CoreRun.open(shape, { ...values, unit: values.alloc ? "bytes" : "time" });
  const { link } = run;
  const frames = run.frameRate * Number(values.seconds);
  const perMessage = [];
  const perDatagram = [];
  for (let frame = 0; frame < frames; frame++) {
    const messages = run.frame();
    // The first half warms up.
    if (frame < frames / 2 || link.isSpoiled) continue;
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
