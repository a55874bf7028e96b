import { ID_WINDOW, MAX_ID_LEAP } from "../id-window.js";

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
 *
 * At the end of an outage a bestEffort window leaps by up to 31744 IDs. The packets that were sent just before the one
 * that brought the leap may come right behind it, and have news; so what it leaves behind is told by the packet that
 * moved the window last before.
 */
export class PacketFloor {
  /** Packets below carry nothing new. */
  private floor = -1;
  private marked = -1;
  /** The packet that last moved the window: it has the ID that the window ended at. */
  private mover = -1;
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
    if (ids === 0) return;
    this.idsSinceMark += ids;
    if (this.idsSinceMark >= MARK_EVERY_IDS) this.mark(ids, packetNumber);
    this.mover = packetNumber;
  }

  private mark(ids: number, packetNumber: number): void {
    if (ids < MARK_EVERY_IDS) {
      this.floor = this.marked;
      this.idsSinceMark = 0;
    } else {
      this.floor = this.mover;
      // The next mark, which moves the floor up to this packet, is due as soon as the window has passed all that was
      // sent before it. Later, what was sent since the mover could be too far behind: by a leap of 31744 IDs it nearly
      // is, but then this packet has the highest ID that there was.
      const ahead = Math.min(ID_WINDOW - 1, MAX_ID_LEAP - ids);
      this.idsSinceMark = MARK_EVERY_IDS - ID_WINDOW - ahead;
    }
    this.marked = packetNumber;
  }
}
