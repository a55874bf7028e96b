/** bytes. Views of up to this length are kept: those of a datagram (docs/PROTOCOL.md section 2) and a bit more. */
const KEPT_BYTES = 1500;

/**
 * Views of the first bytes of one buffer. Each length is made once and kept, so that a library that takes arrays and
 * no offsets costs no new view per packet.
 */
export class PrefixViews {
  readonly #bytes: Uint8Array;
  readonly #views: (Uint8Array | undefined)[] = new Array<undefined>(KEPT_BYTES + 1).fill(undefined);

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** `bytes[0, length)`. */
  first(length: number): Uint8Array {
    if (length > KEPT_BYTES) return this.#bytes.subarray(0, length);
    return (this.#views[length] ??= this.#bytes.subarray(0, length));
  }
}
