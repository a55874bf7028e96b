import { ByteCopier } from "@sortie/wire";

/** bytes. Larger datagrams have no place. */
export const MAX_SHELVED_BYTES = 512;
/** Places of one block, a power of two: 32 KB. */
const BLOCK_PLACES = 64;
const BLOCK_BITS = 6;

/** What `take` never gives. */
export const NO_PLACE = -1;

/** Memory of some places, and the view that copies to it need. */
interface Block {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/**
 * Places for one datagram each, which connections take and give back. An array of its own would cost each connection
 * three objects beside the bytes, and each of its datagrams the reading of them. Blocks stay for later connections.
 */
export class DatagramShelf {
  private readonly blocks: Block[] = [];
  private readonly free: number[] = [];
  private readonly copier = new ByteCopier();

  /** A place, to be given back. What is in it is of no meaning. */
  take(): number {
    if (this.free.length === 0) this.grow();
    return this.free.pop() as number;
  }

  /** `place` must be one that was taken, and is not used afterwards. */
  give(place: number): void {
    this.free.push(place);
  }

  /** Copies `source[from, to)`, at most 512 bytes, into a place. */
  put(place: number, source: Uint8Array, from: number, to: number): void {
    const block = this.blocks[place >> BLOCK_BITS] as Block;
    this.copier.copy(source, from, to, block.bytes, startOf(place), block.view);
  }

  /** The first `count` bytes (0..512) in a place, as a view. */
  get(place: number, count: number): Uint8Array {
    const start = startOf(place);
    return (this.blocks[place >> BLOCK_BITS] as Block).bytes.subarray(start, start + count);
  }

  private grow(): void {
    const first = this.blocks.length * BLOCK_PLACES;
    const bytes = new Uint8Array(BLOCK_PLACES * MAX_SHELVED_BYTES);
    this.blocks.push({ bytes, view: new DataView(bytes.buffer) });
    for (let place = first + BLOCK_PLACES - 1; place >= first; place--) this.free.push(place);
  }
}

function startOf(place: number): number {
  return (place & (BLOCK_PLACES - 1)) * MAX_SHELVED_BYTES;
}
