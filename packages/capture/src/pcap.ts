import type { CaptureItem } from "./capture-record.js";

/** bytes: magic, version, time zone, accuracy, snap length, link type. */
const FILE_HEADER_BYTES = 24;
/** bytes: seconds, fraction, captured length, original length. */
const RECORD_HEADER_BYTES = 16;
const NS_PER_SECOND = 1_000_000_000n;

/** First four bytes, read big-endian: byte order and unit of the fraction (draft-ietf-opsawg-pcap section 4). */
const FORMATS: ReadonlyMap<number, { readonly isLittle: boolean; readonly nsPerUnit: bigint }> = new Map([
  [0xa1b2c3d4, { isLittle: false, nsPerUnit: 1000n }],
  [0xd4c3b2a1, { isLittle: true, nsPerUnit: 1000n }],
  [0xa1b23c4d, { isLittle: false, nsPerUnit: 1n }],
  [0x4d3cb2a1, { isLittle: true, nsPerUnit: 1n }],
]);

export function isPcap(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && FORMATS.has(viewOf(bytes).getUint32(0));
}

/** The records of a classic pcap file, up to its end or to where it makes no sense any more. */
export function* readPcap(bytes: Uint8Array): Generator<CaptureItem, void, void> {
  const view = viewOf(bytes);
  const format = FORMATS.get(view.getUint32(0));
  if (format === undefined) throw new RangeError('"bytes" expected a pcap file');
  if (bytes.length < FILE_HEADER_BYTES) {
    yield note(undefined, `the file ends in its header, after ${bytes.length} bytes`);
    return;
  }
  const { isLittle, nsPerUnit } = format;
  // The upper bits tell of frame check sequences, which stand behind everything that is looked at.
  const linkType = view.getUint32(20, isLittle) & 0xffff;
  let number = 0;
  for (let at = FILE_HEADER_BYTES; at < bytes.length;) {
    number += 1;
    const left = bytes.length - at - RECORD_HEADER_BYTES;
    if (left < 0) return yield note(number, "the file ends in this record's header");
    const seconds = view.getUint32(at, isLittle);
    const fraction = view.getUint32(at + 4, isLittle);
    const capturedBytes = view.getUint32(at + 8, isLittle);
    const originalBytes = view.getUint32(at + 12, isLittle);
    if (capturedBytes > left) {
      return yield note(number, `the record claims ${capturedBytes} bytes, the file has ${left}: it ends here`);
    }
    at += RECORD_HEADER_BYTES;
    yield {
      kind: "record",
      number,
      timeNs: BigInt(seconds) * NS_PER_SECOND + BigInt(fraction) * nsPerUnit,
      linkType,
      bytes: bytes.subarray(at, at + capturedBytes),
      originalBytes: Math.max(originalBytes, capturedBytes),
    };
    at += capturedBytes;
  }
}

function note(number: number | undefined, text: string): CaptureItem {
  return { kind: "note", number, text };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
