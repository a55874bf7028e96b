import type { MessageReader } from "./message-reader.js";
import { MessageType } from "./message-type.js";
import type { MessageWriter } from "./message-writer.js";

/** Server to client, on events: type | number (4) | player (2). A player is there, or is there no more. */
export interface RosterMessage {
  readonly type: "joined" | "left";
  readonly number: number;
  readonly player: number;
}

export function encodeRoster(
  writer: MessageWriter,
  number: number,
  change: RosterMessage["type"],
  player: number,
): Uint8Array {
  const type = change === "joined" ? MessageType.Joined : MessageType.Left;
  return writer.begin(type).u32(number).u16(player).finish();
}

export function decodeRoster(reader: MessageReader, change: RosterMessage["type"]): RosterMessage {
  return { type: change, number: reader.u32(), player: reader.u16() };
}
