import type { Clock, DatagramReceiver, SocketAddress } from "@sortie/transport";
import { resolveAddresses } from "./addresses.js";
import { AttemptDeadline, heldUpText } from "./attempt-deadline.js";
import type { ClientCore } from "./client-core.js";
import { type CoreMaker, throwIfAborted } from "./connect.js";
import { abortedError, ConnectError } from "./connect-error.js";
import { type ClientOptions, DEFAULT_TIMEOUT_MS } from "./options.js";
import type { OwnTransport } from "./own-transport.js";
import { targetText } from "./target-text.js";

/** The parts of a polled client that its opening concerns. */
export interface OpeningHost {
  readonly isClosed: () => boolean;
  /** The socket is open. Throws for a transport that is not what it should be. */
  readonly onOpen: (address: SocketAddress) => void;
}

/** What a polled client does until it has addresses and a socket: only then there is a core to look at the time. */
export class PolledOpening {
  readonly #options: ClientOptions;
  /** Of the attempt, in ms of the game; timed from the first update on. */
  #deadline: AttemptDeadline | undefined;
  #lookedAtMs = 0;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** What makes the core, once there is a socket; undefined where the client was closed meanwhile. */
  async run(
    makeCore: CoreMaker,
    own: OwnTransport,
    receiver: DatagramReceiver,
    clock: Clock,
    host: OpeningHost,
  ): Promise<((nowMs: number) => ClientCore) | undefined> {
    const options = this.#options;
    throwIfAborted(options);
    // The game may make no frames yet, and its time is another than the clock's: the name has a deadline of its own.
    const lookUpDeadline = new AttemptDeadline(clock.now() + this.#timeoutMs);
    const addresses = await resolveAddresses(options, clock, lookUpDeadline);
    throwIfAborted(options);
    if (host.isClosed()) return undefined;
    host.onOpen(await own.open(receiver));
    return (nowMs) => {
      const deadline = this.deadlineAt(nowMs);
      // The core goes by when the time was over, and cannot know when somebody looked last.
      deadline.isOver(nowMs, this.#lookedAtMs);
      return makeCore(addresses, nowMs, { deadline });
    };
  }

  /** Of the whole attempt, for the core too. @param nowMs of the game; the first call says when the attempt began */
  deadlineAt(nowMs: number): AttemptDeadline {
    if (this.#deadline === undefined) this.#lookedAtMs = nowMs;
    return (this.#deadline ??= new AttemptDeadline(nowMs + this.#timeoutMs));
  }

  /** Why it is given up, if it is: nobody else looks at the signal and the deadline. @param nowMs of the game */
  errorAt(nowMs: number): ConnectError | undefined {
    if (this.#options.signal?.aborted === true) return abortedError(this.#options);
    const deadline = this.deadlineAt(nowMs);
    const isOver = deadline.isOver(nowMs, this.#lookedAtMs);
    this.#lookedAtMs = nowMs;
    if (!isOver) return undefined;
    const what = `the socket for ${targetText(this.#options)} was not open within ${this.#timeoutMs} ms`;
    return new ConnectError("timeout", what + heldUpText(deadline.heldUpMs, true));
  }

  get #timeoutMs(): number {
    return this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  }
}
