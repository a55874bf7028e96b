import { DeliveryCode } from "@sortie/wire";
import { type IdVerdict, unseenVerdict } from "../id-window.js";
import { BestEffortReceive } from "./best-effort.js";
import { OrderedReceive } from "./ordered.js";
import { ReliableReceive } from "./reliable.js";

/** Receiving side of a channel in a mode whose messages carry IDs. */
export type KeptReceive = BestEffortReceive | ReliableReceive | OrderedReceive;

/**
 * Receiving sides of the channels in the modes whose messages carry IDs. Each is made with the first message that is
 * new there: what is old news leaves nothing behind.
 */
export class ReceiveChannels {
  private readonly firstId: number;
  /** By delivery code less that of bestEffort, then by channel. */
  private readonly families: (KeptReceive | undefined)[][] = [[], [], []];
  private made = 0;

  /** @param firstId ID of the first message on every channel, 0..65535 */
  constructor(firstId: number) {
    this.firstId = firstId;
  }

  /** Receiving sides there are. */
  get count(): number {
    return this.made;
  }

  /** ms. When the message came that ordered channels have held for the longest; Infinity when none is held. */
  get earlySinceMs(): number {
    let sinceMs = Infinity;
    for (const receive of this.familyOf(DeliveryCode.Ordered)) {
      if (receive instanceof OrderedReceive) sinceMs = Math.min(sinceMs, receive.earlySinceMs);
    }
    return sinceMs;
  }

  /** Undefined where nothing new has come yet. */
  known(delivery: DeliveryCode, channel: number): KeptReceive | undefined {
    return this.familyOf(delivery)[channel];
  }

  /** As `known`; makes it where there is none. */
  of(delivery: DeliveryCode, channel: number): KeptReceive {
    const family = this.familyOf(delivery);
    let receive = family[channel];
    if (receive === undefined) {
      receive = this.create(delivery);
      family[channel] = receive;
      this.made += 1;
    }
    return receive;
  }

  /**
   * What is known of a message.
   * @param packetNumber of the packet that has it; Infinity leaves aside that a packet may be too old to tell
   */
  check(delivery: DeliveryCode, channel: number, id: number, packetNumber: number): IdVerdict {
    const receive = this.familyOf(delivery)[channel];
    if (receive !== undefined) return receive.check(id, packetNumber);
    return unseenVerdict(delivery === DeliveryCode.BestEffort ? "sliding" : "lossless", id, this.firstId);
  }

  /** ID of the ordered message that is to be delivered next on the channel. */
  nextOrderedId(channel: number): number {
    const receive = this.known(DeliveryCode.Ordered, channel);
    return receive instanceof OrderedReceive ? receive.nextId : this.firstId;
  }

  /** Whether no packet is too old to tell what in it is new for the channel. */
  tellsAllPackets(delivery: DeliveryCode, channel: number): boolean {
    return this.familyOf(delivery)[channel]?.tellsAllPackets !== false;
  }

  clear(): void {
    for (const family of this.families) family.length = 0;
    this.made = 0;
  }

  private familyOf(delivery: DeliveryCode): (KeptReceive | undefined)[] {
    return this.families[delivery - DeliveryCode.BestEffort] as (KeptReceive | undefined)[];
  }

  private create(delivery: DeliveryCode): KeptReceive {
    const { firstId } = this;
    if (delivery === DeliveryCode.BestEffort) return new BestEffortReceive(firstId);
    return delivery === DeliveryCode.Reliable ? new ReliableReceive(firstId) : new OrderedReceive(firstId);
  }
}
