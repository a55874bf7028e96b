import type { SocketAddress } from "./address.js";

/**
 * Why a transport failed; a closed list.
 *
 * - `address-in-use`: another socket holds the port.
 * - `address-not-available`: this machine has no such local address.
 * - `permission`: the operating system forbids it (a port below 1024, a firewall rule).
 * - `unsupported`: the address family or an option does not exist here.
 * - `already-open`: `open` was called on an open transport.
 * - `closed`: the transport is closed or was closed meanwhile.
 * - `name-not-found`: a host name has no address.
 * - `unreachable`: no route, or the far side refused.
 * - `message-too-large`: a datagram does not fit the path.
 * - `resources`: too many open sockets, no buffers, no memory.
 * - `system`: anything else; `osCode` tells more.
 */
export type TransportErrorCode =
  | "address-in-use"
  | "address-not-available"
  | "permission"
  | "unsupported"
  | "already-open"
  | "closed"
  | "name-not-found"
  | "unreachable"
  | "message-too-large"
  | "resources"
  | "system";

/** What is known beside the code of a {@link TransportError}. */
export interface TransportErrorDetails {
  /** The code of the operating system, such as "EADDRINUSE". */
  readonly osCode?: string | undefined;
  /** The local or remote address that the failure concerns. */
  readonly address?: SocketAddress | undefined;
  /** The error below this one. */
  readonly cause?: unknown;
}

/** A failure of a transport, with a code to branch on and a message that says what to do about it. */
export class TransportError extends Error {
  override readonly name = "TransportError" as const;
  readonly code: TransportErrorCode;
  readonly osCode?: string;
  readonly address?: SocketAddress;

  constructor(code: TransportErrorCode, message: string, details: TransportErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    if (details.osCode !== undefined) this.osCode = details.osCode;
    if (details.address !== undefined) this.address = details.address;
  }
}

/** @internal Whether it is one, by its name: that of another copy of this package, bundled twice, is one as well. */
export function isTransportError(error: unknown): error is TransportError {
  if (typeof error !== "object" || error === null) return false;
  const { name, code } = error as { readonly name?: unknown; readonly code?: unknown };
  return name === "TransportError" && typeof code === "string";
}
