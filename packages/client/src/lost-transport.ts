import { isTransportError, type TransportError } from "@sortie/transport";

/**
 * Whether a transport says that it is gone for good: "closed", of itself where it gives no new sockets, or of its
 * `rebind`. All else may pass, as a network that comes back does.
 */
export function isTransportGone(error: unknown): error is TransportError {
  return isTransportError(error) && error.code === "closed";
}

/** What is told of it, to whoever waits for the connection or has it. */
export function goneText(error: TransportError): string {
  return `the transport is gone: ${error.message}`;
}
