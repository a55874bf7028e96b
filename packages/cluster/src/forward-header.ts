import { SocketAddress } from "@sortie/transport";

/** bytes. Sequence number (4), port (2), length of the zone (1), address (16); the zone's text follows. */
const FIXED_BYTES = 23;
const PORT_AT = 4;
const SCOPE_LENGTH_AT = 6;
const ADDRESS_AT = 7;

/** A datagram on its way between two workers. */
export interface ForwardedDatagram {
  /** Unsigned 32-bit: counts the datagrams of one sender to one receiver. */
  readonly sequence: number;
  /** Where it came from. */
  readonly from: SocketAddress;
  /** A view of it. */
  readonly datagram: Uint8Array;
}

/**
 * Writes a datagram with its source into `out` at `at`, `room` bytes at the most, and returns the length; 0 when there
 * is not enough room, which only a source with a long IPv6 zone and a full datagram can bring about.
 */
export function writeForwarded(
  out: Uint8Array,
  at: number,
  room: number,
  { sequence, from, datagram }: ForwardedDatagram,
): number {
  const { scope } = from;
  const length = FIXED_BYTES + scope.length + datagram.length;
  if (length > room) return 0;
  out[at] = sequence >>> 24;
  out[at + 1] = sequence >>> 16;
  out[at + 2] = sequence >>> 8;
  out[at + 3] = sequence;
  out[at + PORT_AT] = from.port >>> 8;
  out[at + PORT_AT + 1] = from.port;
  out[at + SCOPE_LENGTH_AT] = scope.length;
  out.set(from.bytes, at + ADDRESS_AT);
  // A zone is ASCII (SocketAddress sees to it).
  for (let i = 0; i < scope.length; i++) out[at + FIXED_BYTES + i] = scope.charCodeAt(i);
  out.set(datagram, at + FIXED_BYTES + scope.length);
  return length;
}

/** Reads what `writeForwarded` wrote; undefined for anything else. */
export function readForwarded(bytes: Uint8Array): ForwardedDatagram | undefined {
  if (bytes.length < FIXED_BYTES) return undefined;
  const start = FIXED_BYTES + (bytes[SCOPE_LENGTH_AT] as number);
  if (bytes.length < start) return undefined;
  const port = ((bytes[PORT_AT] as number) << 8) | (bytes[PORT_AT + 1] as number);
  const scope = String.fromCharCode(...bytes.subarray(FIXED_BYTES, start));
  try {
    return {
      sequence: new DataView(bytes.buffer, bytes.byteOffset).getUint32(0),
      from: SocketAddress.fromBytes(bytes.subarray(ADDRESS_AT, FIXED_BYTES), port, scope),
      datagram: bytes.subarray(start),
    };
  } catch {
    return undefined;
  }
}
