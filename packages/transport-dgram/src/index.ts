export { createDgramTransport, type DgramTransport } from "./create-dgram-transport.js";
export type { UdpOptions as DgramTransportOptions } from "./udp/socket-options.js";
