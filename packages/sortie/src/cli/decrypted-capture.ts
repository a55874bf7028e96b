import { randomUUID } from "node:crypto";
import {
  type BigIntStats,
  closeSync,
  fchmodSync,
  fstatSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { openedForm, type OpenedPacket, pcapHeader, pcapRecord, type UdpDatagram } from "@sortie/capture";

/** What is in it was meant to be secret. */
const PRIVATE_MODE = 0o600;
/** bytes that are collected before they are written. */
const CHUNK_BYTES: number = 1024 * 1024;

/**
 * A capture with the datagrams of another, where opened packets stand in the form that the dissector knows. It is
 * written beside what it takes the place of, which is lost to a whole capture only. Error for a file that is there,
 * unless `force`; with force for what is no regular file, or one of `inputs`; and for one that cannot be written.
 */
export class DecryptedCapture {
  readonly #path: string;
  /** Where it is written until it is whole; undefined for its place itself, where nothing was. */
  readonly #beside: string | undefined;
  readonly #file: number;
  #waiting: Uint8Array[] = [pcapHeader()];
  #waitingBytes = 0;

  /** @param inputs paths or descriptors of what is read; those that are no files do not matter */
  constructor(path: string, force: boolean, inputs: readonly (string | number)[] = []) {
    const old = force ? oldFile(path, inputs) : undefined;
    this.#path = old ?? path;
    this.#beside = old === undefined ? undefined : `${old}.${randomUUID().slice(0, 8)}.tmp`;
    const written = this.#beside ?? this.#path;
    try {
      this.#file = openSync(written, "wx", PRIVATE_MODE);
    } catch (error) {
      const { code = "error" } = error as NodeJS.ErrnoException;
      if (force || code !== "EEXIST") throw new Error(`cannot write "${written}" (${code})`, { cause: error });
      throw new Error(`the file "${path}" is there already: choose another name, or overwrite it with --force`);
    }
    if (process.platform !== "win32") fchmodSync(this.#file, PRIVATE_MODE);
  }

  write(timeNs: bigint = 0n, datagram: UdpDatagram, opened?: OpenedPacket): void {
    const { source, destination, originalBytes } = datagram;
    const payload = opened === undefined ? datagram.payload : openedForm(datagram.payload, opened);
    const record = pcapRecord({ timeNs, source, destination, payload, originalBytes });
    this.#waiting.push(record);
    this.#waitingBytes += record.length;
    if (this.#waitingBytes >= CHUNK_BYTES) this.#flush();
  }

  /** The capture is whole: it takes its place. Error when it cannot be written; then it leaves nothing. */
  finish(): void {
    try {
      this.#flush();
    } catch (error) {
      this.discard();
      throw error;
    }
    closeSync(this.#file);
    if (this.#beside === undefined) return;
    try {
      renameSync(this.#beside, this.#path);
    } catch (error) {
      rmSync(this.#beside, { force: true });
      throw error;
    }
  }

  /** In place of `finish`: nothing is left of it, and what was there stays. */
  discard(): void {
    closeSync(this.#file);
    rmSync(this.#beside ?? this.#path, { force: true });
  }

  #flush(): void {
    const bytes = Buffer.concat(this.#waiting);
    for (let at = 0; at < bytes.length;) at += writeSync(this.#file, bytes, at);
    this.#waiting = [];
    this.#waitingBytes = 0;
  }
}

/** The file that is to be overwritten, where links lead to; undefined where there is none. Nothing is opened. */
function oldFile(path: string, inputs: readonly (string | number)[]): string | undefined {
  const stats = statsOf(path);
  if (stats === undefined) return undefined;
  if (!stats.isFile()) {
    const kind = stats.isDirectory() ? "a folder" : "a device or a pipe";
    throw new Error(`"--write-decrypted" expected a regular file, or none, got "${path}", which is ${kind}`);
  }
  for (const input of inputs) {
    const read = statsOf(input);
    if (read?.dev !== stats.dev || read.ino !== stats.ino) continue;
    throw new Error(`"--write-decrypted" expected a file other than the input and the key log, got "${path}"`);
  }
  return realpathSync(path);
}

function statsOf(file: string | number): BigIntStats | undefined {
  try {
    return typeof file === "number" ? fstatSync(file, { bigint: true }) : statSync(file, { bigint: true });
  } catch {
    return undefined;
  }
}
