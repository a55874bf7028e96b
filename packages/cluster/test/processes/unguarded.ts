// Main process and worker in one file that forgot isClusterWorker(). What each process of it does goes to standard
// output; no process starts another one below the second.
import { createCluster } from "@sortie/cluster";

const depth = Number(process.env["SORTIE_TEST_DEPTH"]);
console.log(`depth ${depth}`);
if (!(depth < 2)) process.exit(3);
const env = { ...process.env, SORTIE_TEST_DEPTH: String(depth + 1) };
try {
  const cluster = createCluster({ entry: import.meta.url, workers: 1, host: "127.0.0.1", port: 0, env });
  await cluster.listen();
} catch (error) {
  console.log(`depth ${depth}: ${String(error)}`);
  process.exit(1);
}
