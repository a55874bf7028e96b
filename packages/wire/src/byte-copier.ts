import { LastView } from "./last-view.js";

/** bytes. Up to this a loop over bytes is the quickest copy (25 ns); above it `set` of a whole array is. */
const LOOP_COPY_BYTES = 24;
/**
 * bytes. Up to this a loop over words (31 to 34 ns for 64 bytes, 40 to 45 for 83) is quicker than `set` of a subarray
 * (70 ns).
 */
const WORD_COPY_BYTES = 128;
/** bytes of one turn of that loop: four words, whose bounds V8 then checks in 60 % of the time. */
const TURN_BYTES = 16;

/**
 * Copies a few bytes between arrays in the quickest way for their number, by measurement; short ones without the object
 * that `set` of a part needs. Keeps the arrays used last alive.
 */
export class ByteCopier {
  private readonly source = new LastView();
  private readonly target = new LastView();

  /** Copies `source[from, to)` to `target` at `at`. Both ranges must lie inside of their arrays. */
  copy(source: Uint8Array, from: number, to: number, target: Uint8Array, at: number): void {
    const length = to - from;
    if (length <= LOOP_COPY_BYTES) {
      for (let i = 0; i < length; i++) target[at + i] = source[from + i] as number;
    } else if (from === 0 && to === source.length) {
      target.set(source, at);
    } else if (length <= WORD_COPY_BYTES) {
      this.copyWords(source, from, to, target, at);
    } else {
      target.set(source.subarray(from, to), at);
    }
  }

  private copyWords(source: Uint8Array, from: number, to: number, target: Uint8Array, at: number): void {
    const [read, write] = [this.source.of(source), this.target.of(target)];
    const toTarget = at - from;
    let next = from;
    for (; next + TURN_BYTES <= to; next += TURN_BYTES) {
      const there = next + toTarget;
      write.setInt32(there, read.getInt32(next, true), true);
      write.setInt32(there + 4, read.getInt32(next + 4, true), true);
      write.setInt32(there + 8, read.getInt32(next + 8, true), true);
      write.setInt32(there + 12, read.getInt32(next + 12, true), true);
    }
    for (; next + 4 <= to; next += 4) write.setInt32(next + toTarget, read.getInt32(next, true), true);
    for (; next < to; next += 1) target[next + toTarget] = source[next] as number;
  }
}
