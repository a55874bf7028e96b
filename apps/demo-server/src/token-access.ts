import { ARENA_PROTOCOL } from "@sortie-apps/arena";
import { createTokenVerifier, type TokenVerifier } from "@sortie/tokens";
import type { Logger } from "sortie";
import { isUrl, tokenKeySource } from "./token-keys.js";

/** ms until a backend that could not be reached at the start is asked again. */
const RETRY_MS = 5_000;

/** Who is let in by tokens, and whether the keys for that are there. */
export class TokenAccess {
  readonly source: string;
  readonly verifier: TokenVerifier;
  readonly #logger: Logger;
  #isReady = false;

  /** Throws Error for a source that is none. */
  constructor(source: string, audience: string, logger: Logger) {
    this.source = source;
    this.#logger = logger;
    this.verifier = createTokenVerifier({
      keys: tokenKeySource(source),
      protocol: ARENA_PROTOCOL,
      audience,
      onError: (error) => logger.error({ source, err: error }, "the keys for tokens could not be loaded"),
    });
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
    if (isUrl(this.source)) void this.#loadUntilThere();
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
    const { source } = this;
    try {
      await this.reload();
      this.#logger.info({ source }, "the keys for tokens were loaded");
    } catch (error) {
      this.#logger.error({ source, err: error }, "no keys for tokens: nobody is let in until they are loaded");
      // A SIGHUP may have had more success meanwhile.
      setTimeout(() => this.#isReady || void this.#loadUntilThere(), RETRY_MS).unref();
    }
  }
}
