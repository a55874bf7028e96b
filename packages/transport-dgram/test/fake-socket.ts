import type { RemoteInfo, Socket } from "node:dgram";
import { EventEmitter } from "node:events";
import type { SocketFactory } from "../src/bound-socket.js";

type SendCallback = (error: Error | null, bytes: number) => void;

/** A send that the test completes. */
interface PendingSend {
  readonly host: string;
  readonly port: number;
  readonly bytes: number;
  readonly callback: SendCallback;
}

/** An error as Node makes it. */
export function osError(code: string, message: string = `bind ${code} ::`): Error {
  return Object.assign(new Error(message), { code });
}

/** Stands in for a socket of node:dgram: the test decides what the system answers. */
export class FakeSocket extends EventEmitter {
  readonly type: string;
  readonly pending: PendingSend[] = [];
  boundTo: { address: string; port: number } | undefined = undefined;
  closed = false;
  unrefs = 0;
  /** Answers of bind, in order over all sockets of one factory; undefined means success. */
  readonly bindErrors: (Error | undefined)[];
  bufferSizeError: Error | undefined = undefined;
  sendThrows: Error | undefined = undefined;

  constructor(type: string, bindErrors: (Error | undefined)[]) {
    super();
    this.type = type;
    this.bindErrors = bindErrors;
  }

  bind(options: { address: string; port: number }): this {
    const error = this.bindErrors.shift();
    queueMicrotask(() => {
      if (error !== undefined) {
        this.emit("error", error);
        return;
      }
      this.boundTo = options;
      this.emit("listening");
    });
    return this;
  }

  address(): { address: string; port: number; family: string } {
    if (this.boundTo === undefined) throw osError("EBADF");
    const { address, port } = this.boundTo;
    return { address, port: port === 0 ? 40_000 : port, family: this.type === "udp6" ? "IPv6" : "IPv4" };
  }

  send(payload: Uint8Array, port: number, host: string, callback: SendCallback): void {
    if (this.sendThrows !== undefined) throw this.sendThrows;
    this.pending.push({ host, port, bytes: payload.length, callback });
  }

  /** Completes the oldest send. */
  complete(error: Error | null = null): void {
    const send = this.pending.shift();
    if (send === undefined) throw new Error("no send is pending");
    send.callback(error, error === null ? send.bytes : 0);
  }

  receive(text: string, remote: Partial<RemoteInfo> = {}): void {
    this.emit("message", Buffer.from(text), {
      address: "192.0.2.9",
      port: 9,
      family: "IPv4",
      size: text.length,
      ...remote,
    });
  }

  close(callback?: () => void): this {
    if (this.closed) throw osError("ERR_SOCKET_DGRAM_NOT_RUNNING");
    this.closed = true;
    if (callback !== undefined) queueMicrotask(callback);
    return this;
  }

  unref(): this {
    this.unrefs++;
    return this;
  }

  setRecvBufferSize(): void {
    if (this.bufferSizeError !== undefined) throw this.bufferSizeError;
  }

  setSendBufferSize(): void {}

  getRecvBufferSize(): number {
    return 1111;
  }

  getSendBufferSize(): number {
    return 2222;
  }
}

/** A factory of such sockets and what it made. */
export function fakeSockets(...bindErrors: (Error | undefined)[]): { factory: SocketFactory; sockets: FakeSocket[] } {
  const sockets: FakeSocket[] = [];
  const factory: SocketFactory = ({ type }) => {
    const socket = new FakeSocket(type, bindErrors);
    sockets.push(socket);
    return socket as unknown as Socket;
  };
  return { factory, sockets };
}
