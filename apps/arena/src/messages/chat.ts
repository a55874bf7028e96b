import { MAX_CHAT_BYTES } from "../rules.js";
import type { MessageReader } from "./message-reader.js";
import { MessageType } from "./message-type.js";
import type { MessageWriter } from "./message-writer.js";
import { decodeLine, encodeText } from "./text.js";

/** Client to server, on notices: type | number (4) | text (the rest, 1..MAX_CHAT_BYTES of UTF-8). */
export interface ChatMessage {
  readonly type: "chat";
  /** Of this client's notices, from 0. */
  readonly number: number;
  readonly text: string;
}

/** Server to client, on notices: type | number (4) | player (2) | text (the rest). */
export interface ChatLineMessage {
  readonly type: "chat-line";
  /** Of the server's notices to this client, from 0. */
  readonly number: number;
  /** Who said it. */
  readonly player: number;
  readonly text: string;
}

/** Throws RangeError when the text is empty or too long. */
export function encodeChat(writer: MessageWriter, number: number, text: string): Uint8Array {
  return writer.begin(MessageType.Chat).u32(number).bytes(lineOf(text)).finish();
}

export function decodeChat(reader: MessageReader): ChatMessage | undefined {
  const number = reader.u32();
  const text = readLine(reader);
  return text === undefined ? undefined : { type: "chat", number, text };
}

/** Throws RangeError when the text is empty or too long. */
export function encodeChatLine(writer: MessageWriter, number: number, player: number, text: string): Uint8Array {
  return writer.begin(MessageType.ChatLine).u32(number).u16(player).bytes(lineOf(text)).finish();
}

export function decodeChatLine(reader: MessageReader): ChatLineMessage | undefined {
  const number = reader.u32();
  const player = reader.u16();
  const text = readLine(reader);
  return text === undefined ? undefined : { type: "chat-line", number, player, text };
}

function lineOf(text: string): Uint8Array {
  const bytes = encodeText(text);
  if (bytes.length < 1 || bytes.length > MAX_CHAT_BYTES) {
    throw new RangeError(`"text" expected 1..${MAX_CHAT_BYTES} bytes of UTF-8, got ${bytes.length}`);
  }
  return bytes;
}

function readLine(reader: MessageReader): string | undefined {
  return reader.remaining > MAX_CHAT_BYTES ? undefined : decodeLine(reader.bytes(reader.remaining));
}
