// What attackers can make a server do: hellos from many addresses, fragments that are never finished, garbage.
import { ask, sleep, start, stop } from "../lib/processes.mjs";

const file = (name) => new URL(name, import.meta.url);

export async function hostile({ keys, seconds, locked }) {
  return locked(() => measure({ keys, seconds }));
}

async function measure({ keys, seconds }) {
  const server = await start(file("server.mjs"), [keys.privateKeyPath], ["--expose-gc"]);
  const { port } = server.first;
  const player = await start(file("player.mjs"), [String(port), keys.publicKeyPath]);
  const rows = [];
  rows.push(await phase("no attack", undefined));
  rows.push(await phase("hellos without cookie", "hellos"));
  rows.push(await phase("hellos with a cookie, never finished", "cookies"));
  rows.push(await phase("garbage", "garbage"));
  await stop(player.child, server.child);
  const fragments = await start(file("fragments.mjs"), [], ["--expose-gc"]);
  await stop(fragments.child);
  const held = fragments.first;

  async function phase(name, attack) {
    await sleep(500);
    const before = await ask(server.child, "figures");
    await ask(player.child, "reset");
    const attacker = attack && (await start(file("attacker.mjs"), [attack, String(port), keys.publicKeyPath]));
    await sleep(seconds * 1000);
    const outcome = attacker === undefined ? { sent: 0, bytes: 0 } : await ask(attacker.child, "stop");
    const { rttP50Ms, rttP99Ms, lost } = await ask(player.child, "figures");
    if (attacker !== undefined) await stop(attacker.child);
    await sleep(1000);
    const after = await ask(server.child, "figures");
    return {
      name,
      perSecond: outcome.sent / seconds,
      received: after.attackDatagrams - before.attackDatagrams,
      replyShare: outcome.bytes === 0 ? 0 : outcome.repliedBytes / outcome.bytes,
      handshakes: after.handshakes - before.handshakes,
      heapBytes: after.heapBytes - before.heapBytes,
      sent: outcome.sent,
      cpuShare: (after.cpuMs - before.cpuMs) / (after.atMs - before.atMs),
      rttP50Ms,
      rttP99Ms,
      lost,
    };
  }

  const lines = [
    "## Hostile load",
    "",
    `One player echoes 60 messages/s, bestEffort, at a server of 60 ticks/s; each attack lasts ${seconds} s, from 64 sockets on addresses of 127.0.0.0/8.`,
    `Reply share: bytes that the attackers' sockets got for each byte they sent. Heap: growth after the attack and a garbage collection, for each datagram of it.`,
    "",
    `| attack | datagrams/s | reply share | public-key handshakes | heap per datagram, bytes | server CPU, share of a core | player's round trip p50 / p99, ms | player's messages lost |`,
    "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ...rows.map(
      (row) =>
        `| ${row.name} | ${row.perSecond.toFixed(0)} | ${row.replyShare.toFixed(3)} | ${row.handshakes} | ` +
        `${row.sent === 0 ? "" : (row.heapBytes / row.sent).toFixed(1)} | ${row.cpuShare.toFixed(2)} | ` +
        `${row.rttP50Ms.toFixed(2)} / ${row.rttP99Ms.toFixed(2)} | ${row.lost} |`,
    ),
    "",
    `A peer with valid keys that sends the first pieces of messages and never the rest, at the default receive window of 4 MiB:`,
    "",
    `| delivery | pieces of | taken before the cap | then | charged at the cap, bytes | memory held, bytes | memory after the end, bytes |`,
    "| --- | --- | --- | --- | --- | --- | --- |",
    ...held.map(
      (one) =>
        `| ${one.delivery} | ${one.pieceBytes} bytes | ${one.pieces} | ${one.outcome} | ${one.chargedBytes} | ${one.memoryBytes} | ${one.afterBytes} |`,
    ),
    "",
  ];
  return { lines, data: { rows, held } };
}
