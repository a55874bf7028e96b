import { truncatePacketNumber } from "./packet-number.js";

/** First byte of a protected packet; bit 0 is the key phase, the other bits are fixed. */
const PROTECTED_FLAG = 0x40;
const KEY_PHASE_BIT = 0x01;

/** What the first byte says of a datagram, before anything else is looked at. */
export type DatagramKind = "handshake" | "protected" | "unknown";

export function datagramKind(firstByte: number): DatagramKind {
  if (firstByte < 0x40) return "handshake";
  return firstByte < 0x80 ? "protected" : "unknown";
}

/** Whether the flags byte is one that a sender of this version can have written. */
export function isLegalProtectedFlags(firstByte: number): boolean {
  return (firstByte & ~KEY_PHASE_BIT) === PROTECTED_FLAG;
}

/** Key phase (0 or 1) of a protected packet's first byte. */
export function keyPhaseOf(firstByte: number): 0 | 1 {
  return (firstByte & KEY_PHASE_BIT) as 0 | 1;
}

/** Destination connection ID of a protected packet of at least 9 bytes that starts at `offset`. */
export function readConnectionId(bytes: Uint8Array, offset: number = 0): number {
  return readU32(bytes, offset + 1);
}

/** Low 32 bits of the packet number of a protected packet of at least 9 bytes that starts at `offset`. */
export function readTruncatedPacketNumber(bytes: Uint8Array, offset: number = 0): number {
  return readU32(bytes, offset + 5);
}

/** Writes the 9 header bytes at `offset`; they are the AEAD's associated data. */
export function writePacketHeader(
  bytes: Uint8Array,
  offset: number,
  keyPhase: 0 | 1,
  connectionId: number,
  packetNumber: number,
): void {
  bytes[offset] = PROTECTED_FLAG | keyPhase;
  writeU32(bytes, offset + 1, connectionId);
  writeU32(bytes, offset + 5, truncatePacketNumber(packetNumber));
}

function readU32(b: Uint8Array, at: number): number {
  const high = ((b[at] as number) << 24) | ((b[at + 1] as number) << 16);
  return (high | ((b[at + 2] as number) << 8) | (b[at + 3] as number)) >>> 0;
}

function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
