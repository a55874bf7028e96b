import type { SocketAddress } from "@sortie/transport";
import { expect } from "vitest";
import type { MemoryTransport } from "../src/memory-transport.js";
import { createNetwork, type MemoryNetwork, type NetworkOptions } from "../src/network.js";
import type { NetworkStatistics } from "../src/network-statistics.js";
import type { LinkSpec } from "../src/link-spec.js";
import { Recorder } from "./recorder.js";

export interface Pair {
  readonly network: MemoryNetwork;
  readonly a: MemoryTransport;
  readonly b: MemoryTransport;
  readonly atA: Recorder;
  readonly atB: Recorder;
  readonly addressA: SocketAddress;
  readonly addressB: SocketAddress;
}

/** Two open transports on a network of their own. */
export async function pair(
  options: Partial<NetworkOptions> = {},
  linkA?: LinkSpec,
  receiveLinkB?: LinkSpec,
): Promise<Pair> {
  const network = createNetwork({ seed: 1, ...options });
  const now = (): number => network.clock.now();
  const [atA, atB] = [new Recorder(now), new Recorder(now)];
  const a = network.createTransport(linkA === undefined ? {} : { link: linkA });
  const b = network.createTransport(receiveLinkB === undefined ? {} : { receiveLink: receiveLinkB });
  const addressA = await a.open(atA);
  const addressB = await b.open(atB);
  return { network, a, b, atA, atB, addressA, addressB };
}

function droppedTotal(stats: NetworkStatistics): number {
  return Object.values(stats.dropped).reduce((sum, n) => sum + n, 0);
}

/** Every datagram is somewhere. */
export function expectBalance(stats: NetworkStatistics): void {
  expect(stats.delivered + droppedTotal(stats) + stats.inFlight).toBe(stats.sent + stats.injected + stats.duplicated);
}
