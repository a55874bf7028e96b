import { runWithAgones } from "@sortie/agones";
import { createWorkerServer, joinCluster } from "@sortie/cluster";
import { loadIdentity } from "sortie";

// A worker that would run under Agones by itself. It tells what comes of that.
const worker = await joinCluster();
const server = await createWorkerServer({ protocol: "echo/1", identity: await loadIdentity(worker.data as string) });
await server.listen();
let outcome = "it runs";
try {
  runWithAgones(server);
} catch (error) {
  outcome = String(error);
}
worker.send(outcome);
