import type { ByteReader } from "../byte-reader.js";
import type { ByteWriter } from "../byte-writer.js";
import { varintBytes } from "../varint.js";
import type { Frame } from "./frame.js";
import { LENGTH_BIT } from "./frame-type.js";

/** Length and bytes of `payload[from, to)`: the end of every message and fragment frame. */
export function writePayload(writer: ByteWriter, payload: Uint8Array, from: number, to: number): void {
  writer.varint(to - from);
  writer.copy(payload, from, to);
}

/**
 * Reads the payload's bounds. Without the length bit it is the rest of the packet; a length that ends exactly at the
 * packet's end would be a second spelling of that, and is refused.
 */
export function decodePayload(reader: ByteReader, frame: Frame, type: number): void {
  const hasLength = (type & LENGTH_BIT) !== 0;
  const length = hasLength ? reader.varint() : reader.remaining;
  frame.start = reader.skip(length);
  frame.end = reader.offset;
  if (hasLength && reader.error === undefined && reader.remaining === 0) reader.fail("non-canonical");
}

/**
 * Takes the length out of the packet's last frame when that is a message or fragment: the writer stands behind it,
 * `frameStart` is where its type stands and `payloadBytes` what it carries. To be called once, after the last frame.
 */
export function closeLastFrame(writer: ByteWriter, frameStart: number, payloadBytes: number): void {
  const { bytes } = writer;
  const payloadStart = writer.offset - payloadBytes;
  const lengthBytes = varintBytes(payloadBytes);
  bytes.copyWithin(payloadStart - lengthBytes, payloadStart, writer.offset);
  bytes[frameStart] = (bytes[frameStart] as number) & ~LENGTH_BIT;
  writer.offset -= lengthBytes;
}
