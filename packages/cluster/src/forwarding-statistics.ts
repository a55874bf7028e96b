/** What workers handed to each other: counters of one worker, or sums of several. They never decrease. */
export interface ForwardingStatistics {
  /** Datagrams of another worker's peer that were passed on to it. */
  readonly forwarded: number;
  /** bytes of their payload. */
  readonly forwardedBytes: number;
  /** Hellos that were passed on as well, as this worker took no newcomers and another one did. */
  readonly newcomers: number;
  /** Datagrams of another worker's peer that were dropped, as too many were on their way. */
  readonly dropped: number;
  /** Datagrams of another worker's peer that came while there was no such worker: answered with a reset. */
  readonly ownerless: number;
  /** Datagrams that others passed on to this worker. */
  readonly received: number;
  /** Datagrams that others passed on to this worker and that did not arrive, as it was too busy. */
  readonly lost: number;
  /** Datagrams on the workers' own sockets that were of no worker, or of no peer of this one. */
  readonly refused: number;
  /** Datagrams dropped before all workers were there. */
  readonly early: number;
}

/** A worker's counters as it keeps them: a {@link ForwardingStatistics} to write to. */
export class ForwardingCounters implements ForwardingStatistics {
  forwarded = 0;
  forwardedBytes = 0;
  newcomers = 0;
  dropped = 0;
  ownerless = 0;
  received = 0;
  lost = 0;
  refused = 0;
  early = 0;
}
