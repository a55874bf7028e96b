// Peers of an echo server, spread over 16 sockets with batched calls, so that the load is cheaper than what it loads.
import { SocketAddress } from "@sortie/transport";
import { createMmsgTransport } from "@sortie/transport-mmsg";

const SOCKETS = 16;
/** ms. After that a datagram counts as lost, and its peer sends another. */
const LOST_AFTER_MS = 500;
const [port, peers, bytes, rate] = process.argv.slice(2).map(Number);
const server = SocketAddress.parse("127.0.0.1", port);
const payload = new Uint8Array(bytes).fill(7);
const transports = [];
let received = 0;
let lost = 0;

function send(transport, count) {
  for (let left = count; left > 0;) {
    const batch = transport.acquireBatch();
    if (batch === undefined) return;
    for (; left > 0 && batch.reserve() >= 0; left--) {
      batch.buffer.set(payload, batch.reserve());
      batch.commit(bytes, server);
    }
    transport.send(batch);
  }
}

for (let i = 0; i < SOCKETS; i++) {
  const transport = createMmsgTransport({ host: "127.0.0.1", segmentation: false });
  let heard = 0;
  await transport.open({
    onDatagram() {
      heard++;
    },
    onBatchEnd() {
      received += heard;
      if (rate === 0) send(transport, heard);
      heard = 0;
    },
    onError(error) {
      throw error;
    },
    onWritable() {},
  });
  transports.push(transport);
}
process.send("ready");

let next = 0;
const sendNext = () => send(transports[next++ % SOCKETS], 1);
if (rate === 0) {
  for (const transport of transports) send(transport, peers / SOCKETS);
  let seen = 0;
  setInterval(() => {
    if (received === seen) {
      lost += peers;
      for (const transport of transports) send(transport, peers / SOCKETS);
    }
    seen = received;
  }, LOST_AFTER_MS);
} else {
  let due = 0;
  const startMs = performance.now();
  setInterval(() => {
    for (const until = ((performance.now() - startMs) / 1000) * rate; due < until; due++) sendNext();
  }, 1);
}
process.on("message", () => {
  process.send({ lost }, () => process.exit());
});
