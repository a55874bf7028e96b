import { createRequire } from "node:module";
import { createSocket } from "node:dgram";
import { readdirSync, readlinkSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { DatagramReceiver, DatagramTransport, SocketAddress, TransportError } from "@sortie/transport";
import { build } from "tsup";
import type { Koffi } from "../src/koffi.js";
import { SYSTEM_CALLS } from "../src/linux-abi.js";
import { LinuxSockets } from "../src/linux-sockets.js";
import { nativeSockets } from "../src/native-sockets.js";

/** Whether this machine has what the package needs; where it has not, the fall-back is what is tested. */
export const isAvailable: boolean = nativeSockets().sockets !== undefined;

export const koffi = (): Koffi => createRequire(import.meta.url)("koffi") as Koffi;

/** What the open descriptors of this process are: "socket:[123]" and the like. */
function openFiles(): string[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      return []; // closed meanwhile
    }
  });
}

/** The system's calls, and the sockets that were opened by them. */
export class WatchedSockets extends LinuxSockets {
  readonly descriptors: number[] = [];
  readonly #names: string[] = [];

  constructor() {
    super(koffi(), SYSTEM_CALLS.get(process.arch)!);
  }

  /** Names of those that are open still; other threads' sockets do not count. */
  get stillOpen(): string[] {
    const open = openFiles();
    return this.#names.filter((name) => open.includes(name));
  }

  override open(family: 4 | 6): number {
    const fd = super.open(family);
    this.descriptors.push(fd);
    this.#names.push(readlinkSync(`/proc/self/fd/${fd}`));
    return fd;
  }
}

/** Keeps what arrives, and wakes who waits for it. */
export class Inbox implements DatagramReceiver {
  readonly payloads: Uint8Array[] = [];
  readonly sources: SocketAddress[] = [];
  /** ms. How long ago each had arrived; undefined where the transport did not say. */
  readonly waitedMs: (number | undefined)[] = [];
  readonly errors: TransportError[] = [];
  batches = 0;
  /** Called first with each datagram. */
  onEach: ((payload: Uint8Array, from: SocketAddress) => void) | undefined = undefined;
  #wake: (() => void) | undefined = undefined;

  get texts(): string[] {
    return this.payloads.map((payload) => new TextDecoder().decode(payload));
  }

  onDatagram(payload: Uint8Array, from: SocketAddress, waitedMs?: number): void {
    this.payloads.push(payload.slice());
    this.waitedMs.push(waitedMs);
    this.sources.push(from);
    this.onEach?.(payload, from);
  }

  onBatchEnd(): void {
    this.batches++;
    this.#wake?.();
  }

  onError(error: TransportError): void {
    this.errors.push(error);
    this.#wake?.();
  }

  onWritable(): void {
    this.#wake?.();
  }

  /** Resolves at the end of the first batch after which the condition holds. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  /** Resolves when so many datagrams have arrived in all. */
  received(count: number): Promise<void> {
    return this.until(() => this.payloads.length >= count);
  }
}

/** Sends datagrams, each with its target, in one batch. */
export function sendAll(
  transport: DatagramTransport,
  ...datagrams: (readonly [Uint8Array | string, SocketAddress])[]
): void {
  const batch = transport.acquireBatch();
  if (batch === undefined) throw new Error("no batch is free");
  for (const [content, to] of datagrams) {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    batch.buffer.set(bytes, batch.reserve());
    batch.commit(bytes.length, to);
  }
  transport.send(batch);
}

/** Whether the machine has IPv6 on loopback. */
export async function hasIpv6(): Promise<boolean> {
  const socket = createSocket("udp6");
  return new Promise((resolve) => {
    socket.once("error", () => socket.close(() => resolve(false)));
    socket.bind(0, "::1", () => socket.close(() => resolve(true)));
  });
}

/** Bundles one of the processes beside the tests, so that it starts at once; in here, so that it finds koffi. */
export async function bundleProcess(name: string): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(fileURLToPath(new URL(".tmp-", import.meta.url)));
  await build({
    config: false,
    entry: [fileURLToPath(new URL(`processes/${name}.ts`, import.meta.url))],
    outDir: folder,
    format: "esm",
    noExternal: [/^@sortie\//],
    esbuildOptions: (options) => void (options.conditions = ["@sortie/source"]),
    outExtension: () => ({ js: ".mjs" }),
    silent: true,
  });
  return { path: `${folder}/${name}.mjs`, remove: () => rm(folder, { recursive: true }) };
}
