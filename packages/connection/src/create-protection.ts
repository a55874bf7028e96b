import { PacketProtection } from "@sortie/handshake";
import type { ConnectionOptions } from "./connection-options.js";

/** Packet protection under the keys of the handshake: what one side sends with, the other receives with. */
export function createProtection({ role, keys, resources, keyLimits }: ConnectionOptions): PacketProtection {
  const { clientSecret, serverSecret } = keys.secrets;
  return new PacketProtection({
    crypto: resources.crypto,
    suite: keys.suite,
    localSecret: role === "client" ? clientSecret : serverSecret,
    remoteSecret: role === "client" ? serverSecret : clientSecret,
    ...(keyLimits === undefined ? {} : { limits: keyLimits }),
  });
}
