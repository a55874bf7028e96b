/** ms. Timers and scheduling are that late, beyond what was told the peer, although nothing is wrong. */
const SLACK_MS = 25;

/** What is remembered of pauses; see the getters of {@link HoldUp}. */
class Lateness {
  endedAtMs: number = -Infinity;
  excusedUntilMs: number = -Infinity;
  firstNumber = 0;
  /** ms. When timers were last found late, for whatever reason. */
  lateAtMs: number = -Infinity;
}

/** Of all connections whose timers never were late. Never written to. */
const PUNCTUAL = new Lateness();

/**
 * Notices that this process was held up: collecting garbage, saving a game, stopped, suspended, without a CPU. It then
 * finds its timers overdue, and acknowledgements that came in time wait in the socket. The pause is no round trip of
 * the path, nor do packets that it left unanswered need to be lost.
 *
 * A pause is told by a timer that it made late: the pacer's while there is more to send, else the probe's while
 * anything is unanswered. One that none of them saw makes a round trip no longer than a probe timeout and
 * `toleranceMs`. Per packet that is one number to compare; timers are looked at only when time leaps.
 *
 * Who is late again and again, for longer than it is not, was not held up: it is slow, its peers wait for that long,
 * and that is its round trip. So nothing is put off for ever either.
 */
export class HoldUp {
  /** ms. Timers that are served so late were not held up. */
  toleranceMs: number;
  /** ms. When time was last told. */
  private seenAtMs: number = -Infinity;
  private past: Lateness = PUNCTUAL;

  /** @param usualDelayMs how late the owner serves its timers when all is well */
  constructor(usualDelayMs: number) {
    this.toleranceMs = usualDelayMs + SLACK_MS;
  }

  /** ms. When the last pause was over; -Infinity before the first one. */
  get endedAtMs(): number {
    return this.past.endedAtMs;
  }

  /** ms. Until then what has come in the pause is being read: nothing that is overdue counts. */
  get excusedUntilMs(): number {
    return this.past.excusedUntilMs;
  }

  /** Packets with lower numbers were sent before the pause was over. */
  get firstNumber(): number {
    return this.past.firstNumber;
  }

  /** The owner serves timers in another rhythm from now on. */
  setUsualDelay(usualDelayMs: number): void {
    this.toleranceMs = usualDelayMs + SLACK_MS;
  }

  /** Whether time has gone on by so much since the last call that it is worth to look at timers. */
  isLeap(nowMs: number): boolean {
    const elapsedMs = nowMs - this.seenAtMs;
    this.seenAtMs = nowMs;
    return elapsedMs > this.toleranceMs;
  }

  /**
   * After a leap: whether this is the end of a pause.
   * @param dueAtMs when the earliest timer should have been served; Infinity without one
   * @param nextNumber of the packet that is sent next
   */
  judge(dueAtMs: number, nowMs: number, nextNumber: number): boolean {
    const lateMs = nowMs - dueAtMs;
    if (lateMs <= this.toleranceMs) return false;
    if (this.past === PUNCTUAL) this.past = new Lateness();
    const { past } = this;
    const punctualMs = dueAtMs - past.lateAtMs;
    past.lateAtMs = nowMs;
    if (punctualMs < lateMs) return false;
    past.endedAtMs = nowMs;
    past.excusedUntilMs = nowMs + this.toleranceMs;
    past.firstNumber = nextNumber;
    return true;
  }
}
