/**
 * IDs of tokens that were used, each until it has expired: nothing has to be remembered for longer, since an expired
 * token is refused anyway. Forgets by the second, so that no use costs more for those that are there.
 */
export class ConsumedTokens {
  readonly #max: number;
  readonly #ids: Set<string> = new Set();
  /** IDs by the second at which they are forgotten. */
  readonly #bySecond: Map<number, string[]> = new Map();
  #forgottenUntil = 0;

  /** @param max IDs at once */
  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#ids.size;
  }

  /** @param expiresAt s of Unix time, at which the token is refused for its age */
  consume(id: string, expiresAt: number, nowSeconds: number): "ok" | "used-twice" | "table-full" {
    this.#forget(nowSeconds);
    if (this.#ids.has(id)) return "used-twice";
    if (this.#ids.size >= this.#max) return "table-full";
    this.#ids.add(id);
    const together = this.#bySecond.get(expiresAt);
    if (together === undefined) this.#bySecond.set(expiresAt, [id]);
    else together.push(id);
    return "ok";
  }

  #forget(nowSeconds: number): void {
    const wholeSecond = Math.floor(nowSeconds);
    if (wholeSecond <= this.#forgottenUntil) return;
    this.#forgottenUntil = wholeSecond;
    for (const [second, ids] of this.#bySecond) {
      if (second > wholeSecond) continue;
      for (const id of ids) this.#ids.delete(id);
      this.#bySecond.delete(second);
    }
  }
}
