export { createDgramTransport, type DgramTransport } from "./dgram-transport.js";
export type { DgramTransportOptions } from "./socket-options.js";
