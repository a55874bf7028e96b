// Sends full batches to one receiver, four of them ahead of its acknowledgements.
import { SocketAddress } from "@sortie/transport";
import { createMmsgTransport } from "@sortie/transport-mmsg";

const AHEAD = 4;
const [port, bytes, segmentation] = process.argv.slice(2);
const to = SocketAddress.parse("127.0.0.1", Number(port));
const size = Number(bytes);
const transport = createMmsgTransport({ host: "127.0.0.1", segmentation: segmentation === "true" });
let acknowledged = 0;
let seen = 0;

function sendBatch() {
  const batch = transport.acquireBatch();
  while (batch.reserve() >= 0) batch.commit(size, to);
  transport.send(batch);
}

await transport.open({
  onDatagram: () => acknowledged++,
  onBatchEnd() {
    for (; seen < acknowledged; seen++) sendBatch();
  },
  onError: (error) => console.error(error),
  onWritable() {},
});
process.send("ready");
for (let i = 0; i < AHEAD; i++) sendBatch();
process.on("message", (request) => {
  if (request === "end") process.exit();
  const { user, system } = process.cpuUsage();
  process.send({ cpuUs: user + system, atMs: performance.now(), datagrams: transport.statistics.datagramsSent });
});
