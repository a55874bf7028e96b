// The main process of a cluster: tells its parent the workers' process IDs, and may be killed.
import { createCluster } from "@sortie/cluster";

const [entry, keyPath] = process.argv.slice(2) as [string, string];
const cluster = createCluster({ entry, workers: 2, host: "127.0.0.1", port: 0, data: { keyPath } });
await cluster.listen();
process.send?.(cluster.pids);
