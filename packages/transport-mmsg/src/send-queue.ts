import { constants } from "node:os";
import type { DatagramBatch, TransportCounters } from "@sortie/transport";
import { type HostTimer, hostTimers } from "@sortie/transport-dgram/udp";
import { type LinuxSockets, systemCallError } from "./linux-sockets.js";
import type { SendRing } from "./send-ring.js";

const { EADDRNOTAVAIL, EAGAIN, EBADF, ECONNREFUSED, EINTR, EINVAL, EIO, EMSGSIZE } = constants.errno;
const { ENETUNREACH, ENOBUFS, ENOMEM, ENOTSOCK } = constants.errno;

/** What a send from an address that is not the machine's, or not its way to the target, fails with. */
const NO_SUCH_SOURCE: readonly number[] = [EADDRNOTAVAIL, EINVAL, ENETUNREACH];

/** ms. Pause after ENOBUFS or ENOMEM: a device's queue drains in microseconds to milliseconds, and has no event. */
const NO_BUFFERS_PAUSE_MS = 1;
/** Tries of one message that meets ENOBUFS, the first one included; then it counts as lost, as in a full queue. */
const MAX_NO_BUFFERS_TRIES = 8;

/** What the queue asks of its socket. */
export interface SendQueueUser {
  /** Call `resume` when the socket is writable; or stop watching. */
  watchWritable(watch: boolean): void;
  /** The socket itself is gone. */
  onGone(error: Error): void;
  /** All that waited is out. */
  onDrained(): void;
}

/** Sends batches in order, at once where the system takes them; the rest waits, and is counted whatever comes of it. */
export class SendQueue {
  readonly #fd: number;
  readonly #sockets: LinuxSockets;
  readonly #ring: SendRing;
  readonly #counters: TransportCounters;
  readonly #user: SendQueueUser;
  /** Batches that wait, oldest first: at most those of the transport's pool. */
  readonly #waiting: DatagramBatch[] = [];
  /** First datagram of the oldest batch that waits. */
  #next = 0;
  /** Datagrams of that batch below this one are sent each on its own. */
  #wholeBelow = 0;
  #noBuffersTries = 0;
  /** The datagram at hand met ECONNREFUSED before. */
  #refused = false;
  #pause: HostTimer | undefined = undefined;

  constructor(fd: number, sockets: LinuxSockets, ring: SendRing, counters: TransportCounters, user: SendQueueUser) {
    this.#fd = fd;
    this.#sockets = sockets;
    this.#ring = ring;
    this.#counters = counters;
    this.#user = user;
  }

  /** Nothing waits. */
  get idle(): boolean {
    return this.#waiting.length === 0;
  }

  /** Sends the batch, after those that wait, and releases it when its last datagram is done. Never throws. */
  send(batch: DatagramBatch): void {
    this.#waiting.push(batch);
    if (this.#waiting.length === 1) this.#run();
  }

  /** The socket is writable, or a pause is over. */
  resume(): void {
    if (this.#pause !== undefined || this.idle) return;
    this.#run();
  }

  /** Gives up what waits, and counts it: for good, or in the middle of a send. */
  abandon(): void {
    hostTimers.clearTimeout(this.#pause);
    this.#pause = undefined;
    for (const batch of this.#waiting.splice(0)) {
      this.#counters.sendErrors += batch.count - this.#next;
      this.#next = 0;
      batch.release();
    }
    this.#wholeBelow = 0;
    this.#user.watchWritable(false);
    this.#user.onDrained();
  }

  #run(): void {
    for (let batch = this.#waiting[0]; batch !== undefined; batch = this.#waiting[0]) {
      if (!this.#runBatch(batch)) return;
      this.#waiting.shift();
      this.#next = 0;
      this.#wholeBelow = 0;
      batch.release();
    }
    this.#user.watchWritable(false);
    this.#user.onDrained();
  }

  /** Sends of the batch what the system takes; false where the rest waits. */
  #runBatch(batch: DatagramBatch): boolean {
    while (this.#next < batch.count) {
      const loaded = this.#ring.load(batch, this.#next, this.#wholeBelow);
      if (loaded === 0) this.#skip(1);
      else if (!this.#sendLoaded(loaded)) return false;
    }
    return true;
  }

  /** Sends the loaded messages up to the first that must be loaded again; false where the rest waits. */
  #sendLoaded(loaded: number): boolean {
    for (let slot = 0; slot < loaded;) {
      const sent = this.#ring.send(this.#fd, slot, loaded);
      if (sent < 0) return this.#onError(slot);
      this.#noBuffersTries = 0;
      for (const end = slot + sent; slot < end; slot++) this.#countSent(slot);
    }
    return true;
  }

  #countSent(slot: number): void {
    const datagrams = this.#ring.datagramsOf[slot] as number;
    this.#counters.datagramsSent += datagrams;
    this.#counters.bytesSent += this.#ring.bytesOf[slot] as number;
    this.#next += datagrams;
    this.#refused = false;
  }

  /** What to do about the message in `slot`, whose first datagram is `#next`; false where it waits. */
  #onError(slot: number): boolean {
    const errno = this.#sockets.lastError;
    const datagrams = this.#ring.datagramsOf[slot] as number;
    // The machine has lost the address that the peer sent to, or cannot send from it: let the system choose.
    if (NO_SUCH_SOURCE.includes(errno) && this.#ring.forgetLocal(slot)) return true;
    switch (errno) {
      case EINTR:
        return true;
      case EAGAIN:
        this.#user.watchWritable(true);
        return false;
      case ENOBUFS:
      case ENOMEM:
        return this.#onNoBuffers(datagrams);
      case ECONNREFUSED:
        this.#onRefused();
        return true;
      case EBADF:
      case ENOTSOCK:
        this.#user.onGone(systemCallError(errno, "sendmmsg"));
        this.abandon(); // those behind it too: the descriptor must not be asked again
        return false;
      case EIO:
      case EINVAL:
      case EMSGSIZE:
        if (datagrams === 1) {
          if (errno === EMSGSIZE) this.#counters.tooLarge++;
          break;
        }
        // A device without checksums for segments; or a link whose MTU is below them, where the last may be smaller.
        if (errno === EIO) this.#ring.segments = false;
        this.#wholeBelow = this.#next + datagrams;
        return true;
    }
    this.#skip(datagrams);
    return true;
  }

  #onNoBuffers(datagrams: number): boolean {
    if (++this.#noBuffersTries >= MAX_NO_BUFFERS_TRIES) {
      this.#noBuffersTries = 0;
      this.#skip(datagrams);
      return true;
    }
    this.#pause = hostTimers.setTimeout(this.#onPauseOver, NO_BUFFERS_PAUSE_MS);
    return false;
  }

  /** An ICMP message about an earlier datagram, cleared by being told: the one at hand was not tried. */
  #onRefused(): void {
    this.#counters.receiveErrors++;
    if (this.#refused) this.#skip(1);
    else this.#refused = true;
  }

  readonly #onPauseOver = (): void => {
    this.#pause = undefined;
    this.#run();
  };

  #skip(datagrams: number): void {
    this.#counters.sendErrors += datagrams;
    this.#next += datagrams;
    this.#refused = false;
  }
}
