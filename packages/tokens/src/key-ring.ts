import { importKeySet } from "./key-set.js";
import { SkippedKeysError } from "./skipped-keys-error.js";
import type { ImportedKey, TokenKeySet } from "./token-keys.js";

/** ms. Tokens wait no longer for keys to be loaded: half of the time that a server gives a handshake. */
const LOAD_TIMEOUT_MS = 5000;

/** Ages of a key set, in the time for which nobody asked for another one, after which tokens wait for that. */
const AGES_UNASKED = 2;

export interface KeyRingOptions {
  /** Undefined for keys that are only ever given. */
  readonly load: (() => Promise<TokenKeySet>) | undefined;
  /** ms between two calls of `load` that tokens cause, at least. */
  readonly reloadMs: number;
  /** ms. A token that finds a set older than this causes a call of `load`. `reloadMs` or more. */
  readonly maxAgeMs: number;
  /** Monotonic. */
  readonly nowMs: () => number;
  /** Never throws, or a token would get no verdict. */
  readonly onError: (error: unknown) => void;
  /** Hears of keys of a set in use that are none for tokens; again when these are others. Never throws. */
  readonly onSkipped: (error: SkippedKeysError) => void;
}

/** Public keys by ID, and how they are renewed. */
export class KeyRing {
  readonly #load: (() => Promise<TokenKeySet>) | undefined;
  readonly #reloadMs: number;
  readonly #maxAgeMs: number;
  readonly #nowMs: () => number;
  readonly #onError: (error: unknown) => void;
  readonly #onSkipped: (error: SkippedKeysError) => void;
  #keys: ReadonlyMap<string, ImportedKey> = new Map();
  /** The load that is under way, or has not been given up. Never rejects. */
  #loading: Promise<void> | undefined;
  /** The load that `reload` asked for and that has not begun. */
  #next: Promise<void> | undefined;
  /** Place of what that will bring: keys that are given after the last call of `reload` are newer. */
  #nextPlace = 0;
  /** Tokens with a key of the old set wait for the load that is under way. */
  #isAwaited = false;
  /** When a set was asked for last, whether or not it came. */
  #askedAtMs = -Infinity;
  /** When the set in use was asked for, or given. */
  #ofMs = -Infinity;
  /** Key sets that were given or asked for so far; a set's place among them tells which of two is newer. */
  #sets = 0;
  /** Place of the set that is in use. */
  #inUse = 0;
  /** Digest of the keys passed over that were told of: a set that stays as it is, is loaded every few minutes. */
  #skippedTold = "";

  constructor(options: KeyRingOptions) {
    this.#load = options.load;
    this.#reloadMs = options.reloadMs;
    this.#maxAgeMs = options.maxAgeMs;
    this.#nowMs = options.nowMs;
    this.#onError = options.onError;
    this.#onSkipped = options.onSkipped;
  }

  /**
   * Replaces all keys, those too that are being loaded or were to be: they are older. Rejects with TypeError for a set
   * that is none, and keeps the old ones.
   */
  async set(keySet: TokenKeySet): Promise<void> {
    // Those that nobody loads do not grow old.
    await this.#put(keySet, ++this.#sets, this.#load === undefined ? 0 : this.#nowMs());
  }

  /**
   * The key of this ID. Asks for new keys where it is not there or the set is too old, but not more often than
   * `reloadMs`. Keys that are there are good meanwhile: a backend that is slow or down must keep nobody out. Only where
   * nobody has asked for long, as at the first token after a quiet night, they wait as well.
   */
  async find(id: string): Promise<ImportedKey | undefined> {
    const load = this.#load;
    if (load === undefined) return this.#keys.get(id);
    const isKnown = this.#keys.has(id);
    const nowMs = this.#nowMs();
    const isUnasked = nowMs - Math.max(this.#askedAtMs, this.#ofMs) >= AGES_UNASKED * this.#maxAgeMs;
    if (!isKnown || nowMs - this.#ofMs >= this.#maxAgeMs) this.#renew(load, nowMs, isUnasked);
    if (!isKnown || isUnasked || this.#isAwaited) await (this.#loading ?? this.#next?.catch(() => undefined));
    return this.#keys.get(id);
  }

  /**
   * Loads now, however young the set is; what is being loaded already may be older than what its caller knows of, and
   * is waited for first. Rejects with why there are no new keys, and keeps the old ones; with TypeError where they were
   * given.
   */
  reload(): Promise<void> {
    const load = this.#load;
    if (load === undefined) {
      return Promise.reject(new TypeError('"keys" expected a function that gets a key set, to be called again'));
    }
    this.#nextPlace = ++this.#sets;
    return (this.#next ??= this.#loadNext(load));
  }

  async #loadNext(load: () => Promise<TokenKeySet>): Promise<void> {
    // Until the turn is over at least: others who ask in it get the same keys.
    await this.#loading;
    while (this.#loading !== undefined) await this.#loading;
    this.#next = undefined;
    await this.#start(load, this.#nowMs(), this.#nextPlace);
  }

  /**
   * @param place among the sets, taken when it was given or asked for
   * @param ofMs when that was
   */
  async #put(keySet: TokenKeySet, place: number, ofMs: number): Promise<void> {
    const { keys, skipped, skippedDigest } = await importKeySet(keySet);
    // A newer set came meanwhile: what it has left out is trusted no more.
    if (place < this.#inUse) return;
    this.#inUse = place;
    this.#ofMs = ofMs;
    this.#keys = keys;
    if (skippedDigest !== "" && skippedDigest !== this.#skippedTold) this.#onSkipped(new SkippedKeysError(skipped));
    this.#skippedTold = skippedDigest;
  }

  /** One at a time, whoever asks: tokens with made-up key IDs must not become requests to the backend. */
  #renew(load: () => Promise<TokenKeySet>, nowMs: number, isAwaited: boolean): void {
    if (this.#loading !== undefined || this.#next !== undefined || nowMs - this.#askedAtMs < this.#reloadMs) return;
    this.#start(load, nowMs, ++this.#sets).catch(this.#onError);
    this.#isAwaited = isAwaited;
  }

  /** Rejects with why there are no new keys. */
  #start(load: () => Promise<TokenKeySet>, nowMs: number, place: number): Promise<void> {
    this.#askedAtMs = nowMs;
    const loaded = this.#loadInTime(load, nowMs, place);
    const onEnd = (): void => {
      this.#loading = undefined;
      this.#isAwaited = false;
    };
    this.#loading = loaded.then(onEnd, onEnd);
    return loaded;
  }

  /** Rejects when the keys are not there in time; what comes later is used all the same, unless there is newer. */
  #loadInTime(load: () => Promise<TokenKeySet>, nowMs: number, place: number): Promise<void> {
    const loaded = Promise.resolve()
      .then(load)
      .then((keySet) => this.#put(keySet, place, nowMs));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const why = `"keys" expected to settle within ${LOAD_TIMEOUT_MS} ms, got nothing by then`;
      timer = setTimeout(() => reject(new Error(why)), LOAD_TIMEOUT_MS);
    });
    return Promise.race([loaded, late]).finally(() => clearTimeout(timer));
  }
}
