import { ARENA_PROTOCOL } from "@sortie-apps/arena";
import { createTokenVerifier, SkippedKeysError, type TokenVerifier } from "@sortie/tokens";
import type { Logger } from "sortie";
import { type TokenKeySource, tokenKeySource } from "./token-keys.js";

/** ms until a backend that could not be reached at the start is asked again. */
const RETRY_MS = 5_000;

/** Who is let in by tokens, and whether the keys for that are there. */
export class TokenAccess {
  readonly verifier: TokenVerifier;
  readonly #source: TokenKeySource;
  readonly #logger: Logger;
  readonly #ended: AbortSignal;
  #isReady = false;

  /**
   * Throws Error for a source that is none.
   * @param ended of the program's end: nothing is loaded any more
   */
  constructor(source: string, audience: string, { logger, ended }: { logger: Logger; ended: AbortSignal }) {
    this.#source = tokenKeySource(source, ended);
    this.#logger = logger;
    this.#ended = ended;
    this.verifier = createTokenVerifier({
      keys: this.#source.load,
      protocol: ARENA_PROTOCOL,
      audience,
      onError: (error) => {
        if (error instanceof SkippedKeysError) this.#warn(error);
        else this.#fail(error, "the keys for tokens could not be loaded");
      },
    });
  }

  /** For messages. */
  get source(): string {
    return this.#source.name;
  }

  /** The keys have been there once. Until then nobody would be let in, and nobody should be sent here. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /**
   * Loads the keys at the start, before the first player would find that they are wrong. Rejects with Error for a file
   * that does not serve: it will not do so by itself. A backend may start later than its servers: it is asked until it
   * answers, while the server runs.
   */
  async begin(): Promise<void> {
    if (this.#source.isUrl) void this.#loadUntilThere();
    else await this.reload();
  }

  /** Loads the keys again. Rejects with Error that names the source; the old ones stay then. */
  async reload(): Promise<void> {
    try {
      await this.verifier.reload();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(why.includes(this.source) ? why : `${this.source}: ${why}`, { cause: error });
    }
    this.#isReady = true;
  }

  async #loadUntilThere(): Promise<void> {
    try {
      await this.reload();
      this.#logger.info({ source: this.source }, "the keys for tokens were loaded");
    } catch (error) {
      if (this.#ended.aborted) return;
      this.#fail(error, "no keys for tokens: nobody is let in until they are loaded");
      // A SIGHUP may have had more success meanwhile.
      setTimeout(() => this.#isReady || void this.#loadUntilThere(), RETRY_MS).unref();
    }
  }

  /** The others are in use: nobody needs to be woken for it. */
  #warn({ message }: SkippedKeysError): void {
    if (!this.#ended.aborted) this.#logger.warn({ source: this.source }, message);
  }

  #fail(error: unknown, message: string): void {
    if (!this.#ended.aborted) this.#logger.error({ source: this.source, err: error }, message);
  }
}
