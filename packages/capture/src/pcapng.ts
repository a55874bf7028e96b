import type { CaptureItem } from "./capture-record.js";

/** Block types (draft-ietf-opsawg-pcapng section 4). The first reads the same in both byte orders. */
const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const OBSOLETE_PACKET = 2;
const SIMPLE_PACKET = 3;
const ENHANCED_PACKET = 6;

const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
/** bytes: type, length, and the length once more at the end. */
const EMPTY_BLOCK_BYTES = 12;
const NS_PER_SECOND = 1_000_000_000n;

/** Options of an interface: units of its time stamps, and seconds to add. */
const OPTION_END = 0;
const OPTION_TIME_RESOLUTION = 9;
const OPTION_TIME_OFFSET = 14;

/** Interfaces of one section. More are passed over: nobody captures on so many. */
const MAX_INTERFACES = 4096;

interface CaptureInterface {
  readonly linkType: number;
  /** bytes; 0 for no limit. */
  readonly snapBytes: number;
  readonly unitsPerSecond: bigint;
  readonly offsetSeconds: bigint;
}

export function isPcapng(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && viewOf(bytes).getUint32(0) === SECTION_HEADER;
}

/** The records of a pcapng file, up to its end or to where its blocks no longer follow each other. */
export function* readPcapng(bytes: Uint8Array): Generator<CaptureItem, void, void> {
  const view = viewOf(bytes);
  const interfaces: CaptureInterface[] = [];
  let isLittle = false;
  let number = 0;
  for (let at = 0; at < bytes.length;) {
    const left = bytes.length - at;
    if (left < EMPTY_BLOCK_BYTES) return yield note(undefined, `the file ends in a block, at byte ${at}`);
    const type = view.getUint32(at, isLittle);
    if (type === SECTION_HEADER) {
      // A new section may have the other byte order, and its own interfaces.
      const order = byteOrder(view, at + 8);
      if (order === undefined) return yield note(undefined, `a section of unknown byte order, at byte ${at}`);
      isLittle = order === "little";
      interfaces.length = 0;
    }
    const length = view.getUint32(at + 4, isLittle);
    if (length < EMPTY_BLOCK_BYTES || length % 4 !== 0) {
      return yield note(undefined, `a block of ${length} bytes, which none can have, at byte ${at}`);
    }
    if (length > left) {
      return yield note(undefined, `a block claims ${length} bytes, the file has ${left}: it ends here, at byte ${at}`);
    }
    const again = view.getUint32(at + length - 4, isLittle);
    if (again !== length) {
      return yield note(undefined, `a block of ${length} bytes says ${again} at its end, at byte ${at}`);
    }
    const body = new DataView(view.buffer, view.byteOffset + at + 8, length - EMPTY_BLOCK_BYTES);
    at += length;
    if (type === INTERFACE_DESCRIPTION) {
      const described = readInterface(body, isLittle);
      if (described === undefined) yield note(undefined, "an interface without a description");
      else if (interfaces.length < MAX_INTERFACES) interfaces.push(described);
    } else if (type === ENHANCED_PACKET || type === SIMPLE_PACKET || type === OBSOLETE_PACKET) {
      number += 1;
      yield readPacket(type, body, isLittle, interfaces, number);
    }
  }
}

function byteOrder(view: DataView, at: number): "big" | "little" | undefined {
  if (view.getUint32(at) === BYTE_ORDER_MAGIC) return "big";
  return view.getUint32(at, true) === BYTE_ORDER_MAGIC ? "little" : undefined;
}

/** Link type (2), reserved (2), snap length (4), options. */
function readInterface(body: DataView, isLittle: boolean): CaptureInterface | undefined {
  if (body.byteLength < 8) return undefined;
  let unitsPerSecond = 1_000_000n;
  let offsetSeconds = 0n;
  for (let at = 8; at + 4 <= body.byteLength;) {
    const code = body.getUint16(at, isLittle);
    const length = body.getUint16(at + 2, isLittle);
    at += 4;
    if (code === OPTION_END || at + length > body.byteLength) break;
    if (code === OPTION_TIME_RESOLUTION && length === 1) unitsPerSecond = unitsOf(body.getUint8(at));
    if (code === OPTION_TIME_OFFSET && length === 8) offsetSeconds = body.getBigInt64(at, isLittle);
    at += length + (-length & 3);
  }
  const [linkType, snapBytes] = [body.getUint16(0, isLittle), body.getUint32(4, isLittle)];
  return { linkType, snapBytes, unitsPerSecond, offsetSeconds };
}

/** The highest bit chooses between powers of 2 and of 10. */
function unitsOf(resolution: number): bigint {
  const exponent = BigInt(resolution & 0x7f);
  return (resolution & 0x80) === 0 ? 10n ** exponent : 2n ** exponent;
}

function readPacket(
  type: number,
  body: DataView,
  isLittle: boolean,
  interfaces: readonly CaptureInterface[],
  number: number,
): CaptureItem {
  const isSimple = type === SIMPLE_PACKET;
  const headerBytes = isSimple ? 4 : 20;
  if (body.byteLength < headerBytes) return note(number, `a packet block with ${body.byteLength} bytes of header`);
  // The obsolete block has two bytes of interface, and two that count drops.
  const id = isSimple ? 0 : type === OBSOLETE_PACKET ? body.getUint16(0, isLittle) : body.getUint32(0, isLittle);
  const from = interfaces[id];
  if (from === undefined) return note(number, `a packet of interface ${id}, which was not described`);
  const room = body.byteLength - headerBytes;
  const originalBytes = body.getUint32(isSimple ? 0 : 16, isLittle);
  const limit = from.snapBytes === 0 ? originalBytes : Math.min(originalBytes, from.snapBytes);
  const capturedBytes = isSimple ? Math.min(limit, room) : body.getUint32(12, isLittle);
  if (capturedBytes > room) return note(number, `the packet claims ${capturedBytes} bytes, its block has ${room}`);
  const bytes = new Uint8Array(body.buffer, body.byteOffset + headerBytes, capturedBytes);
  return {
    kind: "record",
    number,
    timeNs: isSimple ? undefined : timeOf(body, isLittle, from),
    linkType: from.linkType,
    bytes,
    originalBytes: Math.max(originalBytes, capturedBytes),
  };
}

function timeOf(body: DataView, isLittle: boolean, { unitsPerSecond, offsetSeconds }: CaptureInterface): bigint {
  const units = (BigInt(body.getUint32(4, isLittle)) << 32n) | BigInt(body.getUint32(8, isLittle));
  return offsetSeconds * NS_PER_SECOND + (units * NS_PER_SECOND) / unitsPerSecond;
}

function note(number: number | undefined, text: string): CaptureItem {
  return { kind: "note", number, text };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
