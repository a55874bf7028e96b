/**
 * Who has a key of 32 bytes, as eight words in the object itself: an array of them would be two objects more for each
 * packet of another peer to fetch. In fields that no log shows.
 */
export class KeyOwner {
  readonly #word0: number;
  readonly #word1: number;
  readonly #word2: number;
  readonly #word3: number;
  readonly #word4: number;
  readonly #word5: number;
  readonly #word6: number;
  readonly #word7: number;

  /** `key`: 32 bytes, copied. Throws RangeError for fewer. */
  constructor(key: Uint8Array) {
    const view = new DataView(key.buffer, key.byteOffset, key.length);
    this.#word0 = view.getInt32(0);
    this.#word1 = view.getInt32(4);
    this.#word2 = view.getInt32(8);
    this.#word3 = view.getInt32(12);
    this.#word4 = view.getInt32(16);
    this.#word5 = view.getInt32(20);
    this.#word6 = view.getInt32(24);
    this.#word7 = view.getInt32(28);
  }

  /** Writes the key to `at`. */
  writeKey(view: DataView, at: number): void {
    view.setInt32(at, this.#word0);
    view.setInt32(at + 4, this.#word1);
    view.setInt32(at + 8, this.#word2);
    view.setInt32(at + 12, this.#word3);
    view.setInt32(at + 16, this.#word4);
    view.setInt32(at + 20, this.#word5);
    view.setInt32(at + 24, this.#word6);
    view.setInt32(at + 28, this.#word7);
  }
}
