export { ConnectionPair, type ConnectionPairOptions, type Interceptor, PAIR_PARAMETERS } from "./connection-pair.js";
export { assertNoLeaks, findLeaks, type LeakableConnection, type LeakSources } from "./leak-check.js";
export { PairAddress } from "./pair-address.js";
export { createSeededCrypto } from "./seeded-crypto.js";
export { TraceRecorder } from "./trace-recorder.js";
export * from "./transport-compliance/index.js";
