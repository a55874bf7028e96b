import { LastView } from "./last-view.js";

/** bytes. Up to this a loop over bytes is the quickest copy (25 ns); above it `set` of a whole array is. */
const LOOP_COPY_BYTES = 24;
/**
 * bytes. Up to this a loop over words (10 ns for 64 bytes, 25 for 232) is as quick as `set` of a subarray (32 ns), and
 * needs no object: of 96 bytes, three times for each datagram that a game sends. A datagram with 256 bytes has so much.
 */
const WORD_COPY_BYTES = 320;
/** bytes of one turn of that loop: eight words, whose bounds V8 then checks in half of the time. */
const TURN_BYTES = 32;

/**
 * Copies a few bytes between arrays in the quickest way for their number, by measurement; short ones without the object
 * that `set` of a part needs. Keeps the arrays used last alive.
 */
export class ByteCopier {
  private readonly source = new LastView();
  private readonly target = new LastView();

  /**
   * Copies `source[from, to)` to `target` at `at`. Both ranges must lie inside of their arrays.
   * @param targetView of the whole target; made here unless it is given, again whenever the target is another
   */
  copy(source: Uint8Array, from: number, to: number, target: Uint8Array, at: number, targetView?: DataView): void {
    const length = to - from;
    if (length <= LOOP_COPY_BYTES) {
      for (let i = 0; i < length; i++) target[at + i] = source[from + i] as number;
    } else if (from === 0 && to === source.length) {
      target.set(source, at);
    } else if (length <= WORD_COPY_BYTES) {
      copyWords(this.source.of(source), from, to, targetView ?? this.target.of(target), at);
    } else {
      target.set(source.subarray(from, to), at);
    }
  }
}

function copyWords(read: DataView, from: number, to: number, write: DataView, at: number): void {
  const toTarget = at - from;
  let next = from;
  for (; next + TURN_BYTES <= to; next += TURN_BYTES) {
    const there = next + toTarget;
    write.setInt32(there, read.getInt32(next, true), true);
    write.setInt32(there + 4, read.getInt32(next + 4, true), true);
    write.setInt32(there + 8, read.getInt32(next + 8, true), true);
    write.setInt32(there + 12, read.getInt32(next + 12, true), true);
    write.setInt32(there + 16, read.getInt32(next + 16, true), true);
    write.setInt32(there + 20, read.getInt32(next + 20, true), true);
    write.setInt32(there + 24, read.getInt32(next + 24, true), true);
    write.setInt32(there + 28, read.getInt32(next + 28, true), true);
  }
  for (; next + 4 <= to; next += 4) write.setInt32(next + toTarget, read.getInt32(next, true), true);
  for (; next < to; next += 1) write.setInt8(next + toTarget, read.getInt8(next));
}
