import { hex } from "./target.js";

/** Frames of every type, legal and nearly so: for dictionaries of targets that take frames. */
export const FRAME_WORDS: readonly Uint8Array[] = [
  "00 00 00",
  "01",
  // ACK
  "02 00 00 00",
  "02 05 00 01 0f",
  "02 40 ff 40 40 80",
  // CONNECT, ACCEPT, CLOSE
  "03 02 6162",
  "04 000102030405060708090a0b0c0d0e0f 101112131415161718191a1b1c1d1e1f",
  "05 00 00",
  "05 09 02 6162",
  // PATH_CHALLENGE, PATH_RESPONSE
  "06 0102030405060708",
  "07 0102030405060708",
  // CREDIT
  "08 00 bfffffff bfffffff",
  "08 03 4040 c01fffffffffffff",
  // messages of the five deliveries, with length
  "11 00 01 61",
  "13 00 01 61",
  "15 00 0000 01 61",
  "17 00 0000 01 61",
  "19 00 0000 01 61",
  // and without
  "10 00 61",
  "12 00 61",
  "14 00 0000 61",
  "16 00 0000 61",
  "18 00 0000 61",
  // pieces: of 128 bytes the first and the second half, by delivery
  ...["21", "23", "25", "27", "29"].flatMap((type) => [
    `${type} 00 0000 4080 00 4040 ${"41".repeat(64)}`,
    `${type} 00 0000 4080 4040 4040 ${"42".repeat(64)}`,
  ]),
].map(hex);

/** Each word alone, the first ones together: inputs to start from. */
export function frameSeeds(): Uint8Array[] {
  return [...FRAME_WORDS, hex("01 02 05 00 01 0f 11 00 01 61 18 00 0000 62")];
}
