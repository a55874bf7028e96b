import type { Hit } from "../world-events.js";
import { entryCount } from "./entries.js";
import type { MessageReader } from "./message-reader.js";
import { MessageType } from "./message-type.js";
import type { MessageWriter } from "./message-writer.js";

/** bytes. */
const HIT_BYTES = 5;

/** Server to client, on events: type | number (4) | count (1) | count x (shooter (2) | victim (2) | health (1)). */
export interface HitsMessage {
  readonly type: "hits";
  readonly number: number;
  /** 1..255 of them. */
  readonly hits: readonly Hit[];
}

/** The hits from index `from` on, at most 255 of them: `hitsIn` says how many. */
export function encodeHits(writer: MessageWriter, number: number, hits: readonly Hit[], from: number = 0): Uint8Array {
  const count = entryCount(hits.length, from);
  writer.begin(MessageType.Hits).u32(number).u8(count);
  for (let i = from; i < from + count; i++) {
    const { shooter, victim, health } = hits[i] as Hit;
    writer.u16(shooter).u16(victim).u8(health);
  }
  return writer.finish();
}

export function decodeHits(reader: MessageReader): HitsMessage | undefined {
  const number = reader.u32();
  const count = reader.u8();
  if (count === 0 || reader.remaining !== count * HIT_BYTES) return undefined;
  const hits: Hit[] = [];
  for (let i = 0; i < count; i++) hits.push({ shooter: reader.u16(), victim: reader.u16(), health: reader.u8() });
  return { type: "hits", number, hits };
}
