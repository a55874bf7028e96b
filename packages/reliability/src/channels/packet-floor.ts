/** IDs by which a window moves up from one mark to the next. */
const MARK_EVERY_IDS = 8192;

/**
 * Tells packets that are too old for what their message IDs seem to say.
 *
 * An ID has 16 bits, and 65536 tiny messages fit 300 packets, while the replay window takes packets that are 1023 late:
 * whoever holds a packet back on the path for so long could have its messages, delivered long ago from another packet,
 * taken for new ones, which would then be lost in their place. Packet numbers are never used twice. A sender has no
 * more than 1024 IDs under way, so that a packet sent before the one with ID v carries none above v + 1023, and one
 * sent after it none below v - 1023. Once the window has passed a marked packet by more than that, lower packets have
 * nothing new for it; and as long as the mark is less than half of the circle behind, the IDs of all others are
 * unambiguous.
 */
export class PacketFloor {
  /** Packets below carry nothing new. */
  private floor = -1;
  private marked = -1;
  private idsSinceMark = 0;

  /** Whether there are packets that carry nothing new. */
  get isSet(): boolean {
    return this.floor >= 0;
  }

  /** Whether nothing in this packet can be new for the window. */
  isAbove(packetNumber: number): boolean {
    return packetNumber < this.floor;
  }

  /** The window moved up by `ids` because of a message that this packet brought. */
  onMoved(ids: number, packetNumber: number): void {
    this.idsSinceMark += ids;
    if (this.idsSinceMark < MARK_EVERY_IDS) return;
    // After a leap (bestEffort only, at the end of an outage) the old mark would be too far behind.
    this.floor = ids < MARK_EVERY_IDS ? this.marked : packetNumber;
    this.marked = packetNumber;
    this.idsSinceMark = 0;
  }
}
