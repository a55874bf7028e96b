import type { PlayerInput } from "../player-input.js";
import { positionOf, quantisePosition } from "../quantise.js";
import type { MessageReader } from "./message-reader.js";
import { MessageType } from "./message-type.js";
import type { MessageWriter } from "./message-writer.js";

/** Client to server, on states: type | sequence (4) | epoch (1) | x (2) | y (2) | heading (2). */
export interface InputMessage extends PlayerInput {
  readonly type: "input";
}

export function encodeInput(writer: MessageWriter, input: PlayerInput): Uint8Array {
  return writer
    .begin(MessageType.Input)
    .u32(input.sequence)
    .u8(input.epoch)
    .u16(quantisePosition(input.x))
    .u16(quantisePosition(input.y))
    .u16(input.heading)
    .finish();
}

export function decodeInput(reader: MessageReader): InputMessage {
  return {
    type: "input",
    sequence: reader.u32(),
    epoch: reader.u8(),
    x: positionOf(reader.u16()),
    y: positionOf(reader.u16()),
    heading: reader.u16(),
  };
}
