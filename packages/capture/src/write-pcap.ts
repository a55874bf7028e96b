import type { SocketAddress } from "@sortie/transport";
import { expectAddress, expectBigint, expectBytes, expectObject } from "./argument-checks.js";
import { LinkType } from "./link-layer.js";

/** A datagram to be written to a capture file. */
export interface PcapDatagram {
  /** ns since 1970, 0..2^32 s; earlier ones are written as 0. */
  readonly timeNs: bigint;
  readonly source: SocketAddress;
  readonly destination: SocketAddress;
  /** At most 65,527 bytes. */
  readonly payload: Uint8Array;
  /** bytes of the payload on the link, `payload.length`..65,527: more where it was cut. Default: `payload.length`. */
  readonly originalBytes?: number | undefined;
}

const MAGIC_NANOSECONDS = 0xa1b23c4d;
const RECORD_HEADER_BYTES = 16;
const UDP_HEADER_BYTES = 8;
const UDP = 17;
/** bytes. More than any record has. */
const SNAP_BYTES = 262_144;
/** bytes. Largest payloads that UDP over IPv4 and over IPv6 can carry. */
const MAX_IPV4_PAYLOAD_BYTES = 65_507;
const MAX_PAYLOAD_BYTES = 65_527;
const HOP_LIMIT = 64;
const NS_PER_SECOND = 1_000_000_000n;

/** The header of a pcap file: big-endian, nanoseconds, raw IP. Records follow. */
export function pcapHeader(): Uint8Array {
  const view = new DataView(new ArrayBuffer(24));
  view.setUint32(0, MAGIC_NANOSECONDS);
  view.setUint16(4, 2);
  view.setUint16(6, 4);
  view.setUint32(16, SNAP_BYTES);
  view.setUint32(20, LinkType.Raw);
  return new Uint8Array(view.buffer);
}

/**
 * One record: IP and UDP headers are made anew, with right checksums (as if what was cut were zeros). What IPv4 cannot
 * carry, a payload of more than 65,507 bytes or two addresses of different families, stands in an IPv6 packet, IPv4
 * addresses in their mapped form: captures may hold such packets. RangeError for a payload that is too large, or larger
 * than `originalBytes`, TypeError for what is of the wrong kind.
 */
export function pcapRecord(datagram: PcapDatagram): Uint8Array {
  expectObject("datagram", datagram);
  expectBigint("timeNs", datagram.timeNs);
  expectAddress("source", datagram.source);
  expectAddress("destination", datagram.destination);
  expectBytes("payload", datagram.payload);
  const { timeNs, source, destination, payload, originalBytes = payload.length } = datagram;
  if (payload.length > MAX_PAYLOAD_BYTES) {
    throw new RangeError(`"payload" expected at most ${MAX_PAYLOAD_BYTES} bytes, got ${payload.length}`);
  }
  if (!(Number.isInteger(originalBytes) && originalBytes >= payload.length && originalBytes <= MAX_PAYLOAD_BYTES)) {
    const range = `${payload.length}..${MAX_PAYLOAD_BYTES}`;
    throw new RangeError(`"originalBytes" expected an integer in ${range}, got ${String(originalBytes)}`);
  }
  const isV4 = source.family === 4 && destination.family === 4 && originalBytes <= MAX_IPV4_PAYLOAD_BYTES;
  const ipBytes = isV4 ? 20 : 40;
  const packetBytes = ipBytes + UDP_HEADER_BYTES + payload.length;
  const record = new Uint8Array(RECORD_HEADER_BYTES + packetBytes);
  const view = new DataView(record.buffer);
  // pcapng has times before 1970, by an offset of the interface; pcap has none.
  const writtenNs = timeNs < 0n ? 0n : timeNs;
  view.setUint32(0, Number((writtenNs / NS_PER_SECOND) & 0xffff_ffffn));
  view.setUint32(4, Number(writtenNs % NS_PER_SECOND));
  view.setUint32(8, packetBytes);
  view.setUint32(12, ipBytes + UDP_HEADER_BYTES + originalBytes);
  const packet = record.subarray(RECORD_HEADER_BYTES);
  const udp = new DataView(record.buffer, RECORD_HEADER_BYTES + ipBytes);
  udp.setUint16(0, source.port);
  udp.setUint16(2, destination.port);
  udp.setUint16(4, UDP_HEADER_BYTES + originalBytes);
  packet.set(payload, ipBytes + UDP_HEADER_BYTES);
  if (isV4) writeIpv4(packet, UDP_HEADER_BYTES + originalBytes, source, destination);
  else writeIpv6(packet, UDP_HEADER_BYTES + originalBytes, source, destination);
  return record;
}

function writeIpv4(packet: Uint8Array, udpBytes: number, source: SocketAddress, destination: SocketAddress): void {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  packet[0] = 0x45;
  view.setUint16(2, 20 + udpBytes);
  packet[8] = HOP_LIMIT;
  packet[9] = UDP;
  packet.set(source.bytes.subarray(12), 12);
  packet.set(destination.bytes.subarray(12), 16);
  view.setUint16(10, ~sum(packet.subarray(0, 20)) & 0xffff);
  setChecksum(packet, 20, udpBytes, packet.subarray(12, 20));
}

function writeIpv6(packet: Uint8Array, udpBytes: number, source: SocketAddress, destination: SocketAddress): void {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  packet[0] = 0x60;
  view.setUint16(4, udpBytes);
  packet[6] = UDP;
  packet[7] = HOP_LIMIT;
  packet.set(source.bytes, 8);
  packet.set(destination.bytes, 24);
  setChecksum(packet, 40, udpBytes, packet.subarray(8, 40));
}

/** RFC 768: over addresses, protocol, length and datagram; 0 would mean that there is none. */
function setChecksum(packet: Uint8Array, udpAt: number, udpBytes: number, addresses: Uint8Array): void {
  const udp = packet.subarray(udpAt);
  const folded = sum(udp, sum(addresses) + UDP + udpBytes);
  const checksum = ~folded & 0xffff;
  packet.set([checksum === 0 ? 0xff : checksum >> 8, checksum === 0 ? 0xff : checksum & 0xff], udpAt + 6);
}

/** Ones' complement sum of 16-bit words (RFC 1071). */
function sum(bytes: Uint8Array, start: number = 0): number {
  let total = start;
  for (let i = 0; i < bytes.length; i += 2) total += ((bytes[i] as number) << 8) | (bytes[i + 1] ?? 0);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
}
