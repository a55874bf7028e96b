import type { MessageWriter } from "./message-writer.js";
import type { OutgoingMessage } from "./outgoing-message.js";
import type { MessageList } from "./message-list.js";

/** Messages looked at for what may be sent again in one probe. */
const MAX_PROBED_MESSAGES = 256;

/** What probes carry: unacknowledged data once more, the oldest first, each round from the beginning. */
export class ProbeData {
  private readonly unacked: MessageList;
  private round = 0;

  constructor(unacked: MessageList) {
    this.unacked = unacked;
  }

  /** From now on the oldest data may be probed with again. */
  beginRound(): void {
    this.round += 1;
  }

  /**
   * Writes until the packet is full.
   * @param usableBytes of frames that an empty packet takes
   */
  fill(packet: MessageWriter, usableBytes: number): void {
    let message = this.unacked.oldest;
    for (let looked = 0; message !== undefined && looked < MAX_PROBED_MESSAGES && !packet.isFull; looked++) {
      if (!message.inLostQueue && !packet.carries(message) && !this.write(message, packet, usableBytes)) return;
      message = message.newer;
    }
  }

  /** Writes what is unacknowledged of a message. Returns whether there was room for all of it. */
  private write(message: OutgoingMessage, packet: MessageWriter, usableBytes: number): boolean {
    if (message.fragments === undefined && message.wholeFrameBytes <= usableBytes) {
      if (!packet.fitsWhole(message)) return false;
      packet.writeWhole(message);
      return true;
    }
    const fragments = message.cut();
    if (fragments.probeRound !== this.round) {
      fragments.probeRound = this.round;
      fragments.probeOffset = 0;
    }
    const { acked } = fragments;
    while (!packet.isFull) {
      const from = acked.nextAbsent(fragments.probeOffset);
      if (from >= message.sentBytes) return true;
      const to = packet.pieceEnd(message, from, Math.min(acked.nextPresent(from), message.sentBytes));
      if (to < 0) return false;
      packet.writePiece(message, from, to);
      fragments.probeOffset = to;
    }
    return false;
  }
}
