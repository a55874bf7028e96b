// Sortie over several workers under test: the options of sortie-server, and `workers`. Figures are sums over the
// workers and this process; times are those of the worker with the longest.
import { createCluster } from "@sortie/cluster";

const config = JSON.parse(process.argv[2]);
const { workers, transport, keys } = config;
const cluster = createCluster({
  entry: new URL("sortie-cluster-worker.mjs", import.meta.url),
  workers,
  host: "127.0.0.1",
  port: 0,
  data: config,
  env: { ...process.env, SORTIE_TRANSPORT: transport },
});

const waiting = [];
cluster.on("message", (figures, worker) => waiting[worker]?.(figures));
/** The figures of all workers. */
function askWorkers() {
  return Promise.all(
    Array.from({ length: workers }, (_, worker) => {
      const answer = new Promise((resolve) => (waiting[worker] = resolve));
      if (!cluster.send(worker, "figures")) throw new Error(`worker ${worker} does not read`);
      return answer;
    }),
  );
}

const SUMS = ["cpuMs", "allocatedBytes", "collections", "rssBytes", "heapBytes", "externalBytes", "arrayBufferBytes"];
SUMS.push("messages", "datagrams", "peers", "handshakes", "retriesSent", "halfOpen", "overruns", "skipped");
const WORST = ["longestPauseMs", "pausesMs", "lateP50Ms", "lateP99Ms", "busyP99Ms"];

async function figures() {
  const all = await askWorkers();
  const { forwarding } = (await cluster.statistics()).total;
  const { user, system } = process.cpuUsage();
  const sums = Object.fromEntries(SUMS.map((name) => [name, all.reduce((sum, one) => sum + one[name], 0)]));
  const worst = Object.fromEntries(WORST.map((name) => [name, Math.max(...all.map((one) => one[name]))]));
  return {
    ...sums,
    ...worst,
    atMs: performance.now(),
    cpuMs: sums.cpuMs + (user + system) / 1000,
    // Each worker has the server's tick rate.
    ticks: all.reduce((sum, one) => sum + one.ticks, 0) / workers,
    forwarded: forwarding.forwarded,
    forwardedLost: forwarding.lost + forwarding.dropped,
    mostPeers: Math.max(...all.map((one) => one.peers)),
  };
}

process.on("disconnect", () => process.exit(1));
process.on("message", (request) => {
  if (request === "exit") void cluster.close().then(() => process.exit(0));
  else if (request === "go") for (let worker = 0; worker < workers; worker++) cluster.send(worker, "go");
  else void figures().then((answer) => process.send(answer));
});
const { port } = await cluster.listen();
process.send({ port, publicKeyPath: keys.publicKeyPath });
