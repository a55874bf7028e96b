// What lies between two answers of a server and of its load.
export function figures(serverBefore, serverAfter, loadBefore, loadAfter) {
  const serverMs = serverAfter.atMs - serverBefore.atMs;
  const loadMs = loadAfter.atMs - loadBefore.atMs;
  const cpuMs = serverAfter.cpuMs - serverBefore.cpuMs;
  const messages = serverAfter.messages - serverBefore.messages;
  const datagrams = serverAfter.datagrams - serverBefore.datagrams;
  const ticks = serverAfter.ticks - serverBefore.ticks;
  const skipped = serverAfter.skipped - serverBefore.skipped;
  const lateTicks = serverAfter.overruns - serverBefore.overruns + skipped;
  return {
    cpuShare: cpuMs / serverMs,
    cpuMicrosPerMessage: (cpuMs * 1000) / messages,
    cpuMicrosPerDatagram: (cpuMs * 1000) / datagrams,
    messagesPerSecond: (messages * 1000) / serverMs,
    datagramsPerMessage: datagrams / messages,
    datagramsPerSecond: (datagrams * 1000) / serverMs,
    heapBytesPerDatagram: serverAfter.allocatedBytes / datagrams,
    longestPauseMs: serverAfter.longestPauseMs,
    pauseShare: serverAfter.pausesMs / serverMs,
    rssMegabytes: serverAfter.rssBytes / 1e6,
    ticksPerSecond: (ticks * 1000) / serverMs,
    lateP50Ms: serverAfter.lateP50Ms,
    lateP99Ms: serverAfter.lateP99Ms,
    busyP99Ms: serverAfter.busyP99Ms,
    overruns: serverAfter.overruns - serverBefore.overruns,
    skipped,
    overrunShare: lateTicks / (ticks + skipped),
    forwardedShare: (serverAfter.forwarded - serverBefore.forwarded) / messages,
    forwardedLost: serverAfter.forwardedLost - serverBefore.forwardedLost,
    mostPeersShare: serverAfter.mostPeers / serverAfter.peers,
    sent: loadAfter.sent,
    received: loadAfter.received,
    receivedShare: loadAfter.received / loadAfter.sent,
    receivedPerSecond: (loadAfter.received * 1000) / loadMs,
    rttP50Ms: loadAfter.rttP50Ms,
    rttP99Ms: loadAfter.rttP99Ms,
    loadCpuShare: (loadAfter.cpuMs - loadBefore.cpuMs) / loadMs,
    ended: loadAfter.ended,
    peers: serverAfter.peers,
    handshakesPerSecond: ((serverAfter.handshakes - serverBefore.handshakes) * 1000) / serverMs,
    cpuMicrosPerHandshake: (cpuMs * 1000) / (serverAfter.handshakes - serverBefore.handshakes),
    retriesPerSecond: ((serverAfter.retriesSent - serverBefore.retriesSent) * 1000) / serverMs,
    cpuMicrosPerSent: (cpuMs * 1000) / loadAfter.sent,
    sentPerSecond: (loadAfter.sent * 1000) / loadMs,
  };
}
