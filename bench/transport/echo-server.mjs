// Sends back every datagram, by the transport that the argument names; tells its CPU time when asked.
import { createSocket } from "node:dgram";
import { createDgramTransport } from "@sortie/transport-dgram";
import { createMmsgTransport } from "@sortie/transport-mmsg";

const [kind] = process.argv.slice(2);
let echoes = 0;
let batches = 0;

async function bare() {
  const socket = createSocket({ type: "udp4", lookup: (host, _options, done) => done(null, host, 4) });
  socket.on("message", (message, { address, port }) => {
    echoes++;
    batches++;
    socket.send(message, port, address);
  });
  await new Promise((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return socket.address().port;
}

async function over(transport) {
  let batch;
  const flush = () => {
    if (batch !== undefined) transport.send(batch);
    batch = undefined;
  };
  const address = await transport.open({
    onDatagram(payload, from) {
      batch ??= transport.acquireBatch();
      if (batch === undefined) return;
      const at = batch.reserve();
      batch.buffer.set(payload, at);
      batch.commit(payload.length, from);
      echoes++;
      if (batch.reserve() < 0) flush();
    },
    onBatchEnd() {
      batches++;
      flush();
    },
    onError(error) {
      throw error;
    },
    onWritable() {},
  });
  return address.port;
}

const make = {
  dgram: () => createDgramTransport({ host: "127.0.0.1" }),
  // Peers of the load share sockets, which players do not: no runs of datagrams for several of them.
  mmsg: () => createMmsgTransport({ host: "127.0.0.1", segmentation: false }),
  // Asks the kernel for the address that each datagram came to, and answers from there.
  "mmsg-all": () => createMmsgTransport({ host: "0.0.0.0", segmentation: false }),
};
process.send(await (kind === "bare" ? bare() : over(make[kind]())));
process.on("message", (request) => {
  if (request === "end") process.exit();
  const { user, system } = process.cpuUsage();
  process.send({ cpuUs: user + system, atMs: performance.now(), echoes, batches });
});
