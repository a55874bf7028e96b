/** bytes. Every address is kept in IPv6 form, IPv4 as ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2). */
export const IP_BYTES = 16;

/** Longest text of an IPv6 address: six groups and an embedded IPv4 address (INET6_ADDRSTRLEN less the NUL). */
const LONGEST_IP_TEXT = 45;

const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const DOT = 0x2e;

/**
 * Parses an IP address into 16 bytes, IPv4 as ::ffff:a.b.c.d; undefined where the text is not one.
 *
 * Strict: IPv4 is four decimal numbers without leading zeros (RFC 6943 section 3.1.1 on why looser forms are
 * dangerous); IPv6 takes every spelling of RFC 4291 section 2.2, without zone, brackets or prefix length.
 */
export function parseIp(text: string): Uint8Array | undefined {
  if (text.length < 2 || text.length > LONGEST_IP_TEXT) return undefined;
  const bytes = new Uint8Array(IP_BYTES);
  if (!text.includes(":")) {
    bytes[10] = 0xff;
    bytes[11] = 0xff;
    return readIpv4(text, 0, bytes, 12) ? bytes : undefined;
  }
  return readIpv6(text, bytes) ? bytes : undefined;
}

/** True for ::ffff:a.b.c.d, the form that IPv4 takes here. */
export function isIpv4Mapped(bytes: Uint8Array): boolean {
  for (let i = 0; i < 10; i++) if (bytes[i] !== 0) return false;
  return bytes[10] === 0xff && bytes[11] === 0xff;
}

/** Canonical text of 16 bytes: dotted for IPv4, RFC 5952 section 4 for IPv6. */
export function formatIp(bytes: Uint8Array): string {
  if (isIpv4Mapped(bytes)) return `${bytes[12]}.${bytes[13]}.${bytes[14]}.${bytes[15]}`;
  const run = longestZeroRun(bytes);
  let text = "";
  for (let group = 0; group < 8; group++) {
    if (group === run.start) {
      text += "::";
      group += run.length - 1;
      continue;
    }
    if (text !== "" && !text.endsWith(":")) text += ":";
    text += groupAt(bytes, group).toString(16);
  }
  return text;
}

function groupAt(bytes: Uint8Array, group: number): number {
  return ((bytes[group * 2] as number) << 8) | (bytes[group * 2 + 1] as number);
}

/** The first of the longest runs of two or more zero groups (RFC 5952 sections 4.2.2 and 4.2.3); start -1 if none. */
function longestZeroRun(bytes: Uint8Array): { start: number; length: number } {
  let start = -1;
  let length = 1;
  for (let group = 0; group < 8; group++) {
    let end = group;
    while (end < 8 && groupAt(bytes, end) === 0) end++;
    if (end - group > length) {
      start = group;
      length = end - group;
    }
    if (end > group) group = end;
  }
  return { start, length };
}

/** Four decimal octets from `at` to the end of the text, into `bytes[to, to + 4)`. */
function readIpv4(text: string, at: number, bytes: Uint8Array, to: number): boolean {
  for (let octet = 0; octet < 4; octet++) {
    if (octet > 0 && text.charCodeAt(at++) !== DOT) return false;
    const start = at;
    let value = 0;
    while (at < text.length && at - start < 3) {
      const code = text.charCodeAt(at);
      if (code < ZERO || code > NINE) break;
      value = value * 10 + code - ZERO;
      at++;
    }
    const digits = at - start;
    if (digits === 0 || value > 255) return false;
    if (digits > 1 && text.charCodeAt(start) === ZERO) return false;
    bytes[to + octet] = value;
  }
  return at === text.length;
}

function readIpv6(text: string, bytes: Uint8Array): boolean {
  let at = 0;
  let group = 0;
  let gap = -1; // the group where "::" stands
  if (text.charCodeAt(0) === COLON) {
    if (text.charCodeAt(1) !== COLON) return false;
    gap = 0;
    at = 2;
  }
  while (at < text.length) {
    if (group === 8) return false;
    const start = at;
    let value = 0;
    let digit = hexDigit(text.charCodeAt(at));
    while (digit >= 0 && at - start < 4) {
      value = value * 16 + digit;
      at++;
      digit = at < text.length ? hexDigit(text.charCodeAt(at)) : -1;
    }
    if (at === start) return false;
    if (at < text.length && text.charCodeAt(at) === DOT) {
      if (group > 6 || !readIpv4(text, start, bytes, group * 2)) return false;
      group += 2;
      break;
    }
    bytes[group * 2] = value >>> 8;
    bytes[group * 2 + 1] = value;
    group++;
    if (at === text.length) break;
    if (text.charCodeAt(at) !== COLON) return false;
    at++;
    if (at === text.length) return false;
    if (text.charCodeAt(at) === COLON) {
      if (gap >= 0) return false;
      gap = group;
      at++;
    }
  }
  if (gap < 0) return group === 8;
  if (group === 8) return false; // "::" stands for at least one group
  const moved = (group - gap) * 2;
  bytes.copyWithin(IP_BYTES - moved, gap * 2, group * 2);
  bytes.fill(0, gap * 2, IP_BYTES - moved);
  return true;
}

function hexDigit(code: number): number {
  if (code >= ZERO && code <= NINE) return code - ZERO;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
