import type { ByteWriter } from "../byte-writer.js";
import { FrameType } from "./frame-type.js";

/** PING: type alone. Asks for an acknowledgement, nothing else. */
export function encodePing(writer: ByteWriter): void {
  writer.u8(FrameType.Ping);
}
