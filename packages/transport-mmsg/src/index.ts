export { createFastTransport, type FastTransportOptions } from "./create-fast-transport.js";
export { createMmsgTransport, type MmsgTransport, type MmsgTransportOptions } from "./create-mmsg-transport.js";
export type { UnavailableCode } from "./native-sockets.js";
