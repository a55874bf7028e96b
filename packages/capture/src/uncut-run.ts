import {
  HandshakeType,
  isLegalProtectedFlags,
  MAX_DATAGRAM_BYTES,
  MIN_PROTECTED_BYTES,
  PACKET_HEADER_BYTES,
  peekHandshakeType,
  readConnectionId,
} from "@sortie/wire";

/**
 * Sizes that are looked at. A run of one size looks like one of every multiple as well, of which up to 1452 bytes there
 * are 55; only a forger has more.
 */
const MAX_SIZES = 64;

/** A datagram out of a run that the sender's kernel had not yet cut when it was captured. */
export interface RunPlace {
  /** From 1. */
  readonly number: number;
  /** Datagrams of the run. */
  readonly count: number;
}

/** One datagram of what was captured. */
export interface DatagramPiece {
  /** What was captured of it: a view. */
  readonly payload: Uint8Array;
  /** bytes that it has on the link. */
  readonly originalBytes: number;
  /** Undefined for a datagram that stands alone. */
  readonly run: RunPlace | undefined;
}

/** What is known of the packets at hand. */
export interface PacketJudge {
  /** Whether a connection has this ID. */
  isKnown(connectionId: number): boolean;
  /** Whether a key is known that may open packets with this ID. */
  hasKeys(connectionId: number): boolean;
  /** Whether the bytes are a packet for certain: a handshake packet that decodes, or one that a key opens. */
  isPacket(datagram: Uint8Array): boolean;
}

/**
 * The datagrams of a payload: one, as nearly always, or those of a run. A sender gives its kernel datagrams of one size
 * to one address in one piece (UDP_SEGMENT), the last may be smaller, and nothing in a capture made there tells the
 * size: it is the one at whose multiples packets begin. What the capture has cut off as a whole is left out.
 */
export function cutRun(payload: Uint8Array, originalBytes: number, judge: PacketJudge): readonly DatagramPiece[] {
  const size = sizeOf(payload, originalBytes, judge);
  if (size === undefined) return [{ payload, originalBytes, run: undefined }];
  const count = Math.ceil(originalBytes / size);
  const pieces: DatagramPiece[] = [];
  for (let at = 0; at < payload.length; at += size) {
    pieces.push({
      payload: payload.subarray(at, at + size),
      originalBytes: Math.min(size, originalBytes - at),
      run: { number: pieces.length + 1, count },
    });
  }
  return pieces;
}

/** bytes of the run's datagrams; undefined for what is no run. */
function sizeOf(payload: Uint8Array, originalBytes: number, judge: PacketJudge): number | undefined {
  const isTooLarge = originalBytes > MAX_DATAGRAM_BYTES;
  const isHandshake = isHandshakePacket(payload);
  if (!isHandshake && !isProtected(payload)) return undefined;
  const firstId = isHandshake ? undefined : readConnectionId(payload);
  const sizes = sizesThat(payload, originalBytes, (packet) => {
    if (!isProtected(packet)) return isHandshakePacket(packet);
    const id = readConnectionId(packet);
    return id === firstId || judge.isKnown(id);
  });
  if (sizes.length > 0) {
    // What opens as it is, is no run, whatever it holds.
    if (!isTooLarge && payload.length === originalBytes && judge.isPacket(payload)) return undefined;
    const certain = sizes.find((size) => judge.isPacket(payload.subarray(0, size)));
    // Without keys: 38 bits of a packet in the place of another's are the same by no chance. Damaged hellos are shown
    // as they are.
    return certain ?? (isTooLarge || !isHandshake ? sizes[0] : undefined);
  }
  if (!isTooLarge || firstId === undefined || !judge.hasKeys(firstId)) return undefined;
  // Packets of several connections, not all of them known: flags say little alone, but a key says all.
  const others = sizesThat(payload, originalBytes, (packet) => isProtected(packet) || isHandshakePacket(packet));
  return others.find((size) => judge.isPacket(payload.subarray(0, size)));
}

/** Sizes at whose multiples packets begin, as far as was captured, the smallest first. */
function sizesThat(payload: Uint8Array, originalBytes: number, isStart: (packet: Uint8Array) => boolean): number[] {
  const sizes: number[] = [];
  // One more packet at least begins in what was captured.
  const largest = Math.min(MAX_DATAGRAM_BYTES, payload.length - PACKET_HEADER_BYTES);
  for (let size = MIN_PROTECTED_BYTES; size <= largest && sizes.length < MAX_SIZES; size++) {
    const lastBytes = originalBytes % size || size;
    if (lastBytes >= MIN_PROTECTED_BYTES && isCutBy(payload, size, isStart)) sizes.push(size);
  }
  return sizes;
}

function isCutBy(payload: Uint8Array, size: number, isStart: (packet: Uint8Array) => boolean): boolean {
  for (let at = size; at + PACKET_HEADER_BYTES <= payload.length; at += size) {
    // Most sizes end here, before a view is made.
    if (!mayBegin(payload[at] as number) || !isStart(payload.subarray(at, at + size))) return false;
  }
  return true;
}

function mayBegin(firstByte: number): boolean {
  const isHandshake = firstByte >= HandshakeType.ClientHello && firstByte <= HandshakeType.Reject;
  return isHandshake || isLegalProtectedFlags(firstByte);
}

function isProtected(packet: Uint8Array): boolean {
  return packet.length >= PACKET_HEADER_BYTES && isLegalProtectedFlags(packet[0] as number);
}

function isHandshakePacket(packet: Uint8Array): boolean {
  return packet.length >= PACKET_HEADER_BYTES && typeof peekHandshakeType(packet) === "number";
}
