import { isIP } from "node:net";

const IP_BITS = 128;
/** Bits before the IPv4 part of ::ffff:a.b.c.d. */
const MAPPED_BITS = 96;
const MAPPED = 0xffffn;
const GROUPS = 8;
const PREFIX_LENGTH = /^(?:0|[1-9]\d{0,2})$/;

/**
 * One name for all spellings of an IP address or CIDR range, as the server's list of blocked addresses takes them:
 * 10.1.2.3/8 is 10.0.0.0/8 and ::ffff:10.0.0.0/104. undefined for other text.
 */
export function rangeKey(text: string): string | undefined {
  const [ip = "", length, ...more] = text.split("/");
  const kind = isIP(ip);
  if (kind === 0 || ip.includes("%") || more.length > 0) return undefined;
  if (length !== undefined && !PREFIX_LENGTH.test(length)) return undefined;
  const offset = kind === 4 ? MAPPED_BITS : 0;
  const bits = length === undefined ? IP_BITS : offset + Number(length);
  if (bits > IP_BITS) return undefined;
  const hostBits = BigInt(IP_BITS - bits);
  return `${((kind === 4 ? ofIpv4(ip) : ofIpv6(ip)) >> hostBits).toString(16)}/${bits}`;
}

function ofIpv4(ip: string): bigint {
  return ip.split(".").reduce((value, octet) => (value << 8n) | BigInt(octet), MAPPED);
}

function ofIpv6(ip: string): bigint {
  // Its hexadecimal form, without an IPv4 part.
  const [head = "", tail = ""] = new URL(`http://[${ip}]`).hostname.slice(1, -1).split("::");
  const [first, last] = [head, tail].map((part) => (part === "" ? [] : part.split(":"))) as [string[], string[]];
  const zeros = Array.from({ length: GROUPS - first.length - last.length }, () => "0");
  return [...first, ...zeros, ...last].reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}
