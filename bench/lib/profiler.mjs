// Profiles of the process that calls it, by the inspector: where time goes, and who allocates.
import { Session } from "node:inspector/promises";

/** µs between two samples of the stack. */
const SAMPLING_INTERVAL_US = 200;
/** bytes allocated, in the mean, between two samples of the heap. */
const HEAP_INTERVAL_BYTES = 131_072;

const session = new Session();

export async function startProfile() {
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.setSamplingInterval", { interval: SAMPLING_INTERVAL_US });
  await session.post("HeapProfiler.startSampling", {
    samplingInterval: HEAP_INTERVAL_BYTES,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  });
  await session.post("Profiler.start");
}

/** Self times and allocations by function; see {@link selfTimes} and {@link allocations}. */
export async function stopProfile() {
  const { profile } = await session.post("Profiler.stop");
  const heap = await session.post("HeapProfiler.stopSampling");
  session.disconnect();
  return { times: selfTimes(profile), allocations: allocations(heap.profile.head) };
}

/**
 * Rows of { label, us } by falling self time, and the time that was not idle. Functions of one name and file are one
 * row.
 */
function selfTimes({ nodes, samples, timeDeltas }) {
  const labels = new Map(nodes.map(({ id, callFrame }) => [id, labelOf(callFrame)]));
  const times = new Map();
  let busyUs = 0;
  for (const [i, id] of samples.entries()) {
    const label = labels.get(id);
    if (label === "(idle)" || label === "(root)") continue;
    times.set(label, (times.get(label) ?? 0) + timeDeltas[i]);
    busyUs += timeDeltas[i];
  }
  return { busyUs, rows: sorted(times) };
}

/** Rows of { label, bytes } by falling bytes. */
function allocations(head) {
  const bytes = new Map();
  let totalBytes = 0;
  const visit = (node) => {
    const label = labelOf(node.callFrame);
    bytes.set(label, (bytes.get(label) ?? 0) + node.selfSize);
    totalBytes += node.selfSize;
    node.children.forEach(visit);
  };
  visit(head);
  return { totalBytes, rows: sorted(bytes) };
}

function sorted(amounts) {
  return [...amounts].map(([label, amount]) => ({ label, amount })).sort((a, b) => b.amount - a.amount);
}

/** "name file": the package's name for ours, the module's for Node's. */
function labelOf({ functionName, url, lineNumber }) {
  const name = functionName === "" ? `(anonymous:${lineNumber + 1})` : functionName;
  const place = /(?:packages|node_modules)\/(?:@sortie\/)?([\w-]+)\//.exec(url)?.[1] ?? url.split("/").pop();
  return place === "" ? name : `${name} ${place}`;
}
