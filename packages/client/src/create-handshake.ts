import { ClientHandshake } from "@sortie/handshake";
import type { ClientCoreOptions } from "./client-core-options.js";

/** The handshake of one attempt, with a key pair of its own. Throws what the crypto provider does. */
export function createHandshake(options: ClientCoreOptions, clientConnectionId: number): ClientHandshake {
  const { resources, protocolId, trust, parameters, keyLog } = options;
  const log = keyLog === undefined ? {} : { keyLog };
  return new ClientHandshake({ crypto: resources.crypto, protocolId, trust, parameters, clientConnectionId, ...log });
}
