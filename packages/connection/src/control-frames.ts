import type { ControlFrames } from "@sortie/reliability";
import {
  type ByteWriter,
  encodeAccept,
  encodeConnect,
  encodePathResponse,
  PATH_DATA_BYTES,
  RESET_TOKEN_BYTES,
  SESSION_ID_BYTES,
  varintBytes,
} from "@sortie/wire";

const EMPTY = new Uint8Array(0);

/** Bits of the control frames that travel with other data and are kept track of per packet. */
export const ControlBit = { Connect: 0, Accept: 1, PathResponse: 2 } as const;

/** Content of the control frames, for the endpoint to put into packets and to send again when one is lost. */
export class ConnectionControlFrames implements ControlFrames {
  /** Payload of CONNECT. */
  connectPayload: Uint8Array = EMPTY;
  sessionId: Uint8Array = EMPTY;
  resetToken: Uint8Array = EMPTY;
  /** Whether the client is known to have ACCEPT. */
  hasAcceptArrived = false;
  /** The newest challenge to answer; an older one is forgotten, so that a flood of them holds nothing. */
  private pathData: Uint8Array = EMPTY;

  setPathData(bytes: Uint8Array, start: number): void {
    this.pathData = Uint8Array.from(bytes.subarray(start, start + PATH_DATA_BYTES));
  }

  bytesOf(bit: number): number {
    switch (bit) {
      case ControlBit.Connect:
        return 1 + varintBytes(this.connectPayload.length) + this.connectPayload.length;
      case ControlBit.Accept:
        return 1 + SESSION_ID_BYTES + RESET_TOKEN_BYTES;
      default:
        return 1 + PATH_DATA_BYTES;
    }
  }

  write(bit: number, writer: ByteWriter): void {
    switch (bit) {
      case ControlBit.Connect:
        return encodeConnect(writer, this.connectPayload);
      case ControlBit.Accept:
        return encodeAccept(writer, this.sessionId, this.resetToken);
      default:
        return encodePathResponse(writer, this.pathData);
    }
  }

  onAcked(bit: number): void {
    // The payload (a token, credentials) is needed no longer.
    if (bit === ControlBit.Connect) this.connectPayload = EMPTY;
    if (bit === ControlBit.Accept) this.hasAcceptArrived = true;
  }

  /** A lost PATH_RESPONSE is not sent again: the challenger asks again (RFC 9000 section 13.3). */
  resends(bit: number): boolean {
    return bit !== ControlBit.PathResponse;
  }
}
