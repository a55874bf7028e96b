import { positionOf, quantisePosition } from "../quantise.js";
import type { MessageReader } from "./message-reader.js";
import { MessageType } from "./message-type.js";
import type { MessageWriter } from "./message-writer.js";

/** What a client needs to begin to play. */
export interface Welcome {
  /** The client's own player. */
  readonly player: number;
  readonly epoch: number;
  /** m. Where the player stands. */
  readonly x: number;
  readonly y: number;
  /** Of the server, now. */
  readonly tick: number;
}

/** Server to client, its first event: type | number (4) | player (2) | epoch (1) | x (2) | y (2) | tick (4). */
export interface WelcomeMessage extends Welcome {
  readonly type: "welcome";
  readonly number: number;
}

export function encodeWelcome(writer: MessageWriter, number: number, welcome: Welcome): Uint8Array {
  return writer
    .begin(MessageType.Welcome)
    .u32(number)
    .u16(welcome.player)
    .u8(welcome.epoch)
    .u16(quantisePosition(welcome.x))
    .u16(quantisePosition(welcome.y))
    .u32(welcome.tick)
    .finish();
}

export function decodeWelcome(reader: MessageReader): WelcomeMessage {
  return {
    type: "welcome",
    number: reader.u32(),
    player: reader.u16(),
    epoch: reader.u8(),
    x: positionOf(reader.u16()),
    y: positionOf(reader.u16()),
    tick: reader.u32(),
  };
}
