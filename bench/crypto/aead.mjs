// node bench/crypto/aead.mjs [--rounds 7] [--packets 4000] [--json]: what sealing and opening a packet costs with each
// library, by suite and size, in nanoseconds of CPU; and the bytes that it allocates. Medians; in each round all
// libraries run one after the other, so that the machine's moods hit all alike. Needs a build (`npm run build`).
import { parseArgs } from "node:util";
import { nobleAeads } from "@sortie/handshake";
import { nodeAeads } from "@sortie/handshake/node";
import { loadOpensslAeads } from "@sortie/handshake/openssl";
import { loadSodiumAeads } from "@sortie/handshake/sodium";
import { loadWasmAeads } from "@sortie/handshake/wasm";

const SUITES = { 1: "AES-128-GCM", 2: "ChaCha20-Poly1305" };
const BODY_BYTES = [16, 64, 128, 256, 512, 1200];
const HEADER_BYTES = 9;
const TAG_BYTES = 16;
/** Packets in one buffer, as in a batch, each of another connection: no library gets to keep one key at hand. */
const BATCH = 64;
const STRIDE_BYTES = 1500;

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    packets: { type: "string", default: "4000" },
    json: { type: "boolean", default: false },
  },
});
const [rounds, packets] = [Number(values.rounds), Number(values.packets)];

const batch = new Uint8Array(BATCH * STRIDE_BYTES);
const sealed = new Uint8Array(BATCH * STRIDE_BYTES);
const out = new Uint8Array(STRIDE_BYTES);
const nonce = new Uint8Array(12);

/** Seals `count` packets of the batch. */
function seal(aeads, bodyBytes, count) {
  for (let i = 0; i < count; i++) {
    nonce[11] = i % BATCH;
    const start = (i % BATCH) * STRIDE_BYTES;
    aeads[i % BATCH].seal(nonce, batch, start, start + HEADER_BYTES, start + HEADER_BYTES + bodyBytes);
  }
}

/** Opens `count` packets that are there sealed. */
function open(aeads, bodyBytes, count) {
  for (let i = 0; i < count; i++) {
    nonce[11] = i % BATCH;
    const start = (i % BATCH) * STRIDE_BYTES;
    const end = start + HEADER_BYTES + bodyBytes + TAG_BYTES;
    if (aeads[i % BATCH].open(nonce, sealed, start, start + HEADER_BYTES, end, out) !== bodyBytes)
      throw new Error("does not open");
  }
}

/** Tries to open `count` packets with a wrong tag. */
function refuse(aeads, bodyBytes, count) {
  for (let i = 0; i < count; i++) {
    nonce[11] = (i + 1) % BATCH;
    const start = (i % BATCH) * STRIDE_BYTES;
    const end = start + HEADER_BYTES + bodyBytes + TAG_BYTES;
    if (aeads[i % BATCH].open(nonce, sealed, start, start + HEADER_BYTES, end, out) !== -1) throw new Error("opens");
  }
}

function median(numbers) {
  return numbers.sort((a, b) => a - b)[numbers.length >> 1];
}

function cpuNs(work) {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) * 1000;
}

/** Bytes that a packet leaves on V8's heap or outside: the growth over so few packets that nothing is collected. */
function allocatedBytes(work, count) {
  const samples = [];
  for (let i = 0; i < 15; i++) {
    const before = process.memoryUsage();
    work(count);
    const after = process.memoryUsage();
    samples.push((after.heapUsed - before.heapUsed + after.external - before.external) / count);
  }
  return median(samples);
}

const sources = [nodeAeads, nobleAeads, loadOpensslAeads(), await loadWasmAeads(), loadSodiumAeads()];
const rows = [];
for (const suite of [1, 2]) {
  for (const source of sources) {
    if (!source.costs.has(suite)) continue;
    const keyOf = (index) => new Uint8Array(suite === 1 ? 16 : 32).fill(index);
    const aeads = Array.from({ length: BATCH }, (_, index) => source.createAead(suite, keyOf(index)));
    for (const bodyBytes of BODY_BYTES) {
      const row = { suite: SUITES[suite], source: source.name, bodyBytes, aeads, sealNs: [], openNs: [], refuseNs: [] };
      rows.push(row);
    }
  }
}

function prepare({ aeads, bodyBytes }) {
  batch.fill(3);
  seal(aeads, bodyBytes, BATCH);
  sealed.set(batch);
}

for (const row of rows) {
  prepare(row);
  for (const work of [seal, open, refuse]) work(row.aeads, row.bodyBytes, packets);
}
for (let round = 0; round < rounds; round++) {
  for (const row of rows) {
    const { aeads, bodyBytes } = row;
    prepare(row);
    row.openNs.push(cpuNs(() => open(aeads, bodyBytes, packets)) / packets);
    row.refuseNs.push(cpuNs(() => refuse(aeads, bodyBytes, packets / 4)) / (packets / 4));
    row.sealNs.push(cpuNs(() => seal(aeads, bodyBytes, packets)) / packets);
  }
}
for (const row of rows) {
  const { aeads, bodyBytes } = row;
  prepare(row);
  row.openBytes = Math.round(allocatedBytes((count) => open(aeads, bodyBytes, count), 500));
  row.sealBytes = Math.round(allocatedBytes((count) => seal(aeads, bodyBytes, count), 500));
  for (const key of ["sealNs", "openNs", "refuseNs"]) row[key] = Math.round(median(row[key]));
  delete row.aeads;
}

/** Least squares over seal and open together: the line that a source declares. */
function line(own) {
  const points = own.map(({ bodyBytes, sealNs, openNs }) => [bodyBytes, (sealNs + openNs) / 2]);
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / points.length;
  const slope =
    points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) /
    points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return `${Math.round(meanY - slope * meanX)} + ${slope.toFixed(2)} n`;
}

if (values.json) {
  console.log(JSON.stringify({ node: process.version, rows }));
} else {
  console.log(`Node ${process.version}; ns of CPU: seal / open / refuse; bytes allocated: seal / open`);
  for (const suite of Object.values(SUITES)) {
    for (const { name } of sources) {
      const own = rows.filter((row) => row.suite === suite && row.source === name);
      if (own.length === 0) continue;
      const cells = own.map(
        (r) => `${r.bodyBytes}: ${r.sealNs}/${r.openNs}/${r.refuseNs} ns ${r.sealBytes}/${r.openBytes} B`,
      );
      console.log(`${suite} ${name} (${line(own)}): ${cells.join("; ")}`);
    }
  }
}
