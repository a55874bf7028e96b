// Sends itself datagrams of the sizes given, and prints what came of them: in a namespace whose links have a small MTU.
import { readFileSync } from "node:fs";
import { SocketAddress } from "@sortie/transport";
import { createMmsgTransport } from "../../src/index.js";

/** bytes. Loopback keeps the order: when this one has come, so have those before it. */
const LAST_BYTES = 1;

const [local = "", target = "", ...sizes] = process.argv.slice(2);
const arrived: number[] = [];
let onLast = (): void => {};
const lastCame = new Promise<void>((resolve) => (onLast = resolve));
const transport = createMmsgTransport({ host: local, segmentation: false });
const { port } = await transport.open({
  onDatagram: ({ length }) => (length === LAST_BYTES ? onLast() : void arrived.push(length)),
  onBatchEnd: () => undefined,
  onError: () => undefined,
  onWritable: () => undefined,
});
const batch = transport.acquireBatch()!;
for (const size of [...sizes, LAST_BYTES]) {
  batch.reserve();
  batch.commit(Number(size), SocketAddress.parse(target, port));
}
transport.send(batch);
await lastCame;
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
