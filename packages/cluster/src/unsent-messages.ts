import { serialize } from "node:v8";

/** Messages that wait in this process while 128 KiB wait for the system; who reads takes thousands a second. */
const MAX_UNSENT_MESSAGES = 1024;
/** bytes of such messages. */
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

  /** Without effect where nobody is at the other end. Throws Error for what cannot be copied. */
  send(channel: MessageChannelEnd, message: object): void {
    if (channel.connected !== true) return;
    let bytes = 0;
    let isCounted = false;
    let isSent = false;
    const onSent = (): void => {
      isSent = true;
      if (!isCounted) return;
      this.#messages -= 1;
      this.#bytes -= bytes;
    };
    // An error means that the process at the other end has gone, which is told otherwise as well.
    const isTaken = channel.send?.(message, undefined, undefined, onSent);
    // Node tells what was sent in a later turn, although the system has it already: only where more than 128 KiB wait
    // does a message wait indeed, and is its size worth the time that it takes to find out.
    if (isTaken !== false || isSent) return;
    isCounted = true;
    bytes = bytesOf(message);
    this.#messages += 1;
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
