export type { CreateTransportOptions, TransportEnvironment, TransportTopology } from "./environment.js";
export {
  type TestRunner,
  testTransport,
  type TestTransportOptions,
  type TransportComplianceCase,
  transportComplianceCases,
  type TransportComplianceOptions,
} from "./register.js";
