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
  /** In ms since the first update. */
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
    const addresses = await resolveAddresses(options, clock, options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    throwIfAborted(options);
    if (host.isClosed()) return undefined;
    host.onOpen(await own.open(receiver));
    return (nowMs) => makeCore(addresses, nowMs);
  }

  /** Why it is given up, if it is: nobody else looks at the signal and the deadline. @param afterMs since it began */
  errorAt(afterMs: number): ConnectError | undefined {
    const { signal, timeoutMs = DEFAULT_TIMEOUT_MS } = this.#options;
    if (signal?.aborted === true) return abortedError(this.#options);
    this.#deadline ??= new AttemptDeadline(timeoutMs);
    const isOver = this.#deadline.isOver(afterMs, this.#lookedAtMs);
    this.#lookedAtMs = afterMs;
    if (!isOver) return undefined;
    const what = `the socket for ${targetText(this.#options)} was not open within ${timeoutMs} ms`;
    return new ConnectError("timeout", what + heldUpText(this.#deadline.heldUpMs, true));
  }
}
