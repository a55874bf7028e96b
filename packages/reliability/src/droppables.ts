import { MessageList } from "./message-list.js";

/**
 * Unreliable and sequenced messages of one priority that are not written whole yet, the oldest first, and what they
 * take: a full queue asks for one message to drop with every send, and must not look for it through all channels.
 */
export class Droppables extends MessageList {
  readonly priority: number;
  messages = 0;
  /** bytes, of what counts against the cap. */
  bytes = 0;
  /** Those of the next priority above that has been used. */
  higher: Droppables | undefined;

  constructor(priority: number, higher: Droppables | undefined) {
    super();
    this.priority = priority;
    this.higher = higher;
  }
}
