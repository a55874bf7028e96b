import { DeliveryCode } from "@sortie/wire";
import { DELIVERIES } from "../delivery.js";
import type { FlowWindow } from "../flow-window.js";
import type { OutgoingMessage } from "../outgoing-message.js";
import { BestEffortSend } from "./best-effort.js";
import { type LostData, OrderedSend } from "./ordered.js";
import { ReliableSend } from "./reliable.js";
import type { SendChannel } from "./send-channel.js";
import { SequencedSend } from "./sequenced.js";
import { UnreliableSend } from "./unreliable.js";
import type { UsedUpIds } from "./used-up-ids.js";

/** Sending sides of all channels in all modes; made on first use. */
export class ChannelTable {
  private readonly firstId: number;
  private readonly flow: FlowWindow;
  private readonly usedUpIds: UsedUpIds;
  private readonly lost: LostData;
  /** By delivery code, then by channel. */
  private readonly families: (SendChannel | undefined)[][] = DELIVERIES.map(() => []);

  constructor(firstId: number, flow: FlowWindow, usedUpIds: UsedUpIds, lost: LostData) {
    this.firstId = firstId;
    this.flow = flow;
    this.usedUpIds = usedUpIds;
    this.lost = lost;
  }

  of(message: OutgoingMessage): SendChannel {
    const family = this.families[message.delivery] as (SendChannel | undefined)[];
    let channel = family[message.channel];
    if (channel === undefined) {
      channel = this.create(message.delivery);
      family[message.channel] = channel;
    }
    return channel;
  }

  /** Takes out a message that may not be scheduled yet; undefined when there is none. */
  takeWaiting(): OutgoingMessage | undefined {
    for (const family of this.families) {
      for (const channel of family) {
        if (channel?.hasWaiting === true) return channel.waiting.shift();
      }
    }
    return undefined;
  }

  /** The connection has ended, and every message has its outcome. */
  close(): void {
    for (const family of this.families) for (const channel of family) channel?.close();
  }

  private create(delivery: DeliveryCode): SendChannel {
    switch (delivery) {
      case DeliveryCode.Unreliable:
        return new UnreliableSend(this.firstId);
      case DeliveryCode.Sequenced:
        return new SequencedSend(this.firstId);
      case DeliveryCode.BestEffort:
        return new BestEffortSend(this.firstId, this.usedUpIds);
      case DeliveryCode.Reliable:
        return new ReliableSend(this.firstId, this.usedUpIds);
      case DeliveryCode.Ordered:
        return new OrderedSend(this.firstId, this.flow, this.usedUpIds, this.lost);
    }
  }
}
