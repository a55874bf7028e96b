import type { ReliableEndpoint } from "@sortie/reliability";
import { type ByteWriter, PACKET_HEADER_BYTES, TAG_BYTES } from "@sortie/wire";
import { writeClosePacket } from "./close-packet.js";
import type { Closing } from "./closing.js";
import type { Lifecycle } from "./lifecycle.js";
import type { PathManager } from "./path-manager.js";

/** Writes one packet's frames and gives its number, -1 for none: for the path, then all else, then MTU probes. */
export function writePacket(
  life: Lifecycle,
  paths: PathManager,
  closing: Closing,
  endpoint: ReliableEndpoint,
  writer: ByteWriter,
  buffer: Uint8Array,
  offset: number,
  nowMs: number,
): number {
  paths.beforePacket(nowMs);
  writer.reset(buffer, offset + PACKET_HEADER_BYTES, offset + paths.mtuBytes - TAG_BYTES);
  const forPath = paths.writePathPacket(writer, nowMs);
  if (forPath >= 0) return forPath;
  if (!life.isOpen && closing.hasFrame) return writeClosePacket(endpoint, closing, writer, nowMs);
  const packetNumber = endpoint.buildPacket(writer, nowMs);
  return packetNumber >= 0 ? packetNumber : paths.writeMtuProbe(writer, buffer, offset, nowMs);
}
