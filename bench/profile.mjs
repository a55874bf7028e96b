// npm run bench:profile -- [P1|P2|P3a|P3b|P8] [--top N] [--seconds N] [--transport ...] [--crypto ...]: where the time
// of the Sortie server goes under a workload, and who allocates, as text.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { generateIdentity, saveIdentity } from "sortie";
import { locked } from "./lib/lock.mjs";
import { runRound } from "./lib/round.mjs";
import { sortie } from "./workloads/systems.mjs";

const SHAPES = {
  P1: [{ echo: true }, { loop: "closed", connections: 64, inFlight: 1, bytes: 64, sockets: 4 }],
  P2: [{ echo: true }, { loop: "closed", connections: 1, inFlight: 64, bytes: 64, sockets: 1 }],
  P3a: [
    { echo: true, tickRate: 60 },
    { loop: "open", connections: 128, perSecond: 32, bytes: 64, sockets: 4 },
  ],
  P3b: [
    { echo: false, tickRate: 60, tickBytes: 200 },
    { loop: "open", connections: 128, perSecond: 32, bytes: 64, sockets: 4 },
  ],
  P8: [
    { echo: false, tickRate: 20, broadcastHz: 20, broadcastBytes: 200 },
    { loop: "idle", connections: 1000, sockets: 8 },
  ],
  hellos: [
    { echo: true, tickRate: 60 },
    { loop: "open", connections: 64, perSecond: 160, bytes: 8 },
  ],
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    top: { type: "string", default: "35" },
    seconds: { type: "string", default: "5" },
    delivery: { type: "string", default: "unreliable" },
    system: { type: "string", default: "sortie" },
    transport: { type: "string", default: "dgram" },
    crypto: { type: "string", default: "pure" },
  },
});
const [name = "P1"] = positionals;
if (!(name in SHAPES)) throw new Error(`"workload" expected one of ${Object.keys(SHAPES).join(", ")}, got "${name}"`);
const [behaviour, load] = SHAPES[name];
const folder = await mkdtemp(join(tmpdir(), "sortie-profile-"));
try {
  const keys = await saveIdentity(generateIdentity(), join(folder, "root.key"));
  const variants = [{ name: "profiled", transport: values.transport, crypto: values.crypto }];
  const [{ delivery, server }] = sortie({ keys, variants }, values.delivery, behaviour);
  const figures = await locked(() =>
    runRound({
      system: values.system,
      ...(name === "hellos" ? { loadSystem: "hello" } : {}),
      server,
      load: { ...load, delivery },
      warmupMs: 1000,
      measureMs: Number(values.seconds) * 1000,
      profile: true,
    }),
  );
  const { times, allocations } = figures.profiles;
  const messages = figures.messagesPerSecond > 0 ? figures.messagesPerSecond : figures.sentPerSecond;
  const perMessage = 1 / (messages * Number(values.seconds));
  console.log(`${name}: where time goes (wall time of the thread while not idle; includes being preempted).\n`);
  print("self time", "µs", byPackage(times.rows), times.busyUs, perMessage);
  console.log("");
  print("self time", "µs", times.rows, times.busyUs, perMessage);
  console.log(`\n${name}: who allocates on the heap.\n`);
  print("share", "bytes", allocations.rows, allocations.totalBytes, perMessage);
} finally {
  await rm(folder, { recursive: true });
}

function print(title, unit, rows, total, perMessage) {
  console.log(`| ${title} | ${unit} per message | function |\n| --- | --- | --- |`);
  console.log(`| | ${(total * perMessage).toFixed(1)} | all |`);
  for (const { label, amount } of rows.slice(0, Number(values.top))) {
    console.log(`| ${((100 * amount) / total).toFixed(1)} % | ${(amount * perMessage).toFixed(2)} | ${label} |`);
  }
}

/** The same time by the last word of the label: the package, or Node's module. */
function byPackage(rows) {
  const amounts = new Map();
  for (const { label, amount } of rows) {
    const place = label.startsWith("(") || !label.includes(" ") ? label : `all of ${label.split(" ").pop()}`;
    amounts.set(place, (amounts.get(place) ?? 0) + amount);
  }
  return [...amounts].map(([label, amount]) => ({ label, amount })).sort((a, b) => b.amount - a.amount);
}
