import { checkSources, type LeakSources } from "./leak-sources.js";

/**
 * Names everything that is left over, "what: how many"; empty when nothing leaked. Throws TypeError for sources that
 * there are not, or that cannot be asked, and where none is given: such a check would always pass.
 */
export function findLeaks(sources: LeakSources): string[] {
  checkSources(sources);
  const leaks: string[] = [];
  const expectZero = (what: string, count: number): void => {
    if (count !== 0) leaks.push(`${what}: ${count}`);
  };
  for (const { stats } of sources.servers ?? []) {
    expectZero("peers", stats.peers);
    expectZero("half-open connections", stats.halfOpen);
  }
  expectZero("pending timers", sources.clock?.pendingTimers ?? 0);
  expectZero("active timers", sources.systemClock?.activeTimers ?? 0);
  for (const connection of sources.connections ?? []) {
    if (connection.state !== "closed") leaks.push(`a connection is ${connection.state}`);
    if (connection.nextTimeoutAt() !== Infinity) leaks.push(`a timer at ${connection.nextTimeoutAt()} ms`);
    const { endpoint } = connection.statistics(0);
    expectZero("undelivered messages", connection.undelivered);
    expectZero("queued messages", endpoint.queuedMessages);
    expectZero("queued bytes", endpoint.queuedBytes);
    expectZero("packets in flight", endpoint.packetsInFlight);
    expectZero("bytes in flight", endpoint.bytesInFlight);
    expectZero("reassemblies", endpoint.reassembliesActive);
    expectZero("held bytes", endpoint.heldBytes);
  }
  return leaks;
}

/** Throws Error that lists the leaks, if there are any, and TypeError as `findLeaks` does. */
export function assertNoLeaks(sources: LeakSources): void {
  const leaks = findLeaks(sources);
  if (leaks.length > 0) throw new Error(`leaks after the end: ${leaks.join("; ")}`);
}
