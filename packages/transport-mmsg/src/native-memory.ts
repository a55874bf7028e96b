import type { Koffi } from "./koffi.js";

/** The part of koffi that owns memory. */
type Allocator = Pick<Koffi, "alloc" | "free" | "address" | "view">;

/**
 * Memory for the kernel to write to: of the C heap, because the collector knows nothing of addresses that the kernel
 * holds. It is freed when the last view of it is gone, so that whoever kept one too long reads old bytes, not freed
 * ones.
 */
export class NativeMemory {
  readonly buffer: ArrayBuffer;
  /** Where it starts; exact as a number (below 2^53). */
  readonly address: number;

  /** `bytes` of zeros. Throws Error where the address does not fit a number. */
  constructor(koffi: Allocator, bytes: number) {
    const pointer = koffi.alloc("uint8_t", bytes);
    this.address = Number(koffi.address(pointer));
    if (!Number.isSafeInteger(this.address)) {
      koffi.free(pointer);
      throw new Error(`"address" expected less than 2^53, got ${this.address}`);
    }
    this.buffer = koffi.view(pointer, bytes);
    registry.register(this.buffer, { koffi, pointer });
  }

  /** A view of 32-bit words; `byteOffset` is a multiple of 4. */
  words(byteOffset: number, count: number): Uint32Array {
    return new Uint32Array(this.buffer, byteOffset, count);
  }
}

// Views hold their buffer, so it outlives them all.
const registry = new FinalizationRegistry<{ readonly koffi: Allocator; readonly pointer: bigint }>(
  ({ koffi, pointer }) => koffi.free(pointer),
);

/** Writes a number below 2^53 as 8 bytes in little-endian order to two words. */
export function writePointer(words: Uint32Array, at: number, value: number): void {
  words[at] = value >>> 0;
  words[at + 1] = Math.floor(value / 2 ** 32);
}
