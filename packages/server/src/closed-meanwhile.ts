import { isTransportError, TransportError } from "@sortie/transport";

/**
 * What `listen` rejects with where `close` was called before it was done: the transport, which is closed then, asks for
 * another transport, but what has ended is the server. Other errors are as they were.
 */
export function closedMeanwhile(error: unknown): unknown {
  if (!isTransportError(error) || error.code !== "closed") return error;
  const message = "the server was closed while listen() was in progress: create another one";
  return new TransportError("closed", message, { cause: error });
}
