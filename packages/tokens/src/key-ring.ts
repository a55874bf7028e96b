import { importTokenKey, type ImportedKey, MAX_KEYS, type TokenKeySet } from "./token-keys.js";

/** Public keys by ID, and how they are renewed. */
export class KeyRing {
  readonly #load: (() => Promise<TokenKeySet>) | undefined;
  readonly #reloadMs: number;
  readonly #now: () => number;
  readonly #onError: (error: unknown) => void;
  #keys: ReadonlyMap<string, ImportedKey> = new Map();
  #loading: Promise<void> | undefined;
  #loadedAtMs = -Infinity;

  constructor(options: {
    readonly load: (() => Promise<TokenKeySet>) | undefined;
    readonly reloadMs: number;
    readonly now: () => number;
    readonly onError: (error: unknown) => void;
  }) {
    this.#load = options.load;
    this.#reloadMs = options.reloadMs;
    this.#now = options.now;
    this.#onError = options.onError;
  }

  /** Replaces all keys. Rejects with TypeError for a set that is none, and keeps the old ones. */
  async set(keySet: TokenKeySet): Promise<void> {
    const jwks = (keySet as { keys?: unknown } | null)?.keys;
    if (!Array.isArray(jwks) || jwks.length === 0 || jwks.length > MAX_KEYS) {
      throw new TypeError(`"keys" expected { keys: [...] } with 1..${MAX_KEYS} public keys`);
    }
    const imported = await Promise.all(jwks.map((jwk, i) => importTokenKey(`keys[${i}]`, jwk, "public")));
    this.#keys = new Map(imported.map((key) => [key.id, key]));
  }

  /** The key of this ID; asks for new keys where it is not there, but not more often than `reloadMs`. */
  async find(id: string): Promise<ImportedKey | undefined> {
    const known = this.#keys.get(id);
    if (known !== undefined || this.#load === undefined) return known;
    await this.#reload(this.#load);
    return this.#keys.get(id);
  }

  /** One at a time, whoever asks: tokens with made-up key IDs must not become requests to the backend. */
  #reload(load: () => Promise<TokenKeySet>): Promise<void> {
    if (this.#loading !== undefined) return this.#loading;
    if (this.#now() - this.#loadedAtMs < this.#reloadMs) return Promise.resolve();
    this.#loadedAtMs = this.#now();
    const loading = Promise.resolve()
      .then(load)
      .then((keySet) => this.set(keySet))
      .catch(this.#onError)
      .finally(() => {
        this.#loading = undefined;
      });
    this.#loading = loading;
    return loading;
  }
}
