/** The start ends after so many rounds without this growth (BBR). */
const FULL_ROUNDS = 3;
const FULL_GROWTH = 1.25;

/** Whether the rate still grows from round to round of the start: when it does no more, the path is full. */
export class StartupGrowth {
  private fullRate = 0;
  private fullRounds = 0;

  begin(): void {
    this.fullRate = this.fullRounds = 0;
  }

  /** A round ended, with this bandwidth in bytes/s. Returns whether the path is full; losses say so at once. */
  isFull(bytesPerSecond: number, isLossy: boolean): boolean {
    if (bytesPerSecond >= this.fullRate * FULL_GROWTH) {
      this.fullRate = bytesPerSecond;
      this.fullRounds = 0;
      return false;
    }
    this.fullRounds += 1;
    return isLossy || this.fullRounds >= FULL_ROUNDS;
  }
}
