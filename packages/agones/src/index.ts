export type { AgonesOptions, AgonesServer } from "./options.js";
export { type AgonesRunner, runWithAgones } from "./run-with-agones.js";
export type { AgonesSdk, GameServerView } from "./sdk.js";
