/** The key of a worker's identity, and when it is to be told. */
export class ShownIdentity {
  readonly #tell: (publicKey: Uint8Array) => void;
  #publicKey: Uint8Array;
  #isOpen = false;

  /** @param tell hears of another key than that which `opened` gave, or than the one before */
  constructor(publicKey: Uint8Array, tell: (publicKey: Uint8Array) => void) {
    this.#publicKey = publicKey;
    this.#tell = tell;
  }

  /** The port is open: the key of now, which is told with that. */
  opened(): Uint8Array {
    this.#isOpen = true;
    return this.#publicKey;
  }

  /** The server shows an identity with this key from now on: a new one, or that of a renewed certificate. */
  show(publicKey: Uint8Array): void {
    const isOther = Buffer.compare(publicKey, this.#publicKey) !== 0;
    this.#publicKey = publicKey;
    if (isOther && this.#isOpen) this.#tell(publicKey);
  }
}
