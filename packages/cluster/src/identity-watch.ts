/**
 * ms that workers may differ: each loads a new key in its own time, and `reloadIdentityOnSignal` reads for up to 10 s.
 * Clients that pin one of both keys are turned away by some of the workers meanwhile.
 */
const IDENTITY_PATIENCE_MS = 10_000;

/** The key that a worker shows at present. */
export interface ShownKey {
  readonly worker: number;
  /** undefined for a worker that has none to show: it is not there, or not yet open. */
  readonly publicKey: Uint8Array | undefined;
}

/** Workers whose key is another one than that of the first worker that has one. */
export function othersThanFirst(keys: readonly ShownKey[]): number[] {
  const first = keys.find(({ publicKey }) => publicKey !== undefined)?.publicKey;
  if (first === undefined) return [];
  const others = keys.filter(({ publicKey }) => publicKey !== undefined && Buffer.compare(publicKey, first) !== 0);
  return others.map(({ worker }) => worker);
}

/** As a line of the log. */
export function whoDiffers(workers: readonly number[]): string {
  const who = workers.length === 1 ? `worker ${workers[0]} has` : `workers ${workers.join(", ")} have`;
  const seconds = IDENTITY_PATIENCE_MS / 1000;
  return `${who} had another identity than the others for ${seconds} s: load one key file in all workers`;
}

/** Tells when workers have had different identities for `IDENTITY_PATIENCE_MS`: once, until they agree again. */
export class IdentityWatch {
  readonly #keys: () => readonly ShownKey[];
  readonly #onDiffer: (workers: readonly number[]) => void;
  #timer: NodeJS.Timeout | undefined;
  #isTold = false;

  /**
   * @param keys of all workers, of now
   * @param onDiffer hears which workers have another key than the first one
   */
  constructor(keys: () => readonly ShownKey[], onDiffer: (workers: readonly number[]) => void) {
    this.#keys = keys;
    this.#onDiffer = onDiffer;
  }

  /** Whenever a worker shows a key, another one, or none any more. */
  look(): void {
    if (othersThanFirst(this.#keys()).length === 0) {
      this.stop();
      this.#isTold = false;
    } else if (!this.#isTold) this.#timer ??= setTimeout(() => this.#tell(), IDENTITY_PATIENCE_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #tell(): void {
    this.#timer = undefined;
    this.#isTold = true;
    this.#onDiffer(othersThanFirst(this.#keys()));
  }
}
