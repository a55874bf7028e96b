export type { AgonesCluster, AgonesClusterStatistics } from "./cluster-subject.js";
export type { AgonesClusterOptions, AgonesOptions, AgonesServer } from "./options.js";
export { type AgonesRunner, runWithAgones } from "./run-with-agones.js";
export type { AgonesSdk, GameServerView } from "./sdk.js";
