import { PACKET_HEADER_BYTES, PACKET_OVERHEAD_BYTES } from "@sortie/wire";
import { expectBytes, expectObject } from "./argument-checks.js";
import type { OpenedPacket } from "./packet-flow.js";

/** First byte in place of 0x40 or 0x41; version 1 has no such packet, and receivers drop it. */
const OPENED_FLAG = 0x7e;
/** "SRTD" */
const MAGIC = [0x53, 0x52, 0x54, 0x44];
const TWO_TO_32 = 2 ** 32;

/**
 * An opened packet as it is written to captures for the dissector: as long as it was on the wire, with magic (4),
 * generation (4) and full packet number (8) in front of the frames, for the tag behind them. Nobody sends it.
 * docs/DEBUGGING.md. TypeError for what is no bytes, or no opened packet.
 */
export function openedForm(datagram: Uint8Array, opened: OpenedPacket): Uint8Array {
  expectBytes("datagram", datagram);
  expectObject("opened", opened);
  expectBytes("plaintext", opened.plaintext);
  const { packetNumber, generation, plaintext } = opened;
  const bytes = new Uint8Array(PACKET_OVERHEAD_BYTES + plaintext.length);
  const view = new DataView(bytes.buffer);
  bytes.set(datagram.subarray(0, PACKET_HEADER_BYTES));
  bytes[0] = OPENED_FLAG | ((datagram[0] as number) & 1);
  bytes.set(MAGIC, PACKET_HEADER_BYTES);
  view.setUint32(PACKET_HEADER_BYTES + 4, generation);
  view.setUint32(PACKET_HEADER_BYTES + 8, Math.floor(packetNumber / TWO_TO_32));
  view.setUint32(PACKET_HEADER_BYTES + 12, packetNumber % TWO_TO_32);
  bytes.set(plaintext, PACKET_OVERHEAD_BYTES);
  return bytes;
}
