// node bench/transport/echo.mjs [--rounds 5] [--seconds 3] [--bytes 64] [--peers 64] [--rate N] [--systems a,b]: echo
// servers without any protocol, one after the other in each round. Without --rate each peer has one datagram in flight
// (saturation); with it all peers together send N datagrams a second, evenly spread. Prints microseconds of the
// server's CPU time (user and system) for each datagram that it echoed: median (least..greatest).
import { fork } from "node:child_process";
import { once } from "node:events";
import { parseArgs } from "node:util";

const SYSTEMS = {
  "node:dgram": ["bare"],
  "transport-dgram": ["dgram"],
  "transport-mmsg": ["mmsg"],
  "transport-mmsg on all addresses": ["mmsg-all"],
};

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "3" },
    bytes: { type: "string", default: "64" },
    peers: { type: "string", default: "64" },
    rate: { type: "string", default: "0" },
    systems: { type: "string", default: Object.keys(SYSTEMS).join(",") },
  },
});
const names = values.systems.split(",");
for (const name of names) {
  if (!(name in SYSTEMS))
    throw new Error(`"systems" expected some of ${Object.keys(SYSTEMS).join(", ")}, got "${name}"`);
}

function start(file, args) {
  const child = fork(new URL(file, import.meta.url), args);
  const next = async () => {
    const [message] = await Promise.race([
      once(child, "message"),
      once(child, "exit").then(([code]) => {
        throw new Error(`${file} ended with ${code}`);
      }),
    ]);
    return message;
  };
  return { child, next };
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function measure(name) {
  const server = start("echo-server.mjs", SYSTEMS[name]);
  const port = await server.next();
  const load = start("echo-load.mjs", [String(port), values.peers, values.bytes, values.rate]);
  await load.next();
  await sleep(1000);
  server.child.send("mark");
  const before = await server.next();
  await sleep(Number(values.seconds) * 1000);
  server.child.send("mark");
  const after = await server.next();
  load.child.send("end");
  const { lost } = await load.next();
  server.child.send("end");
  await Promise.all([once(server.child, "exit"), once(load.child, "exit")]);
  const echoes = after.echoes - before.echoes;
  return {
    "us/echo": (after.cpuUs - before.cpuUs) / echoes,
    "echoes/s": (echoes / (after.atMs - before.atMs)) * 1000,
    cores: (after.cpuUs - before.cpuUs) / 1000 / (after.atMs - before.atMs),
    batch: echoes / (after.batches - before.batches),
    lost,
  };
}

const runs = new Map(names.map((name) => [name, []]));
for (let round = 0; round < Number(values.rounds); round++) {
  for (const name of names) runs.get(name).push(await measure(name));
}

function cell(rows, key, digits) {
  const sorted = rows.map((row) => row[key]).sort((a, b) => a - b);
  const [low, middle, high] = [sorted[0], sorted[sorted.length >> 1], sorted.at(-1)].map((x) => x.toFixed(digits));
  return `${middle} (${low}..${high})`;
}

console.log(`Node ${process.version}, ${values.bytes} bytes, ${values.peers} peers, ${values.rounds} rounds`);
for (const [name, rows] of runs) {
  const cells = [cell(rows, "us/echo", 2), cell(rows, "echoes/s", 0), cell(rows, "cores", 2), cell(rows, "batch", 1)];
  console.log(`${name.padEnd(20)} ${cells.join("   ")}   lost ${Math.max(...rows.map(({ lost }) => lost))}`);
}
