// A process or thread that ends in the way its argument names, while a datagram waits at its open socket.
import { parentPort, Worker, workerData } from "node:worker_threads";
import { SocketAddress } from "@sortie/transport";
import { createMmsgTransport } from "../../src/index.js";

type End = "loop-empty" | "process-exit" | "exception";

const inThread = parentPort !== null;
const [place, how] = inThread ? ["thread", workerData as End] : process.argv.slice(2);

async function endHere(end: End): Promise<void> {
  const transport = createMmsgTransport({ host: "127.0.0.1", unref: true });
  const address = await transport.open({
    onDatagram: () => undefined,
    onBatchEnd: () => undefined,
    onError: () => undefined,
    onWritable: () => undefined,
  });
  const batch = transport.acquireBatch()!;
  batch.commit(10, SocketAddress.parse("127.0.0.1", address.port));
  transport.send(batch);
  if (end === "process-exit") process.exit(0);
  if (end === "exception") throw new Error("as it was told");
}

if (inThread || place === "process") {
  await endHere(how as End);
} else {
  const worker = new Worker(new URL(import.meta.url), { workerData: how });
  worker.on("error", () => undefined);
  worker.on("exit", () => setTimeout(() => console.log("the others go on"), 20));
}
