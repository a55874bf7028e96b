/** Seconds that are kept: five minutes, as mpgameserver's own display has. */
export const HISTORY_SECONDS = 300;

/** What is kept of each second. Rates are per second. */
export const HISTORY_COLUMNS = [
  "unixMs",
  "peers",
  "halfOpen",
  "datagramsReceived",
  "datagramsSent",
  "bytesReceived",
  "bytesSent",
  "drops",
  "packetsLost",
  "retransmittedMessages",
  "queuedBytes",
  "ticks",
  "ticksSkipped",
  "tickBusyMeanMs",
  "tickBusyMaxMs",
  "tickLateMeanMs",
  "tickLateMaxMs",
  "rttP50Ms",
  "rttP99Ms",
  "lossP50",
  "lossP99",
  "cpuShare",
  "residentBytes",
] as const;

export type HistoryColumn = (typeof HISTORY_COLUMNS)[number];
export type HistorySecond = Readonly<Record<HistoryColumn, number>>;

/** A part of the history, oldest second first. */
export interface HistoryPart {
  /** Number of the first second that is not in it: give it as `since` to get what comes after. */
  readonly next: number;
  readonly columns: Readonly<Record<HistoryColumn, number[]>>;
}

/** The last five minutes, second by second: one ring for each column. */
export class History {
  readonly #rings: Float64Array[] = HISTORY_COLUMNS.map(() => new Float64Array(HISTORY_SECONDS));
  #next = 0;

  /** Seconds ever kept. */
  get next(): number {
    return this.#next;
  }

  add(second: HistorySecond): void {
    const at = this.#next % HISTORY_SECONDS;
    HISTORY_COLUMNS.forEach((column, i) => {
      (this.#rings[i] as Float64Array)[at] = second[column];
    });
    this.#next += 1;
  }

  /** What is kept from second `since` on. A number from another life of the server gives everything. */
  since(since: number = 0): HistoryPart {
    const oldest = Math.max(0, this.#next - HISTORY_SECONDS);
    const from = since > this.#next ? oldest : Math.max(oldest, since);
    const columns = {} as Record<HistoryColumn, number[]>;
    HISTORY_COLUMNS.forEach((column, i) => {
      const ring = this.#rings[i] as Float64Array;
      const values: number[] = [];
      for (let second = from; second < this.#next; second++) {
        values.push(round(ring[second % HISTORY_SECONDS] as number));
      }
      columns[column] = values;
    });
    return { next: this.#next, columns };
  }
}

/** Four decimals are enough for a chart, and keep answers short. */
function round(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
