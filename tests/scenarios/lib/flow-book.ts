import { DelayHistogram } from "./delay-histogram.js";

/** bytes. Sequence number and time of sending. */
const STAMP_BYTES = 12;
const INITIAL_SEEN = 1024;

/**
 * The books of one flow in one direction. Every message carries its number and the time it was sent; the receiver
 * tells what came, what came twice, what came out of order or changed, and how long each took.
 */
export class FlowBook {
  sent = 0;
  received = 0;
  receivedBytes = 0;
  /** Messages that had come before. */
  twice = 0;
  /** Messages with a lower number than one before. */
  outOfOrder = 0;
  /** Messages whose content is not what was sent. */
  changed = 0;
  /** Refused by `send`: never part of the flow. */
  refused = 0;
  lastReceivedAtMs = NaN;
  /** ms. Longest time between two messages that came. */
  longestGapMs = 0;
  delays: DelayHistogram;
  private highest = -1;
  private seen: Uint8Array = new Uint8Array(INITIAL_SEEN);

  /** @param delays may be shared with other flows */
  constructor(delays: DelayHistogram = new DelayHistogram()) {
    this.delays = delays;
  }

  /** Fills `payload` (12 bytes or more) for the next message; `commit` counts it once it was accepted. */
  fill(payload: Uint8Array, nowMs: number): void {
    const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
    view.setUint32(0, this.sent);
    view.setFloat64(4, nowMs);
    const pattern = patternOf(this.sent);
    for (let i = STAMP_BYTES; i < payload.length; i++) payload[i] = (pattern + i) & 0xff;
  }

  commit(isAccepted: boolean): void {
    if (isAccepted) this.sent += 1;
    else this.refused += 1;
  }

  receive(payload: Uint8Array, nowMs: number): void {
    if (payload.length < STAMP_BYTES) {
      this.changed += 1;
      return;
    }
    const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
    const number = view.getUint32(0);
    if (number >= this.sent || !isIntact(payload, number)) {
      this.changed += 1;
      return;
    }
    if (this.wasSeen(number)) {
      this.twice += 1;
      return;
    }
    if (number < this.highest) this.outOfOrder += 1;
    else this.highest = number;
    this.received += 1;
    this.receivedBytes += payload.length;
    if (nowMs - this.lastReceivedAtMs > this.longestGapMs) this.longestGapMs = nowMs - this.lastReceivedAtMs;
    this.lastReceivedAtMs = nowMs;
    this.delays.add(nowMs - view.getFloat64(4));
  }

  get missing(): number {
    return this.sent - this.received;
  }

  /** Share of the messages sent that came. */
  get delivered(): number {
    return this.received / this.sent;
  }

  /** What a reliable, ordered flow must not have; "" when it has nothing of it. */
  orderedFaults(): string {
    const { missing, twice, outOfOrder, changed } = this;
    return list({ missing, twice, "out of order": outOfOrder, changed });
  }

  /** What no flow may have. */
  unreliableFaults(): string {
    const { twice, changed } = this;
    return list({ twice, changed });
  }

  /** Marks the message; true when it was marked before. */
  private wasSeen(number: number): boolean {
    if (number >= this.seen.length) {
      const larger = new Uint8Array(Math.max(this.seen.length * 2, number + 1));
      larger.set(this.seen);
      this.seen = larger;
    }
    if (this.seen[number] === 1) return true;
    this.seen[number] = 1;
    return false;
  }
}

function patternOf(number: number): number {
  return (number * 131) & 0xff;
}

function isIntact(payload: Uint8Array, number: number): boolean {
  const pattern = patternOf(number);
  for (let i = STAMP_BYTES; i < payload.length; i++) if (payload[i] !== ((pattern + i) & 0xff)) return false;
  return true;
}

function list(faults: Readonly<Record<string, number>>): string {
  return Object.entries(faults)
    .filter(([, count]) => count !== 0)
    .map(([name, count]) => `${count} ${name}`)
    .join(", ");
}
