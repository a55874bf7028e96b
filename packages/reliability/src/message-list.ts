import type { OutgoingMessage } from "./outgoing-message.js";

/** Messages in the order in which they were added: a list through the messages, each of which is in one at the most. */
export class MessageList {
  oldest: OutgoingMessage | undefined = undefined;
  private newest: OutgoingMessage | undefined = undefined;

  append(message: OutgoingMessage): void {
    message.older = this.newest;
    if (this.newest === undefined) this.oldest = message;
    else this.newest.newer = message;
    this.newest = message;
  }

  remove(message: OutgoingMessage): void {
    const { older, newer } = message;
    if (older === undefined) this.oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.newest = older;
    else newer.older = older;
    message.older = undefined;
    message.newer = undefined;
  }
}
