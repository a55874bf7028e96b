import { entryCount } from "./entries.js";
import type { MessageReader } from "./message-reader.js";
import { MessageType } from "./message-type.js";
import type { MessageWriter } from "./message-writer.js";

/** bytes. */
const SCORE_BYTES = 6;

/** A player's score as it is now. */
export interface Score {
  readonly player: number;
  readonly score: number;
}

/** Server to client, on events: type | number (4) | count (1) | count x (player (2) | score (4)). */
export interface ScoresMessage {
  readonly type: "scores";
  readonly number: number;
  /** 1..255 of them. */
  readonly scores: readonly Score[];
}

/** The scores from index `from` on, at most 255 of them. */
export function encodeScores(
  writer: MessageWriter,
  number: number,
  scores: readonly Score[],
  from: number = 0,
): Uint8Array {
  const count = entryCount(scores.length, from);
  writer.begin(MessageType.Scores).u32(number).u8(count);
  for (let i = from; i < from + count; i++) {
    const { player, score } = scores[i] as Score;
    writer.u16(player).u32(score);
  }
  return writer.finish();
}

export function decodeScores(reader: MessageReader): ScoresMessage | undefined {
  const number = reader.u32();
  const count = reader.u8();
  if (count === 0 || reader.remaining !== count * SCORE_BYTES) return undefined;
  const scores: Score[] = [];
  for (let i = 0; i < count; i++) scores.push({ player: reader.u16(), score: reader.u32() });
  return { type: "scores", number, scores };
}
