/** Stretches that are told apart: a date is seldom set, and few tokens a minute make one each. */
const MAX_STRETCHES = 64;

interface Stretch {
  from: number;
  to: number;
}

/**
 * Seconds of Unix time that are over for good, as stretches in ascending order. Beyond 64 the two that are nearest to
 * each other become one, with what lies between them: that is past, unless the date was set back to before it.
 */
export class ClosedSeconds {
  readonly #stretches: Stretch[] = [];

  has(second: number): boolean {
    return this.#stretches.some(({ from, to }) => from <= second && second <= to);
  }

  /** @param second whole seconds */
  add(second: number): void {
    const stretches = this.#stretches;
    let at = stretches.length;
    while (at > 0 && (stretches[at - 1] as Stretch).to >= second - 1) at -= 1;
    const next = stretches[at];
    if (next === undefined || next.from > second + 1) {
      stretches.splice(at, 0, { from: second, to: second });
      if (stretches.length > MAX_STRETCHES) this.#joinNearest();
      return;
    }
    next.from = Math.min(next.from, second);
    next.to = Math.max(next.to, second);
    const after = stretches[at + 1];
    if (after !== undefined && after.from <= next.to + 1) this.#join(at);
  }

  #joinNearest(): void {
    let nearest = 0;
    for (let at = 1; at + 1 < this.#stretches.length; at++) if (this.#gap(at) < this.#gap(nearest)) nearest = at;
    this.#join(nearest);
  }

  /** s between a stretch and the one behind it. */
  #gap(at: number): number {
    return (this.#stretches[at + 1] as Stretch).from - (this.#stretches[at] as Stretch).to;
  }

  /** Makes one of a stretch and the one behind it. */
  #join(at: number): void {
    const [after] = this.#stretches.splice(at + 1, 1);
    (this.#stretches[at] as Stretch).to = (after as Stretch).to;
  }
}
