/** A record of a capture file: one frame of a link, as far as it was captured. */
export interface CaptureRecord {
  readonly kind: "record";
  /** From 1, as Wireshark counts: records that hold no datagram count too. */
  readonly number: number;
  /** ns since 1970, as the capturing machine's clock had it; undefined where the file has none. */
  readonly timeNs: bigint | undefined;
  /** LINKTYPE_ of tcpdump.org. */
  readonly linkType: number;
  /** A view of the file. */
  readonly bytes: Uint8Array;
  /** bytes that the frame had on the link; more than `bytes` when it was cut. */
  readonly originalBytes: number;
}

/** Something about the file, or a record that cannot be used. */
export interface CaptureNote {
  readonly kind: "note";
  /** Record that it is about; undefined for the file itself. */
  readonly number: number | undefined;
  readonly text: string;
}

export type CaptureItem = CaptureRecord | CaptureNote;

/** The bytes are no capture file. */
export class CaptureError extends Error {
  override readonly name = "CaptureError";
}
