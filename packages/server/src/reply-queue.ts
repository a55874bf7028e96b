import type { DatagramBatch, SocketAddress } from "@sortie/transport";
import type { ByteWriter } from "@sortie/wire";

/** Replies that wait for the end of a receive batch. Full: further ones are not made; clients ask again. */
const MAX_REPLIES = 256;
/** bytes. Up to here, which a RETRY is, a loop is quicker than `set` of a fresh view, and allocates nothing. */
const SHORT_COPY_BYTES = 48;
/** bytes. The largest reply, a SERVER_HELLO with a certificate chain, fits a datagram of the minimum size. */
const REPLY_BYTES = 1200;

/**
 * Answers that belong to no connection: RETRY, SERVER_HELLO, REJECT, stateless reset. A fixed ring of buffers, so that
 * a flood of hellos leaves nothing behind.
 */
export class ReplyQueue {
  private readonly buffer: Uint8Array = new Uint8Array(MAX_REPLIES * REPLY_BYTES);
  private readonly lengths: Uint16Array = new Uint16Array(MAX_REPLIES);
  private readonly targets: (SocketAddress | undefined)[] = new Array<undefined>(MAX_REPLIES).fill(undefined);
  private head = 0;
  private count = 0;

  get isFull(): boolean {
    return this.count === MAX_REPLIES;
  }

  get isEmpty(): boolean {
    return this.count === 0;
  }

  /** Room for one reply; to be written and then committed. Only when not full. */
  reserve(): Uint8Array {
    const slot = (this.head + this.count) % MAX_REPLIES;
    return this.buffer.subarray(slot * REPLY_BYTES, (slot + 1) * REPLY_BYTES);
  }

  /** Points the writer at the same room. Only when not full. */
  open(writer: ByteWriter): void {
    const start = ((this.head + this.count) % MAX_REPLIES) * REPLY_BYTES;
    writer.reset(this.buffer, start, start + REPLY_BYTES);
  }

  commit(length: number, to: SocketAddress): void {
    const slot = (this.head + this.count) % MAX_REPLIES;
    this.lengths[slot] = length;
    this.targets[slot] = to;
    this.count += 1;
  }

  push(packet: Uint8Array, to: SocketAddress): void {
    if (this.isFull) return;
    this.reserve().set(packet);
    this.commit(packet.length, to);
  }

  /** Moves replies into the batch; true when some are left. */
  drainInto(batch: DatagramBatch): boolean {
    while (this.count > 0) {
      const at = batch.reserve();
      if (at < 0) return true;
      const length = this.lengths[this.head] as number;
      const start = this.head * REPLY_BYTES;
      copy(this.buffer, start, length, batch.buffer, at);
      batch.commit(length, this.targets[this.head] as SocketAddress);
      this.targets[this.head] = undefined;
      this.head = (this.head + 1) % MAX_REPLIES;
      this.count -= 1;
    }
    return false;
  }
}

function copy(source: Uint8Array, start: number, length: number, target: Uint8Array, at: number): void {
  if (length > SHORT_COPY_BYTES) target.set(source.subarray(start, start + length), at);
  else for (let i = 0; i < length; i++) target[at + i] = source[start + i] as number;
}
