import { serialize } from "node:v8";

/** Messages that the system has not yet taken; who reads takes thousands a second. */
const MAX_UNSENT_MESSAGES = 1024;
/** bytes of messages that the system has not yet taken. */
const MAX_UNSENT_BYTES = 16 * 1024 * 1024;

/** One end of a channel between processes: what `fork` gives, or `process` in a process that was forked. */
export interface MessageChannelEnd {
  readonly connected?: boolean | undefined;
  send?: (message: object, handle: undefined, options: undefined, onSent: (error: Error | null) => void) => boolean;
}

/** Sends to another process, and counts what that process has not yet read: Node would keep any amount. */
export class UnsentMessages {
  #messages = 0;
  #bytes = 0;

  /** Whether the other process has so much to read that it should get no more. */
  get isFull(): boolean {
    return this.#messages >= MAX_UNSENT_MESSAGES || this.#bytes >= MAX_UNSENT_BYTES;
  }

  /** Without effect where nobody is at the other end. Throws what structured clone throws for what it cannot copy. */
  send(channel: MessageChannelEnd, message: object): void {
    if (channel.connected !== true) return;
    let bytes = 0;
    let isSent = false;
    this.#messages += 1;
    const onSent = (): void => {
      isSent = true;
      this.#messages -= 1;
      this.#bytes -= bytes;
    };
    let isTaken: boolean | undefined;
    try {
      // An error means that the process at the other end has gone, which is told otherwise as well.
      isTaken = channel.send?.(message, undefined, undefined, onSent);
    } catch (error) {
      onSent();
      throw error;
    }
    // More than 128 KiB wait. Only now a message's size is worth the time that it takes to find out.
    if (isTaken !== false || isSent) return;
    bytes = bytesOf(message);
    this.#bytes += bytes;
  }
}

/** About as much as Node makes of it. */
function bytesOf(message: object): number {
  try {
    return serialize(message).length;
  } catch {
    // What Node can copy between processes, and serialize() cannot: counted as a message.
    return 0;
  }
}
