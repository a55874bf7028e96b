// For `Symbol.asyncDispose`, whatever "lib" the application has.
/// <reference lib="esnext.disposable" preserve="true" />
export { ClusterError, type ClusterErrorCode } from "./cluster-error.js";
export type { ClusterOptions } from "./cluster-options.js";
export type { ClusterStatistics, ClusterTicks, ClusterTotals, WorkerStatistics } from "./cluster-statistics.js";
export { type BroadcastResult, Cluster, type ClusterEvents, createCluster, type WorkerExit } from "./cluster.js";
export { type ClusterWorker, type ClusterWorkerEvents, joinCluster } from "./cluster-worker.js";
export { createWorkerServer, type WorkerServerBaseOptions, type WorkerServerOptions } from "./create-worker-server.js";
export { isClusterWorker } from "./main-channel.js";
export type { WorkerFigures } from "./messages.js";
export type { WorkerExitReason, WorkerState } from "./worker-handle.js";
export type { ForwardingStatistics } from "./forwarding-statistics.js";
