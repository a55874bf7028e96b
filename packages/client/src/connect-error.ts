import type { DisconnectReason } from "@sortie/connection";
import type { SocketAddress } from "@sortie/transport";
import { PROTOCOL_VERSION, RejectReason } from "@sortie/wire";
import { faultText } from "./fault-text.js";
import { targetText } from "./target-text.js";

/** Why a connection did not come about: a closed list. */
export type ConnectErrorCode =
  /** No answer in time, or none to go on with: nobody listens there, a firewall, a dead network, a full server. */
  | "timeout"
  /** The server said no: its `authenticate`, or it is shutting down. */
  | "rejected"
  /** All of the server's slots are taken, or its `authenticate` has no place left. */
  | "server-full"
  /** The server runs another application protocol. */
  | "protocol-mismatch"
  /** The server has another key than the pinned one, or no certificate that is trusted for it. */
  | "identity-mismatch"
  /** The server speaks another version of Sortie's protocol. */
  | "version"
  /** The caller's signal, or `close`; or a congestion controller or provider of the caller's failed, see `cause`. */
  | "aborted"
  /** The host name has no address, or the socket could not be opened. */
  | "network";

/** A connection that did not come about; `code` says why, the message what to do. */
export class ConnectError extends Error {
  override readonly name = "ConnectError";
  readonly code: ConnectErrorCode;
  /** What the server's application said, or what is wrong with its certificate, where there is something to say. */
  readonly reason: string | undefined;

  constructor(code: ConnectErrorCode, message: string, details: { reason?: string; cause?: unknown } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.reason = details.reason;
  }
}

/** The error for an attempt whose signal said stop. */
export function abortedError(options: {
  readonly host: string;
  readonly port: number;
  readonly signal?: { readonly reason?: unknown } | undefined;
}): ConnectError {
  const { reason: cause } = options.signal ?? {};
  return new ConnectError("aborted", `connecting to ${targetText(options)} was given up by its signal`, { cause });
}

/** The error for a REJECT. */
export function errorOfReject(reason: RejectReason, version: number, target: string): ConnectError {
  switch (reason) {
    case RejectReason.Version:
      return new ConnectError(
        "version",
        `${target} speaks protocol version ${version}, this client ${PROTOCOL_VERSION}: use matching releases`,
      );
    case RejectReason.ProtocolMismatch:
      return new ConnectError("protocol-mismatch", `${target} serves another "protocol": both must name the same`);
    case RejectReason.ServerFull:
      return new ConnectError("server-full", `${target} has no free slot: try again later`);
    case RejectReason.ShuttingDown:
      return new ConnectError("rejected", `${target} is shutting down`, { reason: "shutting down" });
    default:
      return new ConnectError("rejected", `${target} has no cipher suite in common with this client`);
  }
}

/** The error for a server with another key; `detail`: why its certificate is not believed, where one was asked for. */
export function errorOfIdentity(target: string, detail: string | undefined): ConnectError {
  if (detail === undefined) {
    const message = `${target} has another key than "serverKey": the wrong key file, or someone in between`;
    return new ConnectError("identity-mismatch", message);
  }
  return new ConnectError("identity-mismatch", `${target} is not trusted: ${detail}`, { reason: detail });
}

/** The error for a connection that ended before the server accepted it. */
export function errorOfDisconnect(reason: DisconnectReason, target: string): ConnectError {
  const { code, text } = reason;
  if (code === "server-full") {
    return new ConnectError("server-full", `${target} has no free slot: try again later`, { reason: text });
  }
  if (code === "timeout" || code === "handshake-timeout") {
    return new ConnectError("timeout", `${target} did not complete the handshake in time`);
  }
  if (code === "network") return new ConnectError("network", `the socket failed: ${text}`);
  if (reason.by === "local") return new ConnectError("aborted", `connecting to ${target} was given up: ${text}`);
  return new ConnectError("rejected", `${target} refused: ${text === "" ? code : text}`, { reason: text });
}

/** What an attempt heard whose time is up. */
export interface HeardInAttempt {
  /** Keys were agreed on: what is missing is the server's yes. */
  readonly isAnswered: boolean;
  /** The server asked for the hello again, with a cookie. */
  readonly wasAskedToRetry: boolean;
  /** SERVER_HELLOs that this client cannot accept. */
  readonly refusedHellos: number;
  /** What is wrong with the last of them. */
  readonly refusal: string;
  /** Who else answered, as a server on all addresses of its machine may send from another than was asked. */
  readonly strayFrom: SocketAddress | undefined;
  /** No hello could be sent. */
  readonly isRefused: boolean;
  /** No hello was made: there was no socket for it, or one that takes nothing. */
  readonly isUnsent: boolean;
  /** What is to be said of a time in which nobody looked; empty where there is nothing. */
  readonly heldUp: string;
}

/**
 * The error for a server that did not answer in time, or answered but did not accept.
 * @param cause what the own transport failed with last, while nothing else was heard
 */
export function errorOfTimeout(target: string, timeoutMs: number, cause: unknown, heard: HeardInAttempt): ConnectError {
  const fault = cause === undefined ? "" : `the transport failed meanwhile, last with: ${faultText(cause)}`;
  const within = `within ${timeoutMs} ms`;
  if (heard.isAnswered) {
    const what = `${target} did not accept the connection ${within}`;
    return new ConnectError("timeout", (fault === "" ? what : `${what}: ${fault}`) + heard.heldUp, { cause });
  }
  return new ConnectError("timeout", unansweredText(target, within, fault, heard) + heard.heldUp, { cause });
}

function unansweredText(target: string, within: string, fault: string, heard: HeardInAttempt): string {
  const { refusedHellos, refusal, wasAskedToRetry, strayFrom, isUnsent } = heard;
  // Where a fault is known, that is why.
  if (isUnsent && fault === "") return `nothing was sent to ${target} ${within}: the socket was not open in time`;
  if (refusedHellos > 0) {
    const hellos = refusedHellos === 1 ? "a SERVER_HELLO" : `${refusedHellos} SERVER_HELLOs, the last of them one`;
    const what = `${target} sent ${hellos} that this client cannot accept (${refusal}), and no other ${within}`;
    return fault === "" ? what : `${what}; ${fault}`;
  }
  if (wasAskedToRetry) {
    const why = "it may be overloaded, or its limits used up (maxHalfOpen, handshakesPerSecond, handshakesPerPrefix)";
    return `${target} answered, but did not go on with the handshake ${within}: ${fault === "" ? why : fault}`;
  }
  let hint = "is the server running, the port right, UDP let through?";
  if (heard.isRefused)
    hint = "nothing could be sent: is there a route to it, does a firewall of this machine forbid it?";
  if (fault !== "") hint = fault;
  if (strayFrom !== undefined) {
    hint = `answers came from ${strayFrom}: connect to that, or give the server the address that clients ask as "host"`;
  }
  return `no answer from ${target} ${within}: ${hint}`;
}

/** The error for a part that the caller brought, and that does not work. */
export function errorOfFault(cause: unknown, target: string): ConnectError {
  return new ConnectError("aborted", `connecting to ${target} was given up: ${faultText(cause)}`, { cause });
}

/** What the transport threw, as an error of connecting. */
export function socketError(cause: unknown): ConnectError {
  const text = cause instanceof Error ? cause.message : String(cause);
  return new ConnectError("network", `the socket could not be opened: ${text}`, { cause });
}
