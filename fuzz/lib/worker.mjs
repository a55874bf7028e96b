// A fuzzing thread: `workerData` says which target and how long; one message tells the summary.
import { register } from "node:module";
import { parentPort, workerData } from "node:worker_threads";

process.setSourceMapsEnabled(true);
register("./source-hooks.mjs", import.meta.url);
// In this order: the counters must be there before a source under test is loaded.
const { Fuzzer } = await import("./fuzzer.ts");
const { Heartbeat } = await import("./heartbeat.ts");
const { TARGETS } = await import("../targets/index.ts");

const target = TARGETS.find(({ name }) => name === workerData.target);
if (workerData.replay === undefined) {
  const fuzzer = new Fuzzer(target, workerData.options, new Heartbeat(workerData.memory));
  parentPort.postMessage(await fuzzer.run());
} else {
  await target.run(workerData.replay);
  parentPort.postMessage("replayed");
}
