import { type Connection, prefetch, PREFETCH_BLOCK } from "@sortie/connection";
import { readConnectionId } from "@sortie/wire";
import type { ConnectionTable } from "./connection-table.js";
import type { EntryQueue } from "./entry-queue.js";
import type { TickInbox } from "./tick-inbox.js";

/** Fewer stay in the processor's caches from tick to tick, or nearly: there it would cost and gain nothing. */
const MIN_CONNECTIONS = 256;

/** Fewer are not worth a look: a processor has about as many reads under way at once. */
const MIN_BLOCK = 8;

/**
 * Has the processor fetch the state of connections some tens at a time, before packets of theirs are opened or built.
 * With hundreds of peers the state of each, some 15 KB, has been driven out of the caches since its last turn, and most
 * of a packet's time was spent waiting for it, a line of memory after the other.
 */
export class Prefetcher {
  private readonly table: Pick<ConnectionTable, "size" | "find">;
  private readonly read: typeof prefetch;
  private readonly block: (Connection | undefined)[] = new Array<undefined>(PREFETCH_BLOCK).fill(undefined);
  /** Entries at the head of the queue that were looked at. */
  private ahead = 0;
  /** Kept, so that the reading is of use. */
  private sum = 0;

  constructor(table: Pick<ConnectionTable, "size" | "find">, read: typeof prefetch = prefetch) {
    this.table = table;
    this.read = read;
  }

  /** To be told before datagram `index` of the inbox is opened. */
  beforeOpening(inbox: TickInbox, index: number): void {
    if (index % PREFETCH_BLOCK !== 0 || this.table.size < MIN_CONNECTIONS) return;
    const count = Math.min(inbox.count - index, PREFETCH_BLOCK);
    if (count < MIN_BLOCK) return;
    let found = 0;
    for (let i = 0; i < count; i++) {
      const entry = this.table.find(readConnectionId(inbox.datagram(index + i)));
      if (entry !== undefined) this.block[found++] = entry.connection;
    }
    this.fetch(found, true);
  }

  /** To be told before packets are built for the entry at the head of the queue. */
  beforeBuilding(queue: EntryQueue): void {
    if (this.ahead > 0) return;
    const count = Math.min(queue.size, PREFETCH_BLOCK);
    this.ahead = count;
    if (count < MIN_BLOCK || this.table.size < MIN_CONNECTIONS) return;
    for (let i = 0; i < count; i++) this.block[i] = queue.at(i).connection;
    this.fetch(count, false);
  }

  /** The entry at the head of the queue was taken. */
  onBuilt(): void {
    this.ahead -= 1;
  }

  private fetch(count: number, receives: boolean): void {
    this.sum = (this.sum + this.read(this.block, count, receives)) | 0;
    // Let go, so that a resting server keeps no connection alive.
    for (let i = 0; i < count; i++) this.block[i] = undefined;
  }
}
