// One round: a server process and a load process, started afresh, warmed up, and measured between two marks.
import { ask, sleep, start, stop } from "./processes.mjs";

/** ms. For a server to follow clients to their new addresses. */
const MOVE_PAUSE_MS = 1000;

const file = (path) => new URL(`../${path}`, import.meta.url);

/**
 * Runs one system under one load and returns its figures.
 * @param system name of a system: `systems/<name>-server.mjs` and `systems/<name>-connections.mjs`
 * @param server what the server does; see the servers
 * @param load what the load does; see load/main.mjs
 * @param attack what a second load process does meanwhile, unmeasured
 * @param profile whether to profile the server, which costs it time; the figures then have "profiles"
 * @param moves how often the clients take other addresses before the measuring
 * @param loadSystem the connections to use, where they are not the server's own
 */
export async function runRound(round) {
  const {
    system,
    loadSystem = system,
    server,
    load,
    attack,
    profile = false,
    moves = 0,
    warmupMs,
    measureMs,
    execArgv = [],
  } = round;
  const serverSide = await start(file(`systems/${system}-server.mjs`), [JSON.stringify(server)], execArgv);
  const target = { publicKeyPath: server.keys?.publicKeyPath, ...serverSide.first, system: loadSystem };
  const loadSide = await start(file("load/main.mjs"), [JSON.stringify({ ...load, target })]);
  serverSide.child.send("go");
  const others = [];
  if (attack !== undefined) {
    const config = { ...attack, target: { ...target, system: attack.system } };
    others.push((await start(file("load/main.mjs"), [JSON.stringify(config)])).child);
  }
  await sleep(warmupMs);
  for (let move = 0; move < moves; move++) {
    await ask(loadSide.child, "move");
    await sleep(MOVE_PAUSE_MS);
  }
  const serverBefore = await ask(serverSide.child, "figures");
  const loadBefore = await ask(loadSide.child, "reset");
  if (profile) serverSide.child.send("profile");
  await sleep(measureMs);
  const loadAfter = await ask(loadSide.child, "figures");
  const serverAfter = await ask(serverSide.child, "figures");
  const profiles = profile ? await ask(serverSide.child, "profiled") : undefined;
  await stop(...others, loadSide.child, serverSide.child);
  return { ...figures(serverBefore, serverAfter, loadBefore, loadAfter), profiles };
}

function figures(serverBefore, serverAfter, loadBefore, loadAfter) {
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

/** Rounds of several cases, interleaved (A B A B): what the machine does meanwhile meets all of them. */
export async function interleave(cases, rounds, run) {
  const runs = cases.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, one] of cases.entries()) runs[i].push(await run(one));
  }
  return runs;
}
