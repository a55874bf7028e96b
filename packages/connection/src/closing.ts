import { ByteWriter, type CloseCode, encodeClose, encodeUtf8Limited, MAX_CLOSE_TEXT_BYTES } from "@sortie/wire";

/** The closing state lasts this many probe timeouts at the most (RFC 9000 section 10.2 has three, and no repeats). */
export const CLOSING_PROBE_TIMEOUTS = 4;

/** CLOSEs sent before the closing side gives up waiting for an answer. */
const MAX_CLOSES = 4;

/** The CLOSE that ends a connection: what it says, whether one is due, how many went. */
export class Closing {
  /** A CLOSE must be sent. */
  due = false;
  private readonly frame: Uint8Array;
  private sent = 0;

  constructor(code: CloseCode, text: string) {
    const utf8 = encodeUtf8Limited(text, MAX_CLOSE_TEXT_BYTES);
    const writer = new ByteWriter().reset(new Uint8Array(utf8.length + 4));
    encodeClose(writer, code, utf8);
    this.frame = writer.bytes.slice(0, writer.offset);
    this.due = true;
  }

  write(writer: ByteWriter): void {
    writer.copy(this.frame);
    this.sent += 1;
    this.due = false;
  }

  /** It is time for another; false when enough went. */
  repeat(): boolean {
    if (this.sent >= MAX_CLOSES) return false;
    this.due = true;
    return true;
  }
}
