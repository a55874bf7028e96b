export type { DelayDistribution, DelayTail } from "./delay-tail.js";
export type { NetworkFilter, Tap } from "./datagram-carrier.js";
export { LinkSimulator, type LinkStatistics, type LinkVerdict } from "./link.js";
export type { LinkOptions } from "./link-options.js";
export { LinkProxy, type LinkProxyStatistics, type RelayStatistics } from "./link-proxy.js";
export type { LinkProxyOptions } from "./link-proxy-options.js";
export type { LinkSpec, TracedLink } from "./link-spec.js";
export {
  LINK_TRACE_FORMAT,
  type LinkTrace,
  linkTraceFromMahimahi,
  type LinkTraceStep,
  parseLinkTrace,
} from "./link-trace.js";
export { LinkTraceRecorder, type LinkTraceRecorderOptions } from "./link-trace-recorder.js";
export { type GilbertElliott, meanLoss } from "./loss-model.js";
export type { MemoryTransport, MemoryTransportOptions } from "./memory-transport.js";
export { createNetwork, type MemoryNetwork, type NetworkOptions } from "./network.js";
export type { DropCause, NetworkStatistics, TapVerdict } from "./network-statistics.js";
export { type PresetName, PRESETS } from "./presets.js";
export { Prng } from "./prng.js";
export type { HostLike } from "./topology.js";
export { VirtualClock, type VirtualClockOptions } from "./virtual-clock.js";
