import { PacketProtection, ReplayWindow } from "@sortie/handshake";
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

/** The window of the peer's packet numbers, which begin with 0 but in tests. */
export function createReplayWindow({ initialPacketNumber = 0 }: ConnectionOptions): ReplayWindow {
  const window = new ReplayWindow();
  if (initialPacketNumber > 0) window.accept(initialPacketNumber - 1);
  return window;
}
