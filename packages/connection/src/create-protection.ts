import { PacketProtection, ReplayWindow } from "@sortie/handshake";
import { leastAckDelayMs } from "@sortie/reliability";
import type { ConnectionOptions } from "./connection-options.js";

/**
 * Of three probe timeouts, each of 1 ms and our maxAckDelayMs (25 ms where that is above 50) at the least, half is
 * insisted on: what an honest peer waits from our acknowledgement on, which follows its last update (docs/PROTOCOL.md
 * section 4.6). No estimate of a round trip is in it, as that of the peer may be another.
 */
const UPDATE_PROBE_TIMEOUTS = 1.5;
const SHORTEST_RTT_PART_MS = 1;

/** Packet protection under the keys of the handshake: what one side sends with, the other receives with. */
export function createProtection(options: ConnectionOptions): PacketProtection {
  const { role, keys, resources, keyLimits, localParameters } = options;
  const { clientSecret, serverSecret } = keys.secrets;
  const ackDelayMs = leastAckDelayMs(localParameters.maxAckDelayMs);
  return new PacketProtection({
    crypto: resources.crypto,
    suite: keys.suite,
    localSecret: role === "client" ? clientSecret : serverSecret,
    remoteSecret: role === "client" ? serverSecret : clientSecret,
    minUpdateIntervalMs: UPDATE_PROBE_TIMEOUTS * (SHORTEST_RTT_PART_MS + ackDelayMs),
    ...(keyLimits === undefined ? {} : { limits: keyLimits }),
  });
}

/** The window of the peer's packet numbers, which begin with 0 but in tests. */
export function createReplayWindow({ initialPacketNumber = 0 }: ConnectionOptions): ReplayWindow {
  const window = new ReplayWindow();
  if (initialPacketNumber > 0) window.accept(initialPacketNumber - 1);
  return window;
}
