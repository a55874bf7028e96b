// A process that starts a thread anew on the same port each time that it has ended in the way the first argument names.
import { readdirSync } from "node:fs";
import { parentPort, Worker, workerData } from "node:worker_threads";
import { type DatagramReceiver, type DatagramTransport, SocketAddress } from "@sortie/transport";
import { onPortAside } from "../../../../tests/support/port-aside.js";
import { createMmsgTransport } from "../../src/index.js";

interface Life {
  readonly end: string;
  /** 0 for the first one. */
  readonly port: number;
}

const LIVES = 4;
const CLIENTS = 3;
/** Turns of 20 ms. */
const STILL_TURNS = 10;
const MOST_TURNS = 500;

const receiver = (onBatchEnd = (): void => undefined): DatagramReceiver => ({
  onDatagram: () => undefined,
  onBatchEnd,
  onError: () => undefined,
  onWritable: () => undefined,
});

/** A server's socket that hears of each client's, of which one has moved and one has left. */
async function live({ end, port }: Life): Promise<void> {
  let heard = (): void => undefined;
  const hears = new Promise<void>((resolve) => (heard = resolve));
  const openOn = async (at: number): Promise<[DatagramTransport, SocketAddress]> => {
    const made = createMmsgTransport({ host: "127.0.0.1", port: at });
    return [made, await made.open(receiver(() => heard()))];
  };
  const [server, local] = await (port === 0 ? onPortAside(openOn) : openOn(port));
  const clients = Array.from({ length: CLIENTS }, () => createMmsgTransport({ host: "127.0.0.1" }));
  for (const client of clients) await client.open(receiver());
  await clients[0]!.rebind();
  for (const client of clients) {
    const batch = client.acquireBatch()!;
    batch.commit(10, SocketAddress.parse("127.0.0.1", local.port));
    client.send(batch);
  }
  await hears;
  parentPort!.postMessage(local.port);
  await clients[1]!.close();
  if (end === "process-exit") process.exit(3);
  if (end === "exception") throw new Error("as it was told");
  await Promise.all([server, ...clients].map((each) => each.close()));
}

/**
 * Open descriptors of this process, once none have come or gone for a while: a thread that ends takes a time, and more
 * of it on a machine with other work, where it is waited for until there are no more than `before`.
 */
async function descriptors(before: number): Promise<number> {
  let count = -1;
  for (let unchanged = 0, tries = 0; tries < MOST_TURNS; tries++) {
    const { length } = readdirSync("/proc/self/fd");
    unchanged = length === count ? unchanged + 1 : 0;
    count = length;
    if (unchanged >= STILL_TURNS && count <= before) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return count;
}

async function supervise(end: string): Promise<void> {
  let port = 0;
  const counts: number[] = [];
  const ports: unknown[] = [];
  for (let i = 0; i < LIVES; i++) {
    const worker = new Worker(new URL(import.meta.url), { workerData: { end, port } satisfies Life });
    worker.on("error", (error) => ports.push(error.message));
    worker.on("message", (taken: number) => ports.push((port = taken)));
    await new Promise((resolve) => worker.once("exit", resolve));
    counts.push(await descriptors(counts[0] ?? Infinity));
  }
  console.log(JSON.stringify({ counts, ports: ports.filter((each) => each !== "as it was told") }));
}

if (parentPort === null) await supervise(process.argv[2]!);
else await live(workerData as Life);
