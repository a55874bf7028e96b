import { positionOf, quantisePosition } from "../quantise.js";
import type { Shot } from "../world-events.js";
import { entryCount } from "./entries.js";
import type { MessageReader } from "./message-reader.js";
import { MessageType } from "./message-type.js";
import type { MessageWriter } from "./message-writer.js";

/** bytes. */
const SHOT_BYTES = 8;

/**
 * Server to client, on effects: type | tick (4) | count (1) | count x (shooter (2) | x (2) | y (2) | heading (2)). The
 * bullets fired in one tick, to be drawn. One message a tick: of more than 255 bullets the rest are not drawn.
 */
export interface TracersMessage {
  readonly type: "tracers";
  readonly tick: number;
  /** 1..255 of them. */
  readonly shots: readonly Shot[];
}

export function encodeTracers(writer: MessageWriter, tick: number, shots: readonly Shot[]): Uint8Array {
  const count = entryCount(shots.length, 0);
  writer.begin(MessageType.Tracers).u32(tick).u8(count);
  for (let i = 0; i < count; i++) {
    const { shooter, x, y, heading } = shots[i] as Shot;
    writer.u16(shooter).u16(quantisePosition(x)).u16(quantisePosition(y)).u16(heading);
  }
  return writer.finish();
}

export function decodeTracers(reader: MessageReader): TracersMessage | undefined {
  const tick = reader.u32();
  const count = reader.u8();
  if (count === 0 || reader.remaining !== count * SHOT_BYTES) return undefined;
  const shots: Shot[] = [];
  for (let i = 0; i < count; i++) {
    const shooter = reader.u16();
    const x = positionOf(reader.u16());
    const y = positionOf(reader.u16());
    shots.push({ shooter, x, y, heading: reader.u16() });
  }
  return { type: "tracers", tick, shots };
}
