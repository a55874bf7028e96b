// The main process of a cluster: tells its parent where it is, closes it as its parent says, and may be killed.
import { createCluster } from "@sortie/cluster";

const [entry, keyPath] = process.argv.slice(2) as [string, string];
const cluster = createCluster({ entry, workers: 2, host: "127.0.0.1", port: 0, data: { keyPath } });
process.on("message", (leaveMs: number) => void cluster.close({ leaveMs }));
const { port } = await cluster.listen();
process.send?.({ pids: cluster.pids, port });
