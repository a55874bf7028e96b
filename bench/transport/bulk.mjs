// node bench/transport/bulk.mjs [--rounds 5] [--seconds 2] [--bytes 1200]: one sender fills batches of 64 datagrams to
// one receiver, four batches ahead of its acknowledgements, with and without segmentation (UDP_SEGMENT). Prints
// microseconds of CPU time for each datagram: median (least..greatest).
import { fork } from "node:child_process";
import { once } from "node:events";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "2" },
    bytes: { type: "string", default: "1200" },
  },
});

async function measure(segmentation) {
  const receiver = fork(new URL("bulk-load.mjs", import.meta.url));
  const [port] = await once(receiver, "message");
  const sender = fork(new URL("bulk-server.mjs", import.meta.url), [port, values.bytes, segmentation]);
  await once(sender, "message");
  const ask = async (child) => {
    child.send("mark");
    return (await once(child, "message"))[0];
  };
  await new Promise((resolve) => setTimeout(resolve, 500));
  const before = [await ask(sender), await ask(receiver)];
  await new Promise((resolve) => setTimeout(resolve, Number(values.seconds) * 1000));
  const after = [await ask(sender), await ask(receiver)];
  for (const child of [sender, receiver]) child.send("end");
  await Promise.all([once(sender, "exit"), once(receiver, "exit")]);
  const [sent, received] = after.map((mark, i) => ({
    perDatagram: (mark.cpuUs - before[i].cpuUs) / (mark.datagrams - before[i].datagrams),
    datagrams: mark.datagrams - before[i].datagrams,
    seconds: (mark.atMs - before[i].atMs) / 1000,
  }));
  const mbPerS = (received.datagrams * Number(values.bytes)) / received.seconds / 1e6;
  return { sender: sent.perDatagram, receiver: received.perDatagram, mbPerS };
}

const runs = { true: [], false: [] };
for (let round = 0; round < Number(values.rounds); round++) {
  for (const segmentation of [true, false]) runs[segmentation].push(await measure(segmentation));
}
const cell = (rows, key, digits) => {
  const sorted = rows.map((row) => row[key]).sort((a, b) => a - b);
  const [low, middle, high] = [sorted[0], sorted[sorted.length >> 1], sorted.at(-1)].map((x) => x.toFixed(digits));
  return `${middle} (${low}..${high})`;
};
console.log(`Node ${process.version}, ${values.bytes} bytes, ${values.rounds} rounds: sender us, receiver us, MB/s`);
for (const [segmentation, rows] of Object.entries(runs)) {
  const cells = [cell(rows, "sender", 2), cell(rows, "receiver", 2), cell(rows, "mbPerS", 0)];
  console.log(`segmentation ${segmentation.padEnd(6)} ${cells.join("   ")}`);
}
