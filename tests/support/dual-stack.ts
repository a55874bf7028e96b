import type { DatagramBatch, DatagramReceiver, DatagramTransport, SocketAddress } from "@sortie/transport";
import { TransportCounters, type TransportStatistics } from "@sortie/transport";
import type { MemoryTransport } from "@sortie/transport-memory";

/** Two transports of a memory network, one for each family, as one: what a dual-stack socket is on a real host. */
export class DualStack implements DatagramTransport {
  readonly ipv4: MemoryTransport;
  readonly ipv6: MemoryTransport;
  private readonly names: ReadonlyMap<string, string[]>;

  constructor(ipv4: MemoryTransport, ipv6: MemoryTransport, names: ReadonlyMap<string, string[]> = new Map()) {
    this.ipv4 = ipv4;
    this.ipv6 = ipv6;
    this.names = names;
  }

  get localAddress(): SocketAddress | undefined {
    return this.ipv6.localAddress;
  }

  get statistics(): TransportStatistics {
    const sum = new TransportCounters();
    for (const name of Object.keys(sum) as (keyof TransportCounters)[]) {
      sum[name] = (this.ipv4.statistics[name] ?? 0) + (this.ipv6.statistics[name] ?? 0);
    }
    return sum;
  }

  async open(receiver: DatagramReceiver): Promise<SocketAddress> {
    await this.ipv4.open(receiver);
    return this.ipv6.open(receiver);
  }

  acquireBatch(): DatagramBatch | undefined {
    return this.ipv6.acquireBatch();
  }

  send(batch: DatagramBatch): void {
    for (let i = 0; i < batch.count; i++) {
      const to = batch.addresses[i] as SocketAddress;
      const through = to.family === 4 ? this.ipv4 : this.ipv6;
      const one = through.acquireBatch();
      if (one === undefined) throw new Error("no batch is free");
      const start = batch.offsets[i] as number;
      const length = batch.lengths[i] as number;
      one.buffer.set(batch.buffer.subarray(start, start + length), one.reserve());
      one.commit(length, to);
      through.send(one);
    }
    batch.release();
  }

  resolve(host: string): Promise<string[]> {
    return Promise.resolve(this.names.get(host) ?? [host]);
  }

  async rebind(): Promise<SocketAddress> {
    await this.ipv4.rebind();
    return this.ipv6.rebind();
  }

  async close(): Promise<void> {
    await this.ipv4.close();
    await this.ipv6.close();
  }
}
