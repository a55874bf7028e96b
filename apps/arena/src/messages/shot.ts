import type { ShotVerdict } from "../world.js";
import type { MessageReader } from "./message-reader.js";
import { MessageType } from "./message-type.js";
import type { MessageWriter } from "./message-writer.js";

const VERDICTS: readonly ShotVerdict[] = ["fired", "dead", "rate-of-fire", "sky-full"];

/** Client to server, on shots: type | number (4) | heading (2). */
export interface ShotMessage {
  readonly type: "shot";
  /** Of this client's shots, from 0. */
  readonly number: number;
  /** 16 bits a turn. */
  readonly heading: number;
}

/** Server to client, on shots: type | number of the shot (4) | verdict (1). */
export interface ShotResultMessage {
  readonly type: "shot-result";
  readonly number: number;
  readonly verdict: ShotVerdict;
}

export function encodeShot(writer: MessageWriter, number: number, heading: number): Uint8Array {
  return writer.begin(MessageType.Shot).u32(number).u16(heading).finish();
}

export function decodeShot(reader: MessageReader): ShotMessage {
  return { type: "shot", number: reader.u32(), heading: reader.u16() };
}

export function encodeShotResult(writer: MessageWriter, number: number, verdict: ShotVerdict): Uint8Array {
  return writer.begin(MessageType.ShotResult).u32(number).oneOf(VERDICTS, verdict).finish();
}

export function decodeShotResult(reader: MessageReader): ShotResultMessage | undefined {
  const number = reader.u32();
  const verdict = reader.oneOf(VERDICTS);
  return verdict === "" ? undefined : { type: "shot-result", number, verdict };
}
