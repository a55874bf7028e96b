export { isZone, parseIp, SocketAddress } from "./address.js";
export { CidrSet } from "./cidr.js";
export { type Clock, SystemClock, type SystemClockOptions, type TimerHandle } from "./clock.js";
export { closeTransport } from "./close-transport.js";
export { BatchPool, type BatchPoolOptions, DatagramBatch, type DatagramBatchOptions } from "./datagram-batch.js";
export { containRejection } from "./contain-rejection.js";
export type { DatagramCore } from "./datagram-core.js";
export { describeValue } from "./describe-value.js";
export { Driver } from "./driver.js";
export type { DriverOptions } from "./driver-options.js";
export { GuardedSends, type GuardedSendsUser, starvedError } from "./guarded-sends.js";
export { checkOpened, checkStatistics, CLOCK_METHODS, TRANSPORT_METHODS } from "./option-checks.js";
export { checkOptionNames } from "./option-names.js";
export {
  type DatagramReceiver,
  type DatagramTransport,
  refusedSends,
  TransportCounters,
  type TransportStatistics,
} from "./transport.js";
export {
  isTransportError,
  TransportError,
  type TransportErrorCode,
  type TransportErrorDetails,
} from "./transport-error.js";
