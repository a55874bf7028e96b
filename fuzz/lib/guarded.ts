import { check, equalBytes, toHex } from "./target.js";

/** bytes of junk on both sides. */
const MARGIN = 64;
/** Longest input of a target whose bytes are looked at in place. */
const MAX_BYTES = 4096;

const withZeros = new Uint8Array(MAX_BYTES + 2 * MARGIN);
const withOnes = new Uint8Array(MAX_BYTES + 2 * MARGIN);

/**
 * Decodes the input twice, as a view in the middle of different junk, and checks that the junk makes no difference,
 * that nothing was written, and that what decodes encodes to the same bytes again.
 * @param decode the error, or what was decoded
 */
export function checkCodec<T>(
  input: Uint8Array,
  decode: (bytes: Uint8Array) => T | string,
  encode: (decoded: T) => Uint8Array,
): void {
  const zeros = decodeAmong(withZeros, 0x00, input, decode, encode);
  const ones = decodeAmong(withOnes, 0xff, input, decode, encode);
  check(zeros === ones, `bytes outside of the input count: ${zeros}, ${ones}`);
}

/** The error, or undefined when the input decoded and encoded to itself. */
function decodeAmong<T>(
  buffer: Uint8Array,
  junk: number,
  input: Uint8Array,
  decode: (bytes: Uint8Array) => T | string,
  encode: (decoded: T) => Uint8Array,
): string | undefined {
  const end = MARGIN + input.length;
  buffer.fill(junk, 0, MARGIN);
  buffer.fill(junk, end, end + MARGIN);
  buffer.set(input, MARGIN);
  const view = buffer.subarray(MARGIN, end);
  const decoded = decode(view);
  check(equalBytes(view, input), "the input was changed");
  check(junkIsWhole(buffer, junk, 0) && junkIsWhole(buffer, junk, end), "something was written outside of the input");
  if (typeof decoded === "string") return decoded;
  const again = encode(decoded);
  if (!equalBytes(again, input)) check(false, `encodes to ${toHex(again)}, came as ${toHex(input)}`);
  return undefined;
}

function junkIsWhole(buffer: Uint8Array, junk: number, from: number): boolean {
  for (let at = from; at < from + MARGIN; at++) if (buffer[at] !== junk) return false;
  return true;
}
