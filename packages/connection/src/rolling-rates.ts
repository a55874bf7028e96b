/** Whole seconds that are kept. */
const HISTORY_SECONDS = 10;
const SERIES = 4;

/** Packets and bytes each way in one second. */
export interface SecondOfTraffic {
  readonly packetsSent: number;
  readonly packetsReceived: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

/** Traffic by second over the last ten seconds: a ring of counters that is advanced by use, without a timer. */
export class RollingRates {
  private readonly ring: Uint32Array = new Uint32Array((HISTORY_SECONDS + 1) * SERIES);
  private second = 0;

  onSent(bytes: number, nowMs: number): void {
    const at = this.advance(nowMs);
    this.ring[at] = (this.ring[at] as number) + 1;
    this.ring[at + 2] = (this.ring[at + 2] as number) + bytes;
  }

  onReceived(bytes: number, nowMs: number): void {
    const at = this.advance(nowMs);
    this.ring[at + 1] = (this.ring[at + 1] as number) + 1;
    this.ring[at + 3] = (this.ring[at + 3] as number) + bytes;
  }

  /** Whole seconds before the current one, newest first: ten of them, zeros where nothing was. */
  history(nowMs: number): SecondOfTraffic[] {
    this.advance(nowMs);
    const seconds: SecondOfTraffic[] = [];
    for (let back = 1; back <= HISTORY_SECONDS; back++) seconds.push(this.read(this.second - back));
    return seconds;
  }

  /** The last whole second. */
  lastSecond(nowMs: number): SecondOfTraffic {
    this.advance(nowMs);
    return this.read(this.second - 1);
  }

  private read(second: number): SecondOfTraffic {
    const at = slot(second);
    return {
      packetsSent: this.ring[at] ?? 0,
      packetsReceived: this.ring[at + 1] ?? 0,
      bytesSent: this.ring[at + 2] ?? 0,
      bytesReceived: this.ring[at + 3] ?? 0,
    };
  }

  private advance(nowMs: number): number {
    const now = Math.floor(nowMs / 1000);
    if (now > this.second) {
      const steps = Math.min(now - this.second, HISTORY_SECONDS + 1);
      for (let i = 0; i < steps; i++) {
        const at = slot(now - i);
        this.ring.fill(0, at, at + SERIES);
      }
      this.second = now;
    }
    return slot(this.second);
  }
}

function slot(second: number): number {
  const size = HISTORY_SECONDS + 1;
  return (((second % size) + size) % size) * SERIES;
}
