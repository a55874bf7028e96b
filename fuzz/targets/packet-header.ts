import {
  datagramKind,
  isLegalProtectedFlags,
  keyPhaseOf,
  MAX_PACKET_NUMBER,
  PACKET_HEADER_BYTES,
  readConnectionId,
  readTruncatedPacketNumber,
  recoverPacketNumber,
  truncatePacketNumber,
  writePacketHeader,
} from "@sortie/wire";
import { check, equalBytes, type FuzzTarget, hex } from "../lib/target.js";

/** bytes. The highest number received so far, before the header: 0 stands for none yet. */
const LARGEST_BYTES = 6;
const HALF_SPAN = 2 ** 31;

/** Header of protected packets: read and written again; the recovered number is the nearest to the one expected. */
export const packetHeader: FuzzTarget = {
  name: "packet-header",
  maxBytes: 24,
  seeds: () => [hex("000000000000 40 01020304 00000000"), hex("000100000000 41 01020304 ffffffff")],
  run(input) {
    if (input.length < LARGEST_BYTES + PACKET_HEADER_BYTES) return;
    let largest = -1;
    for (let i = 0; i < LARGEST_BYTES; i++) largest = (i === 0 ? 0 : largest * 256) + (input[i] as number);
    largest -= 1;
    const header = input.subarray(LARGEST_BYTES, LARGEST_BYTES + PACKET_HEADER_BYTES);
    const flags = header[0] as number;
    if (isLegalProtectedFlags(flags)) check(datagramKind(flags) === "protected", "legal flags of another packet");
    const truncated = readTruncatedPacketNumber(header);
    check(truncated >= 0 && truncated < 2 ** 32, `the number is ${truncated}`);
    const packetNumber = recoverPacketNumber(largest, truncated);
    check(packetNumber >= 0 && Number.isSafeInteger(packetNumber), `recovered ${packetNumber}`);
    check(truncatePacketNumber(packetNumber) === truncated, "the recovered number has other low bits");
    const distance = packetNumber - (largest + 1);
    const isNearest = distance > -HALF_SPAN && distance <= HALF_SPAN;
    check(isNearest || packetNumber < 2 ** 32, `recovered ${packetNumber} after ${largest}`);
    if (!isLegalProtectedFlags(flags) || packetNumber > MAX_PACKET_NUMBER) return;
    const again = new Uint8Array(PACKET_HEADER_BYTES);
    writePacketHeader(again, 0, keyPhaseOf(flags), readConnectionId(header), packetNumber);
    check(equalBytes(again, header), "the header was written otherwise");
  },
};
