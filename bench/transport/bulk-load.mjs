// Receives, and acknowledges every 64 datagrams with one byte.
import { createMmsgTransport } from "@sortie/transport-mmsg";

const transport = createMmsgTransport({ host: "127.0.0.1", receiveBufferBytes: 8 << 20 });
let datagrams = 0;
let unacknowledged = 0;
let peer;
const address = await transport.open({
  onDatagram(_payload, from) {
    datagrams++;
    unacknowledged++;
    peer = from;
  },
  onBatchEnd() {
    for (; unacknowledged >= 64; unacknowledged -= 64) {
      const batch = transport.acquireBatch();
      batch.commit(1, peer);
      transport.send(batch);
    }
  },
  onError: (error) => console.error(error),
  onWritable() {},
});
process.send(String(address.port));
process.on("message", (request) => {
  if (request === "end") process.exit();
  const { user, system } = process.cpuUsage();
  process.send({ cpuUs: user + system, atMs: performance.now(), datagrams });
});
