import type { Player } from "../player.js";
import { positionOf, quantisePosition } from "../quantise.js";
import type { MessageReader } from "./message-reader.js";
import { MessageType } from "./message-type.js";
import type { MessageWriter } from "./message-writer.js";

/** bytes. id (2) | x (2) | y (2) | heading (1) | health (1). */
const ENTRY_BYTES = 8;

/**
 * Server to client, on states: type | tick (4) | count (2) | count entries of 8 bytes, one a player: all of the world
 * that moves. 32 players fit in 263 bytes, 256 in two packets.
 *
 * Reads its entries out of the message when asked, so that a client that needs a few of them pays for those alone.
 */
export class Snapshot {
  readonly type = "snapshot";
  readonly tick: number;
  /** Players in it. */
  readonly count: number;
  private readonly entries: Uint8Array;

  /** @param entries - ENTRY_BYTES for each player, kept and not copied. */
  constructor(tick: number, entries: Uint8Array) {
    this.tick = tick;
    this.count = entries.length / ENTRY_BYTES;
    this.entries = entries;
  }

  /** ID of the player at `index`, 0..count - 1. */
  idAt(index: number): number {
    return this.u16(index * ENTRY_BYTES);
  }

  /** m. */
  xAt(index: number): number {
    return positionOf(this.u16(index * ENTRY_BYTES + 2));
  }

  /** m. */
  yAt(index: number): number {
    return positionOf(this.u16(index * ENTRY_BYTES + 4));
  }

  /** 16 bits a turn, of which the upper 8 are sent. */
  headingAt(index: number): number {
    return this.byte(index * ENTRY_BYTES + 6) << 8;
  }

  /** 0: dead. */
  healthAt(index: number): number {
    return this.byte(index * ENTRY_BYTES + 7);
  }

  private u16(at: number): number {
    return this.byte(at) | (this.byte(at + 1) << 8);
  }

  private byte(at: number): number {
    const value = this.entries[at];
    if (value === undefined) throw new RangeError(`"index" expected 0..${this.count - 1}, got beyond it`);
    return value;
  }
}

export function encodeSnapshot(writer: MessageWriter, tick: number, players: readonly Player[]): Uint8Array {
  writer.begin(MessageType.Snapshot).u32(tick).u16(players.length);
  for (const player of players) {
    writer
      .u16(player.id)
      .u16(quantisePosition(player.x))
      .u16(quantisePosition(player.y))
      .u8(player.heading >> 8)
      .u8(player.health);
  }
  return writer.finish();
}

export function decodeSnapshot(reader: MessageReader): Snapshot | undefined {
  const tick = reader.u32();
  const count = reader.u16();
  if (reader.remaining !== count * ENTRY_BYTES) return undefined;
  return new Snapshot(tick, reader.bytes(count * ENTRY_BYTES));
}
