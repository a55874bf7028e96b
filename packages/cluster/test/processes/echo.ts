// An echo server as a worker. What it is told to do by the main process it does.
import { readFileSync } from "node:fs";
import { createWorkerServer, joinCluster } from "@sortie/cluster";
import { loadIdentity } from "sortie";

interface Data {
  readonly keyPath: string;
  readonly fault?: string;
}

// Quietly: what the parent sees of it is the exit code.
process.on("uncaughtException", () => process.exit(1));
const worker = await joinCluster();
const { keyPath, fault } = worker.data as Data;
if (fault === "throws-at-start") throw new Error("no world to load");
const server = await createWorkerServer({
  protocol: "cluster/1",
  identity: await loadIdentity(fault === "own-identity" ? `${keyPath}.${worker.index}` : keyPath),
  tickRate: 0,
  maxPeers: 64,
  idleTimeoutMs: 20_000,
});
server.on("message", (peer, { payload, delivery, channel }) => void peer.send(payload, { delivery, channel }));
server.on("connect", (peer) => worker.send({ connected: peer.id }));
server.on("disconnect", (peer, reason) => worker.send({ disconnected: peer.id, code: reason.code }));
worker.on("message", (order) => {
  if (order === "who") worker.send({ pid: process.pid, index: worker.index, workers: worker.workers });
  else if (order === "throw") setTimeout(() => readFileSync("/there is no such file"), 0);
  else if (order === "exit") process.exit(0);
  else if (order === "hang") for (;;);
  else if (order === "drain") server.startDraining();
  else if (order === "close") void server.close();
  else if (typeof order === "object") worker.send(order);
  else if (order === "flood") flood();
  else if (order === "hand-over") void handOver();
  else if (order === "other-key") void loadIdentity(`${keyPath}.0`).then((identity) => server.setIdentity(identity));
});

/** Sends as much as is taken, and how much that was when the main process has read it. */
function flood(): void {
  const fill = new Uint8Array(64 * 1024);
  let taken = 0;
  while (taken < 1000 && worker.send({ fill })) taken += 1;
  const telling = setInterval(() => {
    if (worker.send({ taken })) clearInterval(telling);
  }, 5);
}

/** Sends more than the channel takes at once, closes its server, and sends once more. */
async function handOver(): Promise<void> {
  const state = "x".repeat(100 * 1024);
  for (let room = 0; room < 20; room++) worker.send({ room, state });
  await server.close();
  worker.send({ isLast: worker.send({ room: 20 }) });
}

if (fault !== "never-listens") await server.listen();
else setInterval(() => undefined, 1000);
