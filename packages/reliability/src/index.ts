export { AckUrgency, urgencyOf } from "./ack-urgency.js";
export { ByteBudget, type HeldShare } from "./byte-budget.js";
export type { CongestionController } from "./congestion/congestion-controller.js";
export type { AckSample } from "./congestion/ack-sample.js";
export { type AdaptivePhase, AdaptiveRate } from "./congestion/adaptive-rate.js";
export { FixedBudget, type FixedBudgetOptions } from "./congestion/fixed-budget.js";
export { NewReno } from "./congestion/new-reno.js";
export type { PacedControllerOptions } from "./congestion/paced-options.js";
export { DELIVERIES, type Delivery, deliveryCodeOf, type DeliveryTraits } from "./delivery.js";
export {
  type ClockLead,
  type ControlFrames,
  DEFAULT_LIMITS,
  type EndpointLimits,
  type EndpointOptions,
  type EndpointTrace,
  type EndpointViolation,
  type FlowControl,
  type PacketFates,
} from "./endpoint-options.js";
export type { InboundMessage } from "./inbox.js";
export { SharedPayload } from "./payload-copy.js";
export { TokenBucket } from "./pacer.js";
export { ReliableEndpoint } from "./reliable-endpoint.js";
export { ENDPOINT_LEVELS, prefetchEndpoint } from "./prefetch.js";
export { leastAckDelayMs, type RttEstimator } from "./rtt-estimator.js";
export { checkChannelWeights, checkSend, MAX_UNRELIABLE_MESSAGE_BYTES, type SendOptions } from "./send-options.js";
export { type Outcome, refusedReceipt, type SendReceipt, type SendRefusal } from "./send-receipt.js";
export type { EndpointStatistics } from "./statistics.js";
