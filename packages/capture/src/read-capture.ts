import { expectBytes } from "./argument-checks.js";
import { CaptureError, type CaptureItem } from "./capture-record.js";
import { isPcap, readPcap } from "./pcap.js";
import { isPcapng, readPcapng } from "./pcapng.js";

/** Whether the bytes begin like a capture file. Throws TypeError for what is no bytes. */
export function isCapture(bytes: Uint8Array): boolean {
  expectBytes("bytes", bytes);
  return isPcap(bytes) || isPcapng(bytes);
}

/**
 * The records of a capture file, pcap (both byte orders, microseconds or nanoseconds) or pcapng. What is damaged gives
 * a note in its place; nothing that stands in the file makes it throw. Throws CaptureError at once for other bytes,
 * TypeError for what is no bytes.
 */
export function readCapture(bytes: Uint8Array): Iterable<CaptureItem> {
  expectBytes("bytes", bytes);
  if (isPcap(bytes)) return readPcap(bytes);
  if (isPcapng(bytes)) return readPcapng(bytes);
  const start = [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  throw new CaptureError(`expected a capture (pcap or pcapng), got ${bytes.length} bytes that begin with "${start}"`);
}
