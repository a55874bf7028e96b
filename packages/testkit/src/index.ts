export { ConnectionPair, type Interceptor, PAIR_PARAMETERS } from "./connection-pair.js";
export { assertNoLeaks, findLeaks } from "./leak-check.js";
export type { LeakableConnection, LeakSources } from "./leak-sources.js";
export { PairAddress } from "./pair-address.js";
export type { ConnectionPairOptions } from "./pair-options.js";
export { createSeededCrypto } from "./seeded-crypto.js";
export { TraceRecorder } from "./trace-recorder.js";
export * from "./transport-compliance/index.js";
