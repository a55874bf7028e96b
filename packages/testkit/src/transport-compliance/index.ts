export type { TransportEnvironment } from "./harness.js";
export {
  type TestRunner,
  testTransport,
  type TestTransportOptions,
  type TransportComplianceCase,
  transportComplianceCases,
  type TransportComplianceOptions,
} from "./register.js";
