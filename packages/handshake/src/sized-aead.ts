import { TAG_BYTES } from "@sortie/wire";
import type { Aead } from "./crypto-provider.js";

/** Two implementations of one suite under one key, which give the same bytes: one for small packets, one for large. */
export class SizedAead implements Aead {
  private readonly small: Aead;
  private readonly large: Aead;
  private readonly maxSmallBytes: number;

  /** @param maxSmallBytes the longest body that `small` gets */
  constructor(small: Aead, large: Aead, maxSmallBytes: number) {
    this.small = small;
    this.large = large;
    this.maxSmallBytes = maxSmallBytes;
  }

  seal(nonce: Uint8Array, bytes: Uint8Array, headerStart: number, bodyStart: number, bodyEnd: number): void {
    const aead = bodyEnd - bodyStart <= this.maxSmallBytes ? this.small : this.large;
    // Handed on: whoever calls it sees a promise, should it give one.
    return aead.seal(nonce, bytes, headerStart, bodyStart, bodyEnd);
  }

  open(
    nonce: Uint8Array,
    bytes: Uint8Array,
    headerStart: number,
    bodyStart: number,
    end: number,
    out: Uint8Array,
  ): number {
    const aead = end - bodyStart - TAG_BYTES <= this.maxSmallBytes ? this.small : this.large;
    return aead.open(nonce, bytes, headerStart, bodyStart, end, out);
  }
}
