// The one who wants to play on: 60 numbered messages a second, echoed.
import { readFile } from "node:fs/promises";
import { connect } from "sortie";
import { percentile } from "../lib/figures.mjs";

const serverKey = await readFile(process.argv[3], "utf8");
const client = await connect({ host: "127.0.0.1", port: Number(process.argv[2]), protocol: "hostile/1", serverKey });
let roundTrips = [];
let sent = 0;
const waiting = new Map();
client.on("message", ({ payload }) => {
  const number = new DataView(payload.buffer, payload.byteOffset).getUint32(0);
  const sentAtMs = waiting.get(number);
  if (sentAtMs !== undefined) roundTrips.push(performance.now() - sentAtMs);
  waiting.delete(number);
});
client.on("disconnect", (reason) => {
  console.error(`the player lost its connection: ${reason.code}`);
  process.exit(1);
});
setInterval(() => {
  const payload = new Uint8Array(32);
  new DataView(payload.buffer).setUint32(0, sent);
  waiting.set(sent, performance.now());
  client.send(payload, { delivery: "bestEffort", expiresInMs: 2000 });
  sent += 1;
}, 1000 / 60);
process.on("message", (request) => {
  if (request === "exit") process.exit(0);
  const nowMs = performance.now();
  const lost = [...waiting.values()].filter((sentAtMs) => nowMs - sentAtMs > 1000).length;
  process.send({ rttP50Ms: percentile(roundTrips, 0.5), rttP99Ms: percentile(roundTrips, 0.99), lost });
  if (request === "reset") {
    roundTrips = [];
    waiting.clear();
  }
});
process.send({ ready: true });
