import { positionOf, quantisePosition } from "../quantise.js";
import type { PlacementCause } from "../world-events.js";
import type { MessageReader } from "./message-reader.js";
import { MessageType } from "./message-type.js";
import type { MessageWriter } from "./message-writer.js";

const CAUSES: readonly PlacementCause[] = ["spawn", "correction"];

/** Where the server put a player. */
export interface Place {
  readonly epoch: number;
  /** m. */
  readonly x: number;
  readonly y: number;
  readonly cause: PlacementCause;
}

/** Server to the client it concerns, on events: type | number (4) | epoch (1) | x (2) | y (2) | cause (1). */
export interface PlacedMessage extends Place {
  readonly type: "placed";
  readonly number: number;
}

export function encodePlaced(writer: MessageWriter, number: number, place: Place): Uint8Array {
  return writer
    .begin(MessageType.Placed)
    .u32(number)
    .u8(place.epoch)
    .u16(quantisePosition(place.x))
    .u16(quantisePosition(place.y))
    .oneOf(CAUSES, place.cause)
    .finish();
}

export function decodePlaced(reader: MessageReader): PlacedMessage | undefined {
  const number = reader.u32();
  const epoch = reader.u8();
  const x = positionOf(reader.u16());
  const y = positionOf(reader.u16());
  const cause = reader.oneOf(CAUSES);
  return cause === "" ? undefined : { type: "placed", number, epoch, x, y, cause };
}
