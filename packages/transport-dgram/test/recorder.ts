import type { DatagramReceiver, SocketAddress, TransportError } from "@sortie/transport";

/** Notes what a transport tells it, as text. */
export class Recorder implements DatagramReceiver {
  readonly log: string[] = [];
  readonly sources: SocketAddress[] = [];
  readonly errors: TransportError[] = [];
  /** Whether the end of a batch is waited for, for the sake of a datagram with this text. */
  awaitsEnd: (text: string) => boolean = () => true;
  #wakers: (() => void)[] = [];

  onDatagram(payload: Uint8Array, from: SocketAddress): boolean {
    this.sources.push(from);
    const text = new TextDecoder().decode(payload);
    this.#note(`datagram ${text} from ${from}`);
    return this.awaitsEnd(text);
  }

  onBatchEnd(): void {
    this.#note("batch end");
  }

  onError(error: TransportError): void {
    this.errors.push(error);
    this.#note(`error ${error.code}`);
  }

  onWritable(): void {
    this.#note("writable");
  }

  /** Resolves when the log has so many entries. */
  async entries(count: number): Promise<string[]> {
    while (this.log.length < count) await new Promise<void>((resolve) => this.#wakers.push(resolve));
    return this.log;
  }

  #note(text: string): void {
    this.log.push(text);
    for (const wake of this.#wakers.splice(0)) wake();
  }
}
