// What a server process tells of itself: CPU time, heap, garbage collections, and the counters of its workload.
// A round is what lies between two answers.
import { getHeapStatistics, GCProfiler } from "node:v8";
import { startProfile, stopProfile } from "./profiler.mjs";

/** Whether the server is to send of its own: once all clients are there. */
export const play = { isOn: false };

/** Tells the parent that the server is ready, then answers its requests. `counters()` is asked for each answer. */
export function serveFigures(first, counters) {
  const meter = createMeter(counters);
  process.on("disconnect", () => process.exit(1));
  process.on("message", (request) => {
    if (request === "exit") process.exit(0);
    if (request === "go") {
      play.isOn = true;
      return;
    }
    if (request === "rest") {
      play.isOn = false;
      process.send({ resting: true });
      return;
    }
    if (request === "collect") globalThis.gc?.();
    if (request === "profile") return void startProfile();
    if (request === "profiled") return void stopProfile().then((profiles) => process.send(profiles));
    process.send(meter());
  });
  process.send(first);
}

/** What this process tells of itself, since the last call where it is about a time; `counters()` is added. */
export function createMeter(counters) {
  let profiler = startedProfiler();
  let usedBytes = getHeapStatistics().used_heap_size;
  return () => {
    const { user, system } = process.cpuUsage();
    const { statistics } = profiler.stop();
    const nowUsedBytes = getHeapStatistics().used_heap_size;
    const collections = summarise(statistics, usedBytes, nowUsedBytes);
    usedBytes = nowUsedBytes;
    const atMs = performance.now();
    profiler = startedProfiler();
    return { atMs, cpuMs: (user + system) / 1000, ...collections, ...memory(), ...counters() };
  };
}

function startedProfiler() {
  const profiler = new GCProfiler();
  profiler.start();
  return profiler;
}

/** Bytes allocated on the heap since the last answer: growth between collections. */
function summarise(statistics, usedAtStart, usedAtEnd) {
  let allocatedBytes = 0;
  let longestPauseMs = 0;
  let pausesMs = 0;
  let last = usedAtStart;
  for (const { beforeGC, afterGC, cost } of statistics) {
    allocatedBytes += Math.max(0, beforeGC.heapStatistics.usedHeapSize - last);
    last = afterGC.heapStatistics.usedHeapSize;
    // "cost" is in microseconds.
    longestPauseMs = Math.max(longestPauseMs, cost / 1000);
    pausesMs += cost / 1000;
  }
  allocatedBytes += Math.max(0, usedAtEnd - last);
  return { allocatedBytes, collections: statistics.length, longestPauseMs, pausesMs };
}

function memory() {
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
  return { rssBytes: rss, heapBytes: heapUsed, externalBytes: external, arrayBufferBytes: arrayBuffers };
}
