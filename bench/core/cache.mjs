// npm run bench:cache -- [P4] [--peers 500] [--instructions] [--inlining]: how many lines of memory the server's own
// code fetches for a message, in a cache that valgrind simulates, so that two builds can be compared to a line: the
// same code gives the same count whatever else the machine does. With --instructions how many it executes instead.
// Without --inlining, V8 is told not to inline, so that each count is with the function it belongs to, and is higher
// than in a server. Needs valgrind; takes one to three minutes. The cache is smaller than a real one, as are the peers
// fewer than in P4.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { readCallgrind } from "./callgrind-file.mjs";
import { SHAPES } from "./core-run.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    crypto: { type: "string", default: "pure" },
    delivery: { type: "string", default: "unreliable" },
    peers: { type: "string", default: "500" },
    "cache-bytes": { type: "string", default: String(4 << 20) },
    "warm-up": { type: "string", default: "150" },
    frames: { type: "string", default: "20" },
    functions: { type: "string", default: "25" },
    instructions: { type: "boolean", default: false },
    inlining: { type: "boolean", default: false },
  },
});
const shape = positionals[0] ?? "P4";
if (!(shape in SHAPES)) throw new Error(`"shape" expected one of ${Object.keys(SHAPES).join(", ")}, got "${shape}"`);

const folder = mkdtempSync(join(tmpdir(), "sortie-cache-"));
try {
  await measure();
} finally {
  rmSync(folder, { recursive: true });
}

async function measure() {
  const { crypto, delivery } = values;
  const settings = { shape, crypto, delivery, peers: Number(values.peers), warmUp: Number(values["warm-up"]) };
  const child = spawn(
    "valgrind",
    [
      "--tool=callgrind",
      "--instr-atstart=no",
      "--collect-atstart=no",
      "--toggle-collect=Builtins_TypedArrayPrototypeFindLastIndex",
      "--cache-sim=yes",
      "--I1=32768,8,64",
      "--D1=32768,8,64",
      `--LL=${values["cache-bytes"]},16,64`,
      "--dump-instr=yes",
      `--callgrind-out-file=${join(folder, "out")}`,
      `--log-file=${join(folder, "log")}`,
      process.execPath,
      "--perf-basic-prof",
      ...(values.inlining ? [] : ["--no-turbo-inlining"]),
      join(import.meta.dirname, "counted-run.mjs"),
      JSON.stringify({ ...settings, frames: Number(values.frames) }),
    ],
    { cwd: folder, stdio: ["pipe", "pipe", "inherit"] },
  );
  await once(child, "spawn").catch((error) => {
    throw new Error(`cannot run valgrind: ${error.message}`);
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  if ((await lines.next()).value !== "ready") throw new Error("the measured process ended early");
  order(child.pid, "instrumentation on");
  child.stdin.write("go\n");
  const messages = Number((await lines.next()).value);
  order(child.pid, "dump");
  const written = readdirSync(folder).find((name) => name.startsWith("out.") && /\.1$/.test(name));
  const map = mapOf(child.pid);
  report(readCallgrind(join(folder, written), map), messages);
  child.stdin.write("end\n");
  await once(child, "exit");
  rmSync(map);
}

/** vgdb comes with valgrind, and hands orders to it. */
function order(pid, what) {
  execFileSync("vgdb", [`--pid=${pid}`, ...what.split(" ")], { stdio: "ignore" });
}

function mapOf(pid) {
  const name = `perf-${pid}.map`;
  return join(readdirSync(folder).includes(name) ? folder : "/tmp", name);
}

function report(costs, messages) {
  const events = values.instructions ? ["Ir"] : ["DLmr", "DLmw"];
  const amountOf = (cost) => events.reduce((sum, event) => sum + (cost.get(event) ?? 0), 0);
  const rows = [...costs].map(([name, cost]) => ({ name, room: roomOf(name), amount: amountOf(cost) / messages }));
  const total = rows.reduce((sum, { amount }) => sum + amount, 0);
  const unit = values.instructions ? "instructions" : "lines of 64 bytes";
  console.log(`${shape}, ${values.peers} peers: ${total.toFixed(1)} ${unit} for each of ${messages} messages\n`);
  const rooms = new Map();
  for (const { room, amount } of rows) rooms.set(room, (rooms.get(room) ?? 0) + amount);
  for (const [room, amount] of [...rooms].sort((a, b) => b[1] - a[1])) print(amount, room);
  console.log();
  rows.sort((a, b) => b.amount - a.amount);
  for (const { name, amount } of rows.slice(0, Number(values.functions))) print(amount, shortened(name));
}

function print(amount, name) {
  if (amount >= 0.05) console.log(`${amount.toFixed(1).padStart(7)}  ${name}`);
}

/** The package of a function. */
function roomOf(name) {
  if (/^(JS|LazyCompile|Function|Script):/.test(name))
    return /packages\/([^/]+)\/dist/.exec(name)?.[1] ?? "other scripts";
  if (name.startsWith("Builtins_")) return "V8's builtins";
  return /Scaveng|Sweep|Mark|heap::base/.test(name) ? "garbage collection" : "Node, V8, C library";
}

function shortened(name) {
  return name.replace(/file:\/\/\S*\/packages\/([^/]+)\/dist\/\S*?\.js/, "$1").slice(0, 90);
}
