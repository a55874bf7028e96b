export { isIpv6Missing, isSocketGone } from "./socket-errors.js";
export { type SocketOptions, socketOptions, type UdpOptions } from "./socket-options.js";
export type { UdpSocket, UdpSocketOpener, UdpSocketUser } from "./udp-socket.js";
export { UdpTransport } from "./udp-transport.js";
