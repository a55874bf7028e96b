import type { Logger } from "@sortie/connection";
import type { SidecarLink } from "./sidecar-link.js";

/** ms between two updates: a crowd at the door is one update. */
const UPDATE_INTERVAL_MS = 250;
/** ms until an update that failed is made again. */
const RETRY_MS = 2000;

/**
 * Keeps something of Agones as it is here: one update at a time, the next only when something has changed since. One
 * that fails is logged, and made again.
 */
export class Synchroniser {
  readonly #name: string;
  readonly #link: SidecarLink;
  readonly #logger: Logger;
  readonly #update: () => Promise<void>;
  #isDirty = false;
  #isBusy = false;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(name: string, link: SidecarLink, logger: Logger, update: () => Promise<void>) {
    this.#name = name;
    this.#link = link;
    this.#logger = logger;
    this.#update = update;
  }

  /** Something has changed. */
  touch(): void {
    this.#isDirty = true;
    this.#schedule(UPDATE_INTERVAL_MS);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #schedule(inMs: number): void {
    // Without the sidecar nothing can be told: `touch` comes again when it is there.
    if (this.#isClosed || this.#isBusy || this.#timer !== undefined || !this.#link.isConnected) return;
    this.#timer = setTimeout(() => void this.#run(), inMs);
    this.#timer.unref();
  }

  async #run(): Promise<void> {
    this.#timer = undefined;
    this.#isBusy = true;
    this.#isDirty = false;
    let nextInMs = UPDATE_INTERVAL_MS;
    try {
      await this.#update();
    } catch (error) {
      this.#isDirty = true;
      nextInMs = RETRY_MS;
      if (!this.#isClosed) this.#logger.warn({ err: error }, `Agones did not take ${this.#name}; it is tried again`);
    }
    this.#isBusy = false;
    if (this.#isDirty) this.#schedule(nextInMs);
  }
}
