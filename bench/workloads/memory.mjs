// P6: what an idle peer costs in memory, and whether all of it comes back.
import { table } from "../lib/figures.mjs";
import { ask, sleep, start, stop } from "../lib/processes.mjs";
import { sortie } from "./systems.mjs";

const file = (path) => new URL(`../${path}`, import.meta.url);

/** ms. Peers that say nothing, but for a PING now and then. */
const QUIET = { idleTimeoutMs: 120_000, keepAliveMs: 30_000 };
/** Peers that come and go before the first look: code is compiled (and stays), pools are filled. */
const WARM_UP_PEERS = 2000;
/** ms. How long peers that left may still be remembered. */
const FORGET_MS = 30_000;

export async function memoryOfPeers(options) {
  const peers = options.isQuick ? 2000 : 10_000;
  const [{ system, server }] = sortie(options, "unreliable", { echo: false, tickRate: 60, maxPeers: peers + 1000 });
  const config = { ...server, options: { ...QUIET, maxHalfOpen: 1024 } };
  const side = await start(file(`systems/${system}-server.mjs`), [JSON.stringify(config)], ["--expose-gc"]);
  const target = { ...side.first, system };
  await comeAndGo(WARM_UP_PEERS);
  const before = await settled(side.child, 0);
  const load = await come(peers);
  const during = await settled(side.child, peers);
  await leave(load);
  const after = await settled(side.child, 0);
  await stop(side.child);

  const row = (name, memory) => ({ name, ...memory, bytes: memory.heapBytes + memory.externalBytes });
  const rows = [row("before", before), row(`with ${peers} idle peers`, during), row("after all have left", after)];
  const perPeerBytes = (rows[1].bytes - rows[0].bytes) / during.peers;
  const leftShare = (rows[2].bytes - rows[0].bytes) / rows[0].bytes;
  const megabytes = (bytes) => (bytes / 1e6).toFixed(1);
  const lines = [
    `## P6: memory of ${peers} idle peers`,
    "",
    "Heap and external memory after forced collections, and what the system says the process holds.",
    "",
    ...table(
      [
        ["", (one) => one.name],
        ["peers", (one) => one.peers],
        ["heap, MB", (one) => megabytes(one.heapBytes)],
        ["external, MB", (one) => megabytes(one.externalBytes)],
        ["resident, MB", (one) => megabytes(one.rssBytes)],
      ],
      rows,
    ),
    "",
    `Per idle peer: ${(perPeerBytes / 1024).toFixed(1)} KiB. After all have left: ${(100 * leftShare).toFixed(1)} % more than before.`,
    "",
  ];
  return { lines, data: { perPeerBytes, leftShare, rows } };

  async function come(connections) {
    const load = { loop: "idle", connections, sockets: 16, protocolOptions: QUIET, target };
    return (await start(file("load/main.mjs"), [JSON.stringify(load)])).child;
  }
  async function comeAndGo(connections) {
    await leave(await come(connections));
  }
}

async function leave(load) {
  await ask(load, "close");
  await stop(load);
}

/** Figures once the server has so many peers and no connection besides; collected more than once. */
async function settled(child, peers) {
  const deadlineMs = performance.now() + FORGET_MS;
  for (;;) {
    await ask(child, "collect");
    await sleep(500);
    const figures = await ask(child, "collect");
    if (figures.peers === peers && figures.halfOpen === 0) return figures;
    if (performance.now() > deadlineMs) throw new Error(`expected ${peers} peers, got ${figures.peers}`);
  }
}
