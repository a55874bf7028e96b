/** Channels whose reliable messages may not start, since all IDs that the receiver tells apart are under way. */
export class UsedUpIds {
  private count = 0;
  /** By channel; most connections never use up the IDs of any. */
  private flags: boolean[] | undefined = undefined;

  has(channel: number): boolean {
    return this.count > 0 && this.flags?.[channel] === true;
  }

  /** The channel was not among them. */
  add(channel: number): void {
    this.flags ??= [];
    this.flags[channel] = true;
    this.count += 1;
  }

  /** The channel was among them. */
  delete(channel: number): void {
    if (this.flags !== undefined) this.flags[channel] = false;
    this.count -= 1;
  }
}
