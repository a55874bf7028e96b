/**
 * What one ACK told, once all of it was applied: bytes that arrived, how fast, and how long it took. Reused: valid
 * until the call it is passed to returns.
 */
export interface AckSample {
  readonly nowMs: number;
  /**
   * ms, the peer's acknowledgement delay and `returnWaitMs` taken off; -1 when the ACK gives no round trip (RFC 9002
   * section 5.1).
   */
  readonly rttMs: number;
  /** ms. Smoothed round trip (RFC 9002 section 5.3). */
  readonly smoothedRttMs: number;
  /** ms. How long the peer says it held the ACK back, cut to what it promised. */
  readonly ackDelayMs: number;
  /** ms for which the ACK waited in a queue of the peer's data on its way back; 0 when nothing tells. */
  readonly returnWaitMs: number;
  /** ms. Of late the longest of these waits, which is forgotten by and by. */
  readonly maxReturnWaitMs: number;
  /**
   * ms. How long packets may have waited at the peer when it acknowledges them: what it promised or, of a promise above
   * 50 ms, the longest of late, at least 25 and at most what it promised.
   */
  readonly maxAckDelayMs: number;
  /** bytes acknowledged for the first time by this ACK. */
  readonly ackedBytes: number;
  /** bytes taken for lost since the last ACK. */
  readonly lostBytes: number;
  /** bytes in flight afterwards. */
  readonly bytesInFlight: number;
  /** bytes acknowledged since the connection began. */
  readonly deliveredBytes: number;
  /** `deliveredBytes` when the youngest packet of this ACK was sent: tells rounds apart. */
  readonly priorDeliveredBytes: number;
  /** ms. When the latest of the delivered bytes arrived, on our clock and by the peer's word: both delays are off. */
  readonly deliveredAtMs: number;
  /** bytes/s; 0 when the ACK gives no sample. */
  readonly deliveryRateBytesPerSecond: number;
  /** bytes acknowledged of packets that left together with the youngest of the ACK before; 0 when none did. */
  readonly trainBytes: number;
  /** ms between the arrival of that one and of those. */
  readonly trainMs: number;
  /** Whether the sender had too little to send for the sample to show what the path can do. */
  readonly isAppLimited: boolean;
}

export type MutableAckSample = { -readonly [K in keyof AckSample]: AckSample[K] };

export function createAckSample(): MutableAckSample {
  return {
    nowMs: 0,
    rttMs: -1,
    smoothedRttMs: 0,
    ackDelayMs: 0,
    returnWaitMs: 0,
    maxReturnWaitMs: 0,
    maxAckDelayMs: 0,
    ackedBytes: 0,
    lostBytes: 0,
    bytesInFlight: 0,
    deliveredBytes: 0,
    priorDeliveredBytes: 0,
    deliveredAtMs: 0,
    deliveryRateBytesPerSecond: 0,
    trainBytes: 0,
    trainMs: 0,
    isAppLimited: false,
  };
}
