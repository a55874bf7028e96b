import type { Clock, TimerHandle } from "./clock.js";
import type { DatagramBatch } from "./datagram-batch.js";
import { checkBatch } from "./option-checks.js";
import { giveUp, PromisedSends } from "./promised-sends.js";
import { Starvation } from "./starvation.js";
import type { DatagramTransport } from "./transport.js";
import { TransportError } from "./transport-error.js";

/**
 * Turns of the event loop to wait for what came back while the process stood still: the first may be over before the
 * loop has asked the system, where it begins in the middle of one.
 */
const TURNS_TO_HEAR = 2;
/** bytes. The largest datagram that Sortie sends: over Ethernet by IPv6 (docs/PROTOCOL.md section 2). */
const DEFAULT_MIN_SLOT_BYTES = 1452;

/** @internal Hears of what a transport does that it should not. */
export interface GuardedSendsUser {
  /** A promise of `send` was rejected, in a later turn; it should give none. */
  onRejected(error: unknown): void;
  /** There was no batch for over a second. Called from inside `acquire`, once for each time of want. */
  onStarved(): void;
  /** It is time to `acquire` again, to find that out. */
  onAskAgain(): void;
}

/** @internal Takes batches from a transport and hands them back filled, whatever mistakes that makes. */
export class GuardedSends {
  readonly #transport: DatagramTransport;
  readonly #clock: Clock;
  readonly #user: GuardedSendsUser;
  readonly #starvation = new Starvation();
  readonly #promised: PromisedSends;
  readonly #minSlotBytes: number;
  /** A batch was looked at: others of the transport are taken to be like it. */
  #isChecked = false;
  /** Until the transport is asked again. */
  #turnsLeft = 0;
  #turn: TimerHandle | undefined = undefined;

  /** @param minSlotBytes bytes; the room that every datagram must find. Default 1452 */
  constructor(
    transport: DatagramTransport,
    clock: Clock,
    user: GuardedSendsUser,
    minSlotBytes: number = DEFAULT_MIN_SLOT_BYTES,
  ) {
    this.#minSlotBytes = minSlotBytes;
    this.#transport = transport;
    this.#clock = clock;
    this.#user = user;
    this.#promised = new PromisedSends((error) => user.onRejected(error));
  }

  /** Monotonic ms. When to `acquire` again, to find out whether there is still no batch; Infinity: need not. */
  get checkAtMs(): number {
    return this.#starvation.dueAtMs;
  }

  /** There was no batch the last time. */
  get isHungry(): boolean {
    return this.#starvation.isHungry;
  }

  /** What the transport throws comes through. TypeError where its first batch is none, or has too little room. */
  acquire(): DatagramBatch | undefined {
    const batch = this.#transport.acquireBatch();
    if (batch === undefined) {
      this.#onNone();
      return undefined;
    }
    if (!this.#isChecked) this.#check(batch);
    this.#starvation.onSome();
    this.#promised.onAcquired(batch);
    return batch;
  }

  /**
   * Looks at a batch before there is anything to send, if the transport gives one. Throws TypeError as `acquire` does;
   * what the transport throws is left to that.
   */
  checkBatches(): void {
    let batch: DatagramBatch | undefined;
    try {
      batch = this.#transport.acquireBatch();
    } catch {
      return;
    }
    if (batch === undefined) return;
    this.#check(batch);
    batch.release();
  }

  /** What the transport throws comes through; the batch is given up then. */
  send(batch: DatagramBatch): void {
    let returned: unknown;
    try {
      returned = this.#transport.send(batch);
    } catch (error) {
      // Nobody else might: one batch lost with each throw, until nothing can be sent to anybody.
      giveUp(batch);
      throw error;
    }
    if (returned !== undefined) this.#promised.add(batch, returned);
  }

  /** Nothing is found out any more. */
  stop(): void {
    if (this.#turn !== undefined) this.#clock.clearTimer(this.#turn);
    this.#turn = undefined;
  }

  #check(batch: DatagramBatch): void {
    checkBatch(batch, this.#minSlotBytes);
    this.#isChecked = true;
  }

  #onNone(): void {
    const advice = this.#starvation.onNone(this.#clock.now());
    if (advice === "wait") return;
    if (advice === "tell") return this.#user.onStarved();
    this.#turnsLeft = TURNS_TO_HEAR;
    this.#awaitTurn();
  }

  #awaitTurn(): void {
    this.stop();
    this.#turn = this.#clock.setTimer(this.#clock.now(), this.#onTurn);
  }

  readonly #onTurn = (): void => {
    this.#turn = undefined;
    if (--this.#turnsLeft > 0) return this.#awaitTurn();
    this.#starvation.onTurns();
    this.#user.onAskAgain();
  };
}

/** @internal What is told where a transport gives no batch any more. */
export function starvedError(): TransportError {
  const text = "nothing can be sent: the transport has given no batch for over 1 s";
  return new TransportError(
    "resources",
    `${text} (does it release every batch that it is given, also one whose send it lets fail?)`,
  );
}
