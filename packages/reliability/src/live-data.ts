import { Allowed } from "./allowed.js";
import type { OutgoingMessage } from "./outgoing-message.js";

/** bytes of frames. Larger messages do not go once more in packets beyond the congestion window: they would be bulk. */
const MAX_REPEATED_BYTES = 256;

/**
 * Whether a message is what a game says in real time, and may go beyond the congestion window when the path has fallen
 * silent. What is never sent again is dropped when it is late, so that it adds nothing to what the game says; what is
 * sent again piles up behind a window that is full, and then it is bulk, whatever its messages' size.
 * @param freshFrom place in the order of sends from which messages that are sent again are fresh, see `SendOrder`
 */
export function isLive(message: OutgoingMessage, freshFrom: number, allowed: Allowed): boolean {
  if (message.large) return allowed === Allowed.LiveAndLarge && !message.retransmits;
  return !message.retransmits || message.order >= freshFrom;
}

/** Whether the message may go once more, as old as it is, in the room that a packet of live data has left. */
export function isRepeatedBesideLive(message: OutgoingMessage): boolean {
  return !message.large && message.wholeFrameBytes <= MAX_REPEATED_BYTES;
}
