export { createDgramTransport, type DgramTransport } from "./create-dgram-transport.js";
export type { DgramTransportOptions } from "./socket-options.js";
