import type { Random } from "./random.js";
import type { FuzzTarget } from "./target.js";

/** Values at the edges of the number formats in use: bytes, message IDs, varint lengths, packet numbers. */
const INTERESTING: readonly number[] = [
  ...[0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 31, 32, 36, 63, 64, 65, 100, 127, 128, 129, 255, 256, 257, 512, 900, 1000],
  ...[1023, 1024, 1025, 1180, 1200, 1427, 1452, 4096, 16_383, 16_384, 31_744, 32_767, 32_768, 65_535, 65_536],
  ...[2 ** 24, 2 ** 30 - 1, 2 ** 30, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 40, 2 ** 48 - 1, 2 ** 53 - 1],
];
/** Changes to one input, at the most. */
const MAX_CHANGES = 6;
const SMALL_STEP = 16;
const MAX_INSERTED = 32;

interface Workshop {
  readonly random: Random;
  readonly target: FuzzTarget;
  /** Another input of the corpus. */
  readonly other: Uint8Array;
}

type Mutator = (input: Uint8Array, workshop: Workshop) => Uint8Array;

const flipBit: Mutator = (input, { random }) => changeByte(input, random, (byte) => byte ^ (1 << random.below(8)));
const setByte: Mutator = (input, { random }) => changeByte(input, random, () => random.below(256));
const stepByte: Mutator = (input, { random }) =>
  changeByte(input, random, (byte) => byte + random.below(2 * SMALL_STEP + 1) - SMALL_STEP);

const writeNumber: Mutator = (input, { random }) => {
  const number = numberBytes(random.pick(INTERESTING), random);
  const at = random.below(input.length + 1);
  return replace(input, at, random.below(2) === 0 ? at : at + number.length, number);
};

const writeWord: Mutator = (input, { random, target }) => {
  const word = random.pick(target.dictionary ?? []) ?? numberBytes(random.pick(INTERESTING), random);
  const at = random.below(input.length + 1);
  return replace(input, at, random.below(2) === 0 ? at : at + word.length, word);
};

const insertBytes: Mutator = (input, { random }) => {
  const added = new Uint8Array(1 + random.below(MAX_INSERTED));
  const fill = random.below(3);
  for (let i = 0; i < added.length; i++) added[i] = fill === 0 ? 0 : fill === 1 ? 0xff : random.below(256);
  const at = random.below(input.length + 1);
  return replace(input, at, at, added);
};

const removeRange: Mutator = (input, { random }) => {
  const [from, to] = range(input, random);
  return replace(input, from, to, new Uint8Array(0));
};

const truncate: Mutator = (input, { random }) => input.slice(0, random.below(input.length + 1));

const duplicateRange: Mutator = (input, { random }) => {
  const [from, to] = range(input, random);
  return replace(input, to, to, input.slice(from, to));
};

const copyRange: Mutator = (input, { random }) => {
  const [from, to] = range(input, random);
  const at = random.below(input.length + 1);
  return replace(input, at, random.below(2) === 0 ? at : at + to - from, input.slice(from, to));
};

const splice: Mutator = (input, { random, other }) => {
  const tail = other.slice(random.below(other.length + 1));
  return replace(input, random.below(input.length + 1), input.length, tail);
};

const graft: Mutator = (input, { random, other }) => {
  const [from, to] = range(other, random);
  const at = random.below(input.length + 1);
  return replace(input, at, random.below(2) === 0 ? at : at + to - from, other.slice(from, to));
};

const MUTATORS: readonly Mutator[] = [
  ...[flipBit, flipBit, setByte, setByte, stepByte, stepByte, writeNumber, writeNumber, writeWord, writeWord],
  ...[insertBytes, removeRange, removeRange, truncate, duplicateRange, copyRange, splice, graft],
];

/** A new input made of one of the corpus: a few changes in a row. */
export function mutate(input: Uint8Array, workshop: Workshop): Uint8Array {
  const { random, target } = workshop;
  let output: Uint8Array = input.slice();
  // One change is the likeliest; each more is half as likely.
  let changes = 1;
  while (changes < MAX_CHANGES && random.below(2) === 0) changes += 1;
  for (let i = 0; i < changes; i++) output = random.pick(MUTATORS)(output, workshop);
  return output.length > target.maxBytes ? output.slice(0, target.maxBytes) : output;
}

function changeByte(input: Uint8Array, random: Random, change: (byte: number) => number): Uint8Array {
  if (input.length === 0) return Uint8Array.of(random.below(256));
  const at = random.below(input.length);
  input[at] = change(input[at] as number);
  return input;
}

/** The number in 1, 2, 4 or 8 bytes or as a varint, as one of these can hold it. */
function numberBytes(value: number, random: Random): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(value));
  const shortest = value < 0x100 ? 1 : value < 0x1_0000 ? 2 : value < 2 ** 32 ? 4 : 8;
  if (random.below(2) === 0) return bytes.slice(8 - shortest);
  const length = value < 0x40 ? 1 : value < 0x4000 ? 2 : value < 2 ** 30 ? 4 : 8;
  const varint = bytes.slice(8 - length);
  varint[0] = (varint[0] as number) | (Math.log2(length) << 6);
  return varint;
}

/** Short ranges are the likeliest. */
function range(bytes: Uint8Array, random: Random): [number, number] {
  const from = random.below(bytes.length + 1);
  const longest = random.below(4) === 0 ? bytes.length - from : Math.min(MAX_INSERTED, bytes.length - from);
  return [from, from + random.below(longest + 1)];
}

function replace(input: Uint8Array, from: number, to: number, middle: Uint8Array): Uint8Array {
  const tail = input.subarray(Math.min(to, input.length));
  const output = new Uint8Array(from + middle.length + tail.length);
  output.set(input.subarray(0, from));
  output.set(middle, from);
  output.set(tail, from + middle.length);
  return output;
}
