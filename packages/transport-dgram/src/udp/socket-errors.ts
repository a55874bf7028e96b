import { type SocketAddress, TransportError, type TransportErrorCode } from "@sortie/transport";

/** Codes of libuv (`uv_err_name`) that say something of their own; all others are "system". */
const CODES: ReadonlyMap<string, TransportErrorCode> = new Map([
  ["EADDRINUSE", "address-in-use"],
  ["EADDRNOTAVAIL", "address-not-available"],
  ["EACCES", "permission"],
  ["EPERM", "permission"],
  ["EAFNOSUPPORT", "unsupported"],
  ["EPROTONOSUPPORT", "unsupported"],
  ["ENOTSUP", "unsupported"],
  ["EMSGSIZE", "message-too-large"],
  ["ENETUNREACH", "unreachable"],
  ["EHOSTUNREACH", "unreachable"],
  ["ENETDOWN", "unreachable"],
  ["EHOSTDOWN", "unreachable"],
  ["ECONNREFUSED", "unreachable"],
  ["ECONNRESET", "unreachable"],
  ["EMFILE", "resources"],
  ["ENFILE", "resources"],
  ["ENOBUFS", "resources"],
  ["ENOMEM", "resources"],
  ["ENOTFOUND", "name-not-found"],
  ["EAI_AGAIN", "name-not-found"],
  ["EAI_NODATA", "name-not-found"],
  ["EAI_NONAME", "name-not-found"],
  ["EBADF", "closed"],
  ["ENOTSOCK", "closed"],
]);

/** Highest port that Unix reserves (IPPORT_RESERVED is 1024). */
const LAST_RESERVED_PORT = 1023;

/** The code of an error of Node, such as "EADDRINUSE"; undefined where it has none. */
function osCodeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === "string" ? code : undefined;
}

/** The transport's code for an error of the system. */
function transportCodeOf(error: unknown): TransportErrorCode {
  return CODES.get(osCodeOf(error) ?? "") ?? "system";
}

/** True where IPv6 does not exist on this machine, so that IPv4 alone is worth a try. */
export function isIpv6Missing(error: unknown): boolean {
  const osCode = osCodeOf(error);
  return osCode === "EAFNOSUPPORT" || osCode === "EADDRNOTAVAIL" || osCode === "EPROTONOSUPPORT";
}

/** True where an ICMP message about one peer surfaces on the whole socket: Windows reports it as ECONNRESET. */
export function concernsOnePeer(error: unknown): boolean {
  return transportCodeOf(error) === "unreachable";
}

/** True where the socket itself is gone and nothing will leave by it again. */
export function isSocketGone(error: unknown): boolean {
  return transportCodeOf(error) === "closed";
}

/** Why a socket could not be bound to `address`, and what to do about it. */
export function openError(cause: unknown, address: SocketAddress): TransportError {
  if (cause instanceof TransportError) return cause;
  const { scope } = address;
  const isZoneUnknown = scope !== "" && ["EINVAL", "ENODEV", "EADDRNOTAVAIL"].includes(osCodeOf(cause) ?? "");
  const code = isZoneUnknown ? "address-not-available" : transportCodeOf(cause);
  return new TransportError(code, openAdvice(code, address, cause), { osCode: osCodeOf(cause), address, cause });
}

/** A fault of the bound socket, or of resolving a name. */
export function systemError(cause: unknown, what: string): TransportError {
  return new TransportError(transportCodeOf(cause), `${what}: ${messageOf(cause)}`, { osCode: osCodeOf(cause), cause });
}

function openAdvice(code: TransportErrorCode, address: SocketAddress, cause: unknown): string {
  const { host, port, scope } = address;
  switch (code) {
    case "address-in-use":
      return `port ${port} is in use: another server runs there, or choose another port`;
    case "permission":
      return port > 0 && port <= LAST_RESERVED_PORT
        ? `port ${port} is not permitted: ports below 1024 need privileges, choose a higher one`
        : `${address} is not permitted: a firewall or sandbox forbids it`;
    case "address-not-available":
      if (scope !== "") return `${host} is not an address of this machine at an interface "${scope}"`;
      return `${host} is not an address of this machine: use one that is, or "::" or "0.0.0.0" for all of them`;
    case "unsupported":
      return address.family === 6
        ? `IPv6 is not available here: use the host "0.0.0.0"`
        : `IPv4 is not available here: use the host "::"`;
    case "resources":
      return `no socket left: close others or raise the limit of open files (${osCodeOf(cause)})`;
    default:
      return `${address} could not be opened: ${messageOf(cause)}`;
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
