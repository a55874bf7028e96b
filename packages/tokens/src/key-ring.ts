import { describeKind } from "@sortie/connection";
import { checkNoPromise } from "./option-checks.js";
import { describeCount, importTokenKey, type ImportedKey, MAX_KEYS, type TokenKeySet } from "./token-keys.js";

/** ms. Tokens wait no longer for keys to be loaded: half of the time that a server gives a handshake. */
const LOAD_TIMEOUT_MS = 5000;
const KEY_SET: string = `{ keys: [...] } with 1..${MAX_KEYS} public keys`;

/** Public keys by ID, and how they are renewed. */
export class KeyRing {
  readonly #load: (() => Promise<TokenKeySet>) | undefined;
  readonly #reloadMs: number;
  readonly #nowMs: () => number;
  readonly #onError: (error: unknown) => void;
  #keys: ReadonlyMap<string, ImportedKey> = new Map();
  #loading: Promise<void> | undefined;
  #loadedAtMs = -Infinity;
  /** Key sets that were given or asked for so far; a set's place among them tells which of two is newer. */
  #sets = 0;
  /** Place of the set that is in use. */
  #inUse = 0;

  /** @param options `nowMs`: monotonic; `onError`: never throws, or a token would get no verdict */
  constructor(options: {
    readonly load: (() => Promise<TokenKeySet>) | undefined;
    readonly reloadMs: number;
    readonly nowMs: () => number;
    readonly onError: (error: unknown) => void;
  }) {
    this.#load = options.load;
    this.#reloadMs = options.reloadMs;
    this.#nowMs = options.nowMs;
    this.#onError = options.onError;
  }

  /**
   * Replaces all keys, those too that are still being loaded: they are older. Rejects with TypeError for a set that is
   * none, and keeps the old ones.
   */
  set(keySet: TokenKeySet): Promise<void> {
    return this.#put(keySet, ++this.#sets);
  }

  /** The key of this ID; asks for new keys where it is not there, but not more often than `reloadMs`. */
  async find(id: string): Promise<ImportedKey | undefined> {
    const known = this.#keys.get(id);
    if (known !== undefined || this.#load === undefined) return known;
    await this.#reload(this.#load);
    return this.#keys.get(id);
  }

  /** @param place among the sets, taken when it was given or asked for */
  async #put(keySet: TokenKeySet, place: number): Promise<void> {
    checkNoPromise("keys", keySet, KEY_SET);
    const jwks = (keySet as { keys?: unknown } | null)?.keys;
    if (!Array.isArray(jwks) || jwks.length === 0 || jwks.length > MAX_KEYS) {
      const kind = describeKind(keySet);
      const got = kind === "an object" ? `{ keys: ${describeCount(jwks)} }` : kind;
      throw new TypeError(`"keys" expected ${KEY_SET}, got ${got}`);
    }
    const imported = await Promise.all(jwks.map((jwk, i) => importTokenKey(`keys[${i}]`, jwk, "public")));
    // A newer set came meanwhile: what it has left out is trusted no more.
    if (place < this.#inUse) return;
    this.#inUse = place;
    this.#keys = new Map(imported.map((key) => [key.id, key]));
  }

  /** One at a time, whoever asks: tokens with made-up key IDs must not become requests to the backend. */
  #reload(load: () => Promise<TokenKeySet>): Promise<void> {
    if (this.#loading !== undefined) return this.#loading;
    const nowMs = this.#nowMs();
    if (nowMs - this.#loadedAtMs < this.#reloadMs) return Promise.resolve();
    this.#loadedAtMs = nowMs;
    const loading = this.#loadInTime(load)
      .catch(this.#onError)
      .finally(() => {
        this.#loading = undefined;
      });
    this.#loading = loading;
    return loading;
  }

  /** Rejects when the keys are not there in time; what comes later is used all the same, unless there is newer. */
  #loadInTime(load: () => Promise<TokenKeySet>): Promise<void> {
    const place = ++this.#sets;
    const loaded = Promise.resolve()
      .then(load)
      .then((keySet) => this.#put(keySet, place));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const why = `"keys" expected to settle within ${LOAD_TIMEOUT_MS} ms, got nothing by then`;
      timer = setTimeout(() => reject(new Error(why)), LOAD_TIMEOUT_MS);
    });
    return Promise.race([loaded, late]).finally(() => clearTimeout(timer));
  }
}
