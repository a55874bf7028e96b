import {
  CloseCode,
  decodeUtf8,
  DeliveryCode,
  type Frame,
  FrameKind,
  hasMessageId,
  SESSION_ID_BYTES,
} from "@sortie/wire";
import { type Described, type Fields, nameOf, toHex } from "./fields.js";

/** A decoded frame for people; `plaintext` is what it was decoded from. Names are those of docs/PROTOCOL.md. */
export function describeFrame(frame: Frame, plaintext: Uint8Array): Described {
  const bytes = plaintext.subarray(frame.start, frame.end);
  switch (frame.kind) {
    case FrameKind.Padding:
      return { summary: `PADDING ${bytes.length}`, fields: { frame: "PADDING", length: bytes.length } };
    case FrameKind.Ping:
      return { summary: "PING", fields: { frame: "PING" } };
    case FrameKind.Ack:
      return describeAck(frame, bytes);
    case FrameKind.Connect:
      return { summary: `CONNECT, ${bytes.length} bytes`, fields: { frame: "CONNECT", ...payload(bytes) } };
    case FrameKind.Accept: {
      const sessionId = toHex(bytes.subarray(0, SESSION_ID_BYTES));
      const resetToken = toHex(bytes.subarray(SESSION_ID_BYTES));
      return { summary: `ACCEPT session ${sessionId}`, fields: { frame: "ACCEPT", sessionId, resetToken } };
    }
    case FrameKind.Close: {
      const [name, text] = [nameOf(CloseCode, frame.code), decodeUtf8(bytes)];
      const summary = `CLOSE ${name}${text === "" ? "" : ` ${JSON.stringify(text)}`}`;
      return { summary, fields: { frame: "CLOSE", code: frame.code, name, text } };
    }
    case FrameKind.PathChallenge:
      return { summary: "PATH_CHALLENGE", fields: { frame: "PATH_CHALLENGE", data: toHex(bytes) } };
    case FrameKind.PathResponse:
      return { summary: "PATH_RESPONSE", fields: { frame: "PATH_RESPONSE", data: toHex(bytes) } };
    case FrameKind.Credit: {
      const { channel, channelLimitBytes: channelLimit, connectionLimitBytes: connectionLimit } = frame;
      const summary = `CREDIT channel ${channel} to ${channelLimit}, connection to ${connectionLimit}`;
      return { summary, fields: { frame: "CREDIT", channel, channelLimit, connectionLimit } };
    }
    case FrameKind.Message:
    case FrameKind.Fragment:
      return describeMessage(frame, bytes);
  }
}

function describeAck({ largest, delayUs, receivedAtUs }: Frame, bitmap: Uint8Array): Described {
  const ranges = ackedRanges(largest, bitmap);
  const shown = ranges.length > 4 ? `${ranges.slice(0, 4).join(" ")} ...` : ranges.join(" ");
  const frame = receivedAtUs < 0 ? "ACK" : "TIMED_ACK";
  const time = receivedAtUs < 0 ? {} : { receivedAt: receivedAtUs };
  return {
    summary: `${frame} ${shown}`,
    fields: { frame, largest, delay: delayUs, ...time, bitmap: toHex(bitmap), acknowledged: ranges },
  };
}

/** Numbers that an ACK states, highest first: "7" or "3..5". Bit i stands for `largest - 1 - i`. */
function ackedRanges(largest: number, bitmap: Uint8Array): string[] {
  const ranges: string[] = [];
  let [high, low] = [largest, largest];
  const end = (): void => void ranges.push(low === high ? String(high) : `${low}..${high}`);
  for (let bit = 0; bit < bitmap.length * 8; bit++) {
    if ((((bitmap[bit >> 3] as number) >> (bit & 7)) & 1) === 0) continue;
    const number = largest - 1 - bit;
    if (number === low - 1) low = number;
    else {
      end();
      [high, low] = [number, number];
    }
  }
  end();
  return ranges;
}

function describeMessage(frame: Frame, bytes: Uint8Array): Described {
  const { delivery, channel, messageId, totalBytes: total, offset } = frame;
  const mode = DELIVERY_NAMES[delivery];
  const isPiece = frame.kind === FrameKind.Fragment;
  const name = isPiece ? "FRAGMENT" : "MESSAGE";
  const hasId = isPiece || hasMessageId(delivery);
  const fields: Fields = {
    frame: name,
    delivery: mode,
    channel,
    ...(hasId ? { messageId } : {}),
    ...(isPiece ? { total, offset } : {}),
    ...payload(bytes),
  };
  const place = isPiece ? `bytes ${offset}..${offset + bytes.length - 1} of ${total}` : `${bytes.length} bytes`;
  return { summary: `${name} ${mode} channel ${channel}${hasId ? ` ID ${messageId}` : ""}, ${place}`, fields };
}

/** As in section 6 of docs/PROTOCOL.md, and in the API. */
const DELIVERY_NAMES: Readonly<Record<DeliveryCode, string>> = {
  [DeliveryCode.Unreliable]: "unreliable",
  [DeliveryCode.Sequenced]: "sequenced",
  [DeliveryCode.BestEffort]: "bestEffort",
  [DeliveryCode.Reliable]: "reliable",
  [DeliveryCode.Ordered]: "ordered",
};

function payload(bytes: Uint8Array): { readonly length: number; readonly payload: string } {
  return { length: bytes.length, payload: toHex(bytes) };
}
