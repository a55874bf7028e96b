// A worker as the README has it, which takes its time to load once there is a file that says so. Tells how it ends.
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { createWorkerServer, joinCluster } from "@sortie/cluster";
import { loadIdentity } from "sortie";

process.on("exit", (code) => console.log(`pid ${process.pid} exits with ${code}`));
const { data } = await joinCluster();
const { keyPath } = data as { readonly keyPath: string };
const load = async (what: string): Promise<void> => {
  console.log(`pid ${process.pid} loads ${what}`);
  while (existsSync(`${keyPath}.${what}`)) await sleep(10);
};
await load("world");
const server = await createWorkerServer({ protocol: "cluster/1", identity: await loadIdentity(keyPath) });
await load("rooms");
await server.listen();
console.log(`pid ${process.pid} listens`);
