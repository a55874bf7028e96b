export type { InBandAnswers, InBandRefusal } from "./in-band/in-band-protocol.js";
export {
  MetricsClient,
  MetricsClientError,
  type MetricsClientErrorCode,
  type MetricsClientOptions,
} from "./in-band/metrics-client.js";
