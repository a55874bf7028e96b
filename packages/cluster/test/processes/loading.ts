// A worker that is busy for ever, and joins its cluster when it gets SIGUSR2. What it does goes to standard output.
import { type ClusterError, joinCluster } from "@sortie/cluster";

setInterval(() => undefined, 1000);
const told = new Promise<void>((resolve) => process.once("SIGUSR2", () => resolve()));
console.log(`pid ${process.pid}`);
await told;
const joining = joinCluster();
console.log("joins");
await joining.catch((error: ClusterError) => {
  console.log(`${error.name} ${error.code}`);
  throw error;
});
