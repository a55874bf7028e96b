import type { Delivery, SendReceipt } from "@sortie/reliability";
import { Settling } from "./settling.js";
import { check } from "./target.js";

interface Sent {
  readonly payload: Uint8Array;
  readonly delivery: Delivery;
  readonly channel: number;
  readonly receipt: number;
  delivered: boolean;
}

/** bytes at the start of each payload that say which message it is. */
const INDEX_BYTES = 4;

/** Knows what was sent in one direction and what of it may arrive when. */
export class DeliveryOracle {
  private readonly sent: Sent[] = [];
  private readonly settling = new Settling();
  /** By channel: the messages of ordered delivery in their order, and how many have arrived. */
  private readonly ordered = new Map<number, { messages: Sent[]; arrived: number }>();
  /** By channel: the newest sequenced message that has arrived. */
  private readonly newest = new Map<number, number>();

  /** Makes a payload, has it sent, and expects it if it was taken. */
  send(bytes: number, delivery: Delivery, channel: number, give: (payload: Uint8Array) => SendReceipt): void {
    const index = this.sent.length;
    const payload = payloadOf(index, bytes);
    const receipt = give(payload);
    const message = {
      payload: payload.slice(),
      delivery,
      channel,
      receipt: this.settling.add(receipt),
      delivered: false,
    };
    // The sender must not keep the caller's buffer.
    payload.fill(0xee);
    if (!receipt.accepted) return;
    this.sent.push(message);
    if (delivery !== "ordered") return;
    const line = this.ordered.get(channel) ?? { messages: [], arrived: 0 };
    line.messages.push(message);
    this.ordered.set(channel, line);
  }

  receive(payload: Uint8Array, delivery: Delivery, channel: number): void {
    const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
    const index = payload.length < INDEX_BYTES ? -1 : view.getUint32(0);
    const message = this.sent[index];
    check(message !== undefined, `a message arrived that was never sent: ${payload.length} bytes`);
    const what = `${delivery} message ${index}`;
    check(message.delivery === delivery && message.channel === channel, `${what} came as another`);
    check(Buffer.compare(payload, message.payload) === 0, `${what} arrived with other bytes`);
    check(!message.delivered, `${what} arrived twice`);
    message.delivered = true;
    if (delivery === "ordered") {
      const line = this.ordered.get(channel);
      check(line !== undefined && line.messages[line.arrived] === message, `${what} arrived out of order`);
      line.arrived += 1;
    }
    if (delivery === "sequenced") {
      check(index > (this.newest.get(channel) ?? -1), `${what} arrived after a newer one`);
      this.newest.set(channel, index);
    }
  }

  /** Nothing that is never lost is missing. */
  expectComplete(): void {
    const missing = this.sent.filter(({ delivery, delivered }) => neverLost(delivery) && !delivered);
    check(
      missing.length === 0,
      `${missing.length} ${missing[0]?.delivery} messages of ${this.sent.length} are missing`,
    );
  }

  /** After the end: all outcomes are there, and "acked" was said of nothing that did not arrive. */
  async expectSettled(): Promise<void> {
    await this.settling.expectAll();
    for (const [index, { delivery, delivered, receipt }] of this.sent.entries()) {
      const outcome = this.settling.outcome(receipt);
      // An ordered message may be there and wait for one before it; a sequenced one may be overtaken.
      const mustBeThere = delivery === "reliable" || delivery === "bestEffort";
      check(
        outcome !== "acked" || delivered || !mustBeThere,
        `${delivery} message ${index} is acked but did not arrive`,
      );
    }
  }
}

function neverLost(delivery: Delivery): boolean {
  return delivery === "reliable" || delivery === "ordered";
}

function payloadOf(index: number, bytes: number): Uint8Array {
  const payload = new Uint8Array(Math.max(INDEX_BYTES, bytes));
  for (let i = INDEX_BYTES; i < payload.length; i++) payload[i] = index * 7 + i * 13;
  new DataView(payload.buffer).setUint32(0, index);
  return payload;
}
