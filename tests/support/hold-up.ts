import type { Connection } from "@sortie/connection";
import type { ConnectionPair } from "@sortie/testkit";

export type Side = "client" | "server";

/** What a process that goes on again does first: serve its timers, or read its socket. */
export type FirstAfter = "timers" | "socket";

/**
 * One side's process stands still for `ms`, while the other one and the links go on: what arrives waits in its socket.
 * Then it serves its timers and reads its socket, in the order that is asked for, and sends after each.
 */
export function holdUp(pair: ConnectionPair, side: Side, ms: number, first: FirstAfter): void {
  const connection = pair[side];
  const waiting: Parameters<Connection["receive"]>[] = [];
  const stopped: Partial<Connection> = {
    receive: (datagram, from, nowMs) => void waiting.push([datagram.slice(), from, nowMs]) as undefined,
    handleTimeout: () => undefined,
    nextTimeoutAt: () => Infinity,
    pollTransmit: () => 0,
  };
  Object.assign(connection, stopped);
  pair.run(ms);
  for (const name of Object.keys(stopped)) Reflect.deleteProperty(connection, name);
  if (first === "timers" && connection.nextTimeoutAt() <= pair.nowMs) {
    connection.excuseSilence(pair.nowMs);
    connection.handleTimeout(pair.nowMs);
    pair.run(0);
  }
  for (const [datagram, from] of waiting) connection.receive(datagram, from, pair.nowMs);
  pair.run(0);
}
