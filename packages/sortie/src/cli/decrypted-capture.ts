import { closeSync, fchmodSync, openSync, writeSync } from "node:fs";
import { openedForm, type OpenedPacket, pcapHeader, pcapRecord, type UdpDatagram } from "@sortie/capture";

/** What is in it was meant to be secret. */
const PRIVATE_MODE = 0o600;
/** bytes that are collected before they are written. */
const CHUNK_BYTES: number = 1024 * 1024;

/**
 * A capture with the datagrams of another, where opened packets stand in the form that the dissector knows. Error for a
 * file that is there, unless `force`, or cannot be written.
 */
export class DecryptedCapture {
  readonly #file: number;
  #waiting: Uint8Array[] = [pcapHeader()];
  #waitingBytes = 0;

  constructor(path: string, force: boolean) {
    try {
      this.#file = openSync(path, force ? "w" : "wx", PRIVATE_MODE);
    } catch (error) {
      const { code = "error" } = error as NodeJS.ErrnoException;
      if (code !== "EEXIST") throw new Error(`cannot write "${path}" (${code})`, { cause: error });
      throw new Error(`the file "${path}" is there already: choose another name, or overwrite it with --force`);
    }
    if (process.platform !== "win32") fchmodSync(this.#file, PRIVATE_MODE);
  }

  write(timeNs: bigint = 0n, datagram: UdpDatagram, opened?: OpenedPacket): void {
    const { source, destination } = datagram;
    const payload = opened === undefined ? datagram.payload : openedForm(datagram.payload, opened);
    const record = pcapRecord({ timeNs, source, destination, payload });
    this.#waiting.push(record);
    this.#waitingBytes += record.length;
    if (this.#waitingBytes >= CHUNK_BYTES) this.#flush();
  }

  close(): void {
    try {
      this.#flush();
    } finally {
      closeSync(this.#file);
    }
  }

  #flush(): void {
    const bytes = Buffer.concat(this.#waiting);
    for (let at = 0; at < bytes.length;) at += writeSync(this.#file, bytes, at);
    this.#waiting = [];
    this.#waitingBytes = 0;
  }
}
