import { equalConstantTime } from "./constant-time.js";
import type { CryptoProvider } from "./crypto-provider.js";
import { MAX_RETRIES } from "./handshake-failure.js";

/**
 * Cookies kept, the empty one of the first hello among them. A client that repeats its hello every 250 ms takes no more
 * in a second: an answer that is on its way for so long still finds its hello.
 */
const REMEMBERED_HELLOS: number = 4 * MAX_RETRIES;

/**
 * The cookies that RETRYs bring to a client. Who sees the hello can forge RETRYs, and nothing tells true ones from
 * them: so those whose hellos were sent are remembered, and beyond as many as are taken at once each RETRY has the same
 * chance to be taken next, however early others came.
 */
export class RetryCookies {
  readonly #crypto: Pick<CryptoProvider, "randomBytes">;
  /** Newest first. */
  readonly #cookies: Uint8Array[] = [new Uint8Array(0)];
  #taken = 0;
  /** RETRYs that came when no more were taken, and the cookie of one of them. */
  #passedOver = 0;
  #spare: Uint8Array | undefined = undefined;

  constructor(crypto: Pick<CryptoProvider, "randomBytes">) {
    this.#crypto = crypto;
  }

  /** What the hello has at present; empty before the first RETRY. */
  get newest(): Uint8Array {
    return this.#cookies[0] as Uint8Array;
  }

  /** What hellos had and have, newest first. Not to be changed. */
  get all(): readonly Uint8Array[] {
    return this.#cookies;
  }

  /**
   * A RETRY came. "taken": its cookie, copied, is the newest from now on. Throws what the generator throws, when
   * MAX_RETRIES were taken before.
   */
  offer(cookie: Uint8Array): "taken" | "duplicate-retry" | "too-many-retries" {
    if (equalConstantTime(cookie, this.newest)) return "duplicate-retry";
    if (this.#taken >= MAX_RETRIES) {
      this.#passedOver += 1;
      // One of n replaces the others in 1 of n cases: each is as likely to be the one in the end.
      if (this.#randomBelow(this.#passedOver) === 0) this.#spare = new Uint8Array(cookie);
      return "too-many-retries";
    }
    // Not slice(): that of a Node Buffer, as transports of others may deliver, shares its memory.
    this.#take(new Uint8Array(cookie));
    return "taken";
  }

  /**
   * Time has passed: cookies are taken again, first of all one of those that were passed over. True when there was one:
   * it is the newest now.
   */
  renew(): boolean {
    const spare = this.#spare;
    this.#taken = 0;
    this.#passedOver = 0;
    this.#spare = undefined;
    if (spare === undefined) return false;
    this.#take(spare);
    return true;
  }

  #take(cookie: Uint8Array): void {
    const cookies = this.#cookies;
    const known = cookies.findIndex((other) => equalConstantTime(other, cookie));
    if (known >= 0) cookies.splice(known, 1);
    else if (cookies.length >= REMEMBERED_HELLOS) cookies.pop();
    cookies.unshift(cookie);
    this.#taken += 1;
  }

  #randomBelow(count: number): number {
    const bytes = this.#crypto.randomBytes(4);
    return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) % count;
  }
}
