import type { MessageReader } from "./message-reader.js";
import { MessageType } from "./message-type.js";
import type { MessageWriter } from "./message-writer.js";

/** Client to server, on effects: type | number (4). The time until its answer is what a player feels as latency. */
export interface ProbeMessage {
  readonly type: "probe";
  /** Of this client's probes, from 0. */
  readonly number: number;
}

/** Server to client, on effects: type | number of the probe (4). */
export interface ProbeReplyMessage {
  readonly type: "probe-reply";
  readonly number: number;
}

export function encodeProbe(writer: MessageWriter, number: number): Uint8Array {
  return writer.begin(MessageType.Probe).u32(number).finish();
}

export function decodeProbe(reader: MessageReader): ProbeMessage {
  return { type: "probe", number: reader.u32() };
}

export function encodeProbeReply(writer: MessageWriter, number: number): Uint8Array {
  return writer.begin(MessageType.ProbeReply).u32(number).finish();
}

export function decodeProbeReply(reader: MessageReader): ProbeReplyMessage {
  return { type: "probe-reply", number: reader.u32() };
}
