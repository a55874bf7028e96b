import { SocketAddress } from "@sortie/transport";
import { expectBytes, expectObject } from "./argument-checks.js";
import type { CaptureRecord } from "./capture-record.js";
import { findIp } from "./link-layer.js";

/** A UDP datagram of a capture. */
export interface UdpDatagram {
  readonly source: SocketAddress;
  readonly destination: SocketAddress;
  /** What was captured of it: a view of the file. */
  readonly payload: Uint8Array;
  /** bytes of the payload on the link; more than `payload` has when it was cut. */
  readonly originalBytes: number;
}

/** IANA protocol numbers. */
const UDP = 17;
const FRAGMENT_HEADER = 44;
/** Extension headers of IPv6 with a length in units of 8 bytes: hop-by-hop, routing, destination options. */
const EXTENSIONS: ReadonlySet<number> = new Set([0, 43, 60]);
/** Extension headers of one packet: RFC 8200 expects each once, destination options twice. */
const MAX_EXTENSIONS = 8;
const UDP_HEADER_BYTES = 8;

const TOO_SHORT = "a packet that is cut before its datagram";
const FRAGMENT = "a fragment of an IP packet: fragments are not put together";

/** Where UDP begins, and where the IP packet says that it ends. */
interface IpPacket {
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly udpAt: number;
  readonly end: number;
}

/** The datagram in a record; or why there is none. Throws TypeError for what is no record, as a note is. */
export function readDatagram(record: CaptureRecord): UdpDatagram | string {
  expectObject("record", record, "a record of readCapture");
  expectBytes("record.bytes", record.bytes);
  const at = findIp(record.linkType, record.bytes);
  if (typeof at === "string") return at;
  const packet = record.bytes.subarray(at);
  const version = packet.length === 0 ? 0 : (packet[0] as number) >> 4;
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  const ip = version === 4 ? readIpv4(packet, view) : version === 6 ? readIpv6(packet, view) : "no IP packet";
  if (typeof ip === "string") return ip;
  const { udpAt } = ip;
  if (packet.length < udpAt + UDP_HEADER_BYTES) return TOO_SHORT;
  const udpBytes = view.getUint16(udpAt + 4);
  if (udpBytes < UDP_HEADER_BYTES) return `a datagram with a length of ${udpBytes}`;
  const end = udpAt + udpBytes;
  if (end > ip.end) return `a datagram of ${udpBytes} bytes in an IP packet that has room for ${ip.end - udpAt}`;
  return {
    source: SocketAddress.fromBytes(ip.source, view.getUint16(udpAt)),
    destination: SocketAddress.fromBytes(ip.destination, view.getUint16(udpAt + 2)),
    payload: packet.subarray(udpAt + UDP_HEADER_BYTES, Math.min(end, packet.length)),
    originalBytes: udpBytes - UDP_HEADER_BYTES,
  };
}

function readIpv4(packet: Uint8Array, view: DataView): IpPacket | string {
  if (packet.length < 20) return TOO_SHORT;
  const headerBytes = ((packet[0] as number) & 0x0f) * 4;
  // 0 where the network card cuts large packets itself.
  const totalBytes = view.getUint16(2) || packet.length;
  if (headerBytes < 20 || totalBytes < headerBytes) return "a damaged IPv4 header";
  // More fragments, or an offset.
  if ((view.getUint16(6) & 0x3fff) !== 0) return FRAGMENT;
  if (packet[9] !== UDP) return `IP protocol ${packet[9]}, not UDP`;
  const [source, destination] = [mapped(packet, 12), mapped(packet, 16)];
  return { source, destination, udpAt: headerBytes, end: totalBytes };
}

/** ::ffff:a.b.c.d, the form that SocketAddress takes. */
function mapped(packet: Uint8Array, at: number): Uint8Array {
  const bytes = new Uint8Array(16);
  bytes.set([0xff, 0xff], 10);
  bytes.set(packet.subarray(at, at + 4), 12);
  return bytes;
}

function readIpv6(packet: Uint8Array, view: DataView): IpPacket | string {
  if (packet.length < 40) return TOO_SHORT;
  const end = 40 + (view.getUint16(4) || packet.length - 40);
  let next = packet[6] as number;
  let at = 40;
  for (let count = 0; next !== UDP; count++) {
    if (count === MAX_EXTENSIONS) return "too many IPv6 extension headers";
    if (next !== FRAGMENT_HEADER && !EXTENSIONS.has(next)) return `IP protocol ${next}, not UDP`;
    if (packet.length < at + 8) return TOO_SHORT;
    // An atomic fragment (RFC 6946) is a whole packet.
    if (next === FRAGMENT_HEADER && (view.getUint16(at + 2) & 0xfff9) !== 0) return FRAGMENT;
    const lengthBytes = next === FRAGMENT_HEADER ? 8 : ((packet[at + 1] as number) + 1) * 8;
    next = packet[at] as number;
    at += lengthBytes;
  }
  return { source: packet.slice(8, 24), destination: packet.slice(24, 40), udpAt: at, end };
}
