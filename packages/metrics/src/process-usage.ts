/** What the process used since the last look. */
export interface ProcessUsage {
  /** Seconds of processor time since the start of the process. */
  readonly cpuSeconds: number;
  /** Share of one core since the last look; above 1 with several threads. */
  readonly cpuShare: number;
  readonly residentBytes: number;
}

/** Processor time and memory of this process, looked at once a second. */
export class ProcessWatch {
  #last: ProcessUsage = { cpuSeconds: cpuSeconds(), cpuShare: 0, residentBytes: process.memoryUsage.rss() };

  get last(): ProcessUsage {
    return this.#last;
  }

  look(elapsedMs: number): ProcessUsage {
    const now = cpuSeconds();
    const cpuShare = elapsedMs > 0 ? ((now - this.#last.cpuSeconds) * 1000) / elapsedMs : 0;
    this.#last = { cpuSeconds: now, cpuShare, residentBytes: process.memoryUsage.rss() };
    return this.#last;
  }
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
