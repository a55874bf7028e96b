import { SocketAddress } from "@sortie/transport";
import type { ForwardedSources } from "./forwarded-sources.js";

/**
 * bytes. Sequence number (4), port (2), length of what follows (1), address (16). Then comes the text of the zone or,
 * of an address without one, the local address that was asked, where the transport tells (16).
 */
const FIXED_BYTES = 23;
const LOCAL_BYTES = 16;
const PORT_AT = 4;
const REST_LENGTH_AT = 6;
/** In the byte of the length: it is a local address. A zone has at most 64 characters (`SocketAddress`). */
const LOCAL = 0x80;
const ADDRESS_AT = 7;

/** A datagram on its way between two workers. */
export interface ForwardedDatagram {
  /** Unsigned 32-bit: counts the datagrams of one sender to one receiver. */
  readonly sequence: number;
  /** Where it came from, with `arrivedAt`: the worker that has its peer is to answer from there. */
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
  const local = scope === "" ? from.arrivedAt : undefined;
  const restBytes = local === undefined ? scope.length : LOCAL_BYTES;
  const length = FIXED_BYTES + restBytes + datagram.length;
  if (length > room) return 0;
  out[at] = sequence >>> 24;
  out[at + 1] = sequence >>> 16;
  out[at + 2] = sequence >>> 8;
  out[at + 3] = sequence;
  out[at + PORT_AT] = from.port >>> 8;
  out[at + PORT_AT + 1] = from.port;
  out[at + REST_LENGTH_AT] = local === undefined ? scope.length : LOCAL;
  out.set(from.bytes, at + ADDRESS_AT);
  if (local !== undefined) out.set(local.bytes, at + FIXED_BYTES);
  // A zone is ASCII (SocketAddress sees to it).
  for (let i = 0; i < scope.length; i++) out[at + FIXED_BYTES + i] = scope.charCodeAt(i);
  out.set(datagram, at + FIXED_BYTES + restBytes);
  return length;
}

/** Reads what `writeForwarded` wrote; undefined for anything else. */
export function readForwarded(bytes: Uint8Array, sources: ForwardedSources): ForwardedDatagram | undefined {
  if (bytes.length < FIXED_BYTES) return undefined;
  const restLength = bytes[REST_LENGTH_AT] as number;
  const isLocal = restLength === LOCAL;
  const start = FIXED_BYTES + (isLocal ? LOCAL_BYTES : restLength);
  if (bytes.length < start) return undefined;
  const port = ((bytes[PORT_AT] as number) << 8) | (bytes[PORT_AT + 1] as number);
  const address = bytes.subarray(ADDRESS_AT, FIXED_BYTES);
  const rest = bytes.subarray(FIXED_BYTES, start);
  try {
    return {
      sequence: new DataView(bytes.buffer, bytes.byteOffset).getUint32(0),
      from:
        isLocal || restLength === 0
          ? sources.get(address, port, rest)
          : SocketAddress.fromBytes(address, port, String.fromCharCode(...rest)),
      datagram: bytes.subarray(start),
    };
  } catch {
    return undefined;
  }
}
