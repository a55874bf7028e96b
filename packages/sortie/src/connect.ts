import {
  type Client,
  type ClientOptions as CoreClientOptions,
  connect as connectCore,
  createClient as createCoreClient,
  type PolledClient,
} from "@sortie/client";
import { createNodeProvider } from "@sortie/handshake/node";
import { createDgramTransport } from "@sortie/transport-dgram";

/** Options of {@link connect} and {@link createClient}: those of a client, with Node's defaults. */
export interface ClientOptions
  extends Omit<CoreClientOptions, "transport" | "crypto">, Partial<Pick<CoreClientOptions, "transport" | "crypto">> {}

/**
 * Connects to a server; resolves when it has accepted. Rejects with ConnectError, whose `code` says why, and for bad
 * options with TypeError, RangeError or IdentityError.
 */
export async function connect(options: ClientOptions): Promise<Client> {
  return connectCore(withDefaults(options));
}

/**
 * A client for a game loop that polls: `client.update(nowMs)` once a frame, then `client.receive()` until it gives
 * nothing. Throws TypeError, RangeError or IdentityError for bad options.
 */
export function createClient(options: ClientOptions): PolledClient {
  return createCoreClient(withDefaults(options));
}

function withDefaults(options: ClientOptions): CoreClientOptions {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`"options" expected an object, got ${options === null ? "null" : typeof options}`);
  }
  return {
    log: console,
    ...options,
    crypto: options.crypto ?? createNodeProvider(),
    transport: options.transport ?? createDgramTransport(),
  };
}
