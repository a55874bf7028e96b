import type { Pickup } from "../pickups.js";
import { positionOf, quantisePosition } from "../quantise.js";
import type { MessageReader } from "./message-reader.js";
import { MessageType } from "./message-type.js";
import type { MessageWriter } from "./message-writer.js";

/** Server to client, on notices: type | number (4) | id (2) | version (4) | x (2) | y (2). Where a pickup lies now. */
export interface PickupMessage extends Pickup {
  readonly type: "pickup";
  /** Of the server's notices to this client, from 0. */
  readonly number: number;
}

export function encodePickup(writer: MessageWriter, number: number, pickup: Pickup): Uint8Array {
  return writer
    .begin(MessageType.Pickup)
    .u32(number)
    .u16(pickup.id)
    .u32(pickup.version)
    .u16(quantisePosition(pickup.x))
    .u16(quantisePosition(pickup.y))
    .finish();
}

export function decodePickup(reader: MessageReader): PickupMessage {
  return {
    type: "pickup",
    number: reader.u32(),
    id: reader.u16(),
    version: reader.u32(),
    x: positionOf(reader.u16()),
    y: positionOf(reader.u16()),
  };
}
