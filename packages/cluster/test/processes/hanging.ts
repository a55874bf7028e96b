// A worker that never joins its cluster. The one that gets SIGUSR2 hangs for ever, the other one says that it ends.
import { isClusterWorker } from "@sortie/cluster";

setInterval(() => undefined, 1000);
process.once("SIGUSR2", () => {
  console.log("hangs");
  for (;;);
});
process.on("exit", () => console.log("exits"));
console.log(isClusterWorker() ? `pid ${process.pid}` : "is no worker");
