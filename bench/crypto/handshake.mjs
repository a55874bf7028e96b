// node bench/crypto/handshake.mjs [--rounds 7] [--connects 200] [--aead auto]: CPU of a server process for each
// connection that is made, accepted, and closed again, over UDP on loopback, cookie and RETRY included. Needs a build.
import { parseArgs } from "node:util";
import { connect, generateIdentity, saveIdentity } from "sortie";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ask, start, stop } from "../lib/processes.mjs";

/** Connections under way at once. */
const PARALLEL = 8;

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    connects: { type: "string", default: "200" },
    aead: { type: "string", default: "auto" },
  },
});
const [rounds, connects] = [Number(values.rounds), Number(values.connects)];
const folder = await mkdtemp(join(tmpdir(), "sortie-handshake-"));
const identity = generateIdentity();
const { privateKeyPath } = await saveIdentity(identity, join(folder, "root.key"));
const { child, first } = await start(new URL("handshake-server.mjs", import.meta.url), [privateKeyPath, values.aead]);
const options = { host: "127.0.0.1", port: first.port, protocol: "handshake/1", serverKey: identity.publicKey };

async function connectSome(count) {
  for (let i = 0; i < count; i++) await (await connect({ ...options, aead: values.aead })).close();
}

const figures = [];
for (let round = -1; round < rounds; round++) {
  const before = await ask(child, "measure");
  await Promise.all(Array.from({ length: PARALLEL }, () => connectSome(connects / PARALLEL)));
  const after = await ask(child, "measure");
  // The first round warms up.
  if (round >= 0) figures.push((1000 * (after.cpuMs - before.cpuMs)) / (after.handshakes - before.handshakes));
}
figures.sort((a, b) => a - b);
const [least, median, most] = [figures[0], figures[figures.length >> 1], figures.at(-1)].map(Math.round);
console.log(
  `Node ${process.version}, ${values.aead}: ${median} (${least}..${most}) microseconds of server CPU a handshake`,
);
await stop(child);
await rm(folder, { recursive: true });
