import type { OutgoingMessage } from "../outgoing-message.js";
import { SendChannel } from "./send-channel.js";

/**
 * Unreliable messages: no state but the IDs by which the pieces of fragmented ones are told apart. Nothing is resent,
 * and packets are received once, so that no message comes twice.
 */
export class UnreliableSend extends SendChannel {
  /** Whole messages carry no ID and must not use one up: pieces must not meet those of 65536 messages ago. */
  override onStart(message: OutgoingMessage, whole: boolean): void {
    if (!whole) super.onStart(message, whole);
  }
}
