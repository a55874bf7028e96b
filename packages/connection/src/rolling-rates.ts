/** Whole seconds that are kept. */
const HISTORY_SECONDS = 10;
/** Those, and the one that is under way. */
const SLOTS: number = HISTORY_SECONDS + 1;
const SERIES = 4;

/** Packets and bytes each way in one second. */
export interface SecondOfTraffic {
  readonly packetsSent: number;
  readonly packetsReceived: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

/**
 * Traffic by second over the last ten seconds, advanced by use, without a timer. A packet changes the totals alone; a
 * ring keeps what they were when each second began, and is not touched until one is over.
 */
export class RollingRates {
  packetsSent = 0;
  packetsReceived = 0;
  bytesSent = 0;
  bytesReceived = 0;
  /** The second that is under way. */
  private second = 0;
  /** Totals, modulo 2^32, at the beginning of each second. */
  private readonly ring: Uint32Array = new Uint32Array(SLOTS * SERIES);

  countSent(bytes: number, nowMs: number): void {
    this.advance(nowMs);
    this.packetsSent += 1;
    this.bytesSent += bytes;
  }

  countReceived(bytes: number, nowMs: number): void {
    this.advance(nowMs);
    this.packetsReceived += 1;
    this.bytesReceived += bytes;
  }

  /** Whole seconds before the current one, newest first: ten of them, zeros where nothing was. */
  history(nowMs: number): SecondOfTraffic[] {
    this.advance(nowMs);
    const seconds: SecondOfTraffic[] = [];
    for (let back = 1; back <= HISTORY_SECONDS; back++) seconds.push(this.read(this.second - back));
    return seconds;
  }

  private read(second: number): SecondOfTraffic {
    const begin = slot(second);
    const end = slot(second + 1);
    return {
      packetsSent: this.grown(begin, end),
      packetsReceived: this.grown(begin + 1, end + 1),
      bytesSent: this.grown(begin + 2, end + 2),
      bytesReceived: this.grown(begin + 3, end + 3),
    };
  }

  private grown(begin: number, end: number): number {
    return ((this.ring[end] as number) - (this.ring[begin] as number)) >>> 0;
  }

  private advance(nowMs: number): void {
    const now = Math.floor(nowMs / 1000);
    if (now > this.second) this.begin(now);
  }

  private begin(second: number): void {
    const steps = Math.min(second - this.second, SLOTS);
    for (let i = 0; i < steps; i++) {
      const at = slot(second - i);
      this.ring[at] = this.packetsSent;
      this.ring[at + 1] = this.packetsReceived;
      this.ring[at + 2] = this.bytesSent;
      this.ring[at + 3] = this.bytesReceived;
    }
    this.second = second;
  }
}

function slot(second: number): number {
  return (((second % SLOTS) + SLOTS) % SLOTS) * SERIES;
}
