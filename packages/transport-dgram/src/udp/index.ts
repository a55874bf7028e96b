export { type HostTimer, hostTimers, type HostTimers } from "./host-timers.js";
export { isIpv6Missing, isSocketGone } from "./socket-errors.js";
export {
  checkBooleans,
  type SocketOptions,
  socketOptions,
  UDP_OPTION_NAMES,
  type UdpOptions,
} from "./socket-options.js";
export type { UdpSocket, UdpSocketOpener, UdpSocketUser } from "./udp-socket.js";
export { UdpTransport } from "./udp-transport.js";
