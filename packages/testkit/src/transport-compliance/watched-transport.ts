import type {
  DatagramBatch,
  DatagramReceiver,
  DatagramTransport,
  SocketAddress,
  TransportStatistics,
} from "@sortie/transport";
import type { CallStack } from "./call-stack.js";
import type { RecordingReceiver } from "./recording-receiver.js";

/** The transport under test as a case sees it: notes when the quiet methods run, and since when it is closed. */
export class WatchedTransport implements DatagramTransport {
  declare readonly resolve?: (host: string) => Promise<string[]>;
  declare readonly rebind?: () => Promise<SocketAddress>;
  declare readonly holdReceive?: (holdMs: number) => void;
  declare readonly receiveNow?: () => boolean;
  declare readonly receiveSoon?: (limitMs: number, done: () => void) => boolean;
  readonly #inner: DatagramTransport;
  readonly #calls: CallStack;
  readonly #receivers: RecordingReceiver[] = [];

  constructor(inner: DatagramTransport, calls: CallStack) {
    this.#inner = inner;
    this.#calls = calls;
    // Only those that are there: what is missing must be seen to be.
    if (inner.resolve !== undefined) this.resolve = (host) => inner.resolve!(host);
    if (inner.rebind !== undefined) this.rebind = () => inner.rebind!();
    if (inner.holdReceive !== undefined) this.holdReceive = (holdMs) => inner.holdReceive!(holdMs);
    if (inner.receiveNow !== undefined) this.receiveNow = () => inner.receiveNow!();
    if (inner.receiveSoon !== undefined) this.receiveSoon = (limitMs, done) => inner.receiveSoon!(limitMs, done);
  }

  open(receiver: DatagramReceiver): Promise<SocketAddress> {
    this.#receivers.push(receiver as RecordingReceiver);
    return this.#calls.during("open", () => this.#inner.open(receiver));
  }

  get localAddress(): SocketAddress | undefined {
    return this.#inner.localAddress;
  }

  acquireBatch(): DatagramBatch | undefined {
    return this.#calls.during("acquireBatch", () => this.#inner.acquireBatch());
  }

  send(batch: DatagramBatch): void {
    this.#calls.during("send", () => this.#inner.send(batch));
  }

  async close(): Promise<void> {
    await this.#inner.close();
    for (const receiver of this.#receivers) receiver.isClosed = true;
  }

  get statistics(): TransportStatistics {
    return this.#inner.statistics;
  }
}
