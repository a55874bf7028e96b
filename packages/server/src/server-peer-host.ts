import { payloadBytes } from "@sortie/connection";
import { type SendOptions, type SendReceipt, SharedPayload } from "@sortie/reliability";
import type { Clock, Driver } from "@sortie/transport";
import { CloseCode } from "@sortie/wire";
import type { ConnectionEntry } from "./connection-table.js";
import type { PeerHost, SendPayload } from "./peer.js";
import type { ServerCore } from "./server-core.js";

/** The parts of a server that its peers' calls concern. */
interface Parts {
  readonly core: ServerCore;
  readonly driver: Driver;
  readonly clock: Clock;
  /** Whether what is sent waits for the end of a tick. */
  readonly hasTicks: boolean;
}

/** Makes what peers ask of their server: each call changes a connection and sees to it that it is sent for. */
export function createPeerHost({ core, driver, clock, hasTicks }: Parts): PeerHost {
  let isTelling = false;
  /** Tells of what was resumed: what is read then gives credit, which is to be sent for once more. */
  const tell = (): void => {
    isTelling = false;
    driver.flush();
    driver.wake();
  };
  return {
    send: (
      entry: ConnectionEntry,
      payload: SendPayload,
      options: SendOptions | undefined,
      nowMs: number = clock.now(),
    ): SendReceipt => {
      const bytes = payload instanceof SharedPayload ? payload : payloadBytes(payload);
      const receipt = entry.connection.send(bytes, options, nowMs);
      if (receipt.accepted) {
        core.markTransmit(entry);
        if (!hasTicks) driver.wake();
      }
      return receipt;
    },
    setPaused: (entry, channel, paused) => {
      entry.connection.flow.setPaused(channel, paused);
      if (paused) return;
      core.afterInput(entry);
      if (hasTicks || isTelling) return;
      isTelling = true;
      // Also out of a listener, after which the driver need not look for more to tell.
      clock.defer(tell);
    },
    disconnect: (entry, reason, drainMs) => {
      const nowMs = clock.now();
      // Where the peer is heard out, it is told that its messages arrived: then they are given, too.
      if (drainMs === 0) entry.isDismissed = true;
      core.close(entry, CloseCode.Kicked, reason, nowMs, nowMs + drainMs);
      driver.wake();
    },
    flush: (entry) => {
      core.queueNow(entry);
      driver.flush();
    },
    statistics: (entry) => entry.connection.statistics(clock.now()),
  };
}
