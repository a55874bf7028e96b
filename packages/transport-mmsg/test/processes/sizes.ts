// Sends itself datagrams of the sizes given, and prints what came of them: in a namespace whose links have a small MTU.
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { SocketAddress } from "@sortie/transport";
import { createMmsgTransport } from "../../src/index.js";

/** ms. Loopback delivers within the system call: far more than is needed for one turn of the loop. */
const ARRIVAL_MS = 50;

const [local = "", target = "", ...sizes] = process.argv.slice(2);
const arrived: number[] = [];
const transport = createMmsgTransport({ host: local, segmentation: false });
const { port } = await transport.open({
  onDatagram: (payload) => void arrived.push(payload.length),
  onBatchEnd: () => undefined,
  onError: () => undefined,
  onWritable: () => undefined,
});
const batch = transport.acquireBatch()!;
for (const size of sizes) {
  batch.reserve();
  batch.commit(Number(size), SocketAddress.parse(target, port));
}
transport.send(batch);
await sleep(ARRIVAL_MS);
const { sendErrors, tooLarge } = transport.statistics;
console.log(JSON.stringify({ arrived, sendErrors, tooLarge, fragments: fragmentsMade() }));
await transport.close();

/** Fragments that this namespace made of datagrams, over IPv4 and IPv6. */
function fragmentsMade(): number {
  const [names = "", values = ""] = readFileSync("/proc/net/snmp", "utf8").split("\n");
  const index = names.split(" ").indexOf("FragCreates");
  const ofIpv6 = /^Ip6FragCreates\s+(\d+)$/m.exec(readFileSync("/proc/net/snmp6", "utf8"))?.[1];
  return Number(values.split(" ")[index]) + Number(ofIpv6);
}
