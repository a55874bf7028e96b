import { readFile } from "node:fs/promises";
import {
  type CaptureItem,
  type CaptureRecord,
  DatagramDecoder,
  type DatagramPiece,
  type DecodedDatagram,
  parseKeyLog,
  readCapture,
  readDatagram,
  treeOf,
  type UdpDatagram,
} from "@sortie/capture";
import type { KeyLogEntry } from "@sortie/handshake";
import { createNodeProvider } from "@sortie/handshake/node";
import { Command } from "commander";
import { escapeHidden } from "../escape-hidden.js";
import { integerIn } from "./arguments.js";
import { readDecodeInput, readStandardInput } from "./decode-input.js";
import { DecryptedCapture } from "./decrypted-capture.js";
import { jsonText } from "./json-text.js";
import { printable } from "./printable.js";

interface DecodeOptions {
  readonly keys?: string;
  readonly port?: number;
  readonly all?: boolean;
  readonly verbose?: boolean;
  readonly json?: boolean;
  readonly writeDecrypted?: string;
  readonly force?: boolean;
}

/** What runs the command: tests give it an input. */
export interface DecodeHost {
  readStandardInput(): Promise<Uint8Array>;
}

/** Reasons why records are passed over that are told apart in the summary. */
const MAX_REASONS = 20;

const EXAMPLES = `
Examples:
  $ SORTIE_KEYLOGFILE=keys.log node server.js      logs the keys: whoever reads them can decrypt the traffic
  $ sortie decode game.pcap --keys keys.log
  $ sortie decode game.pcap --keys keys.log --write-decrypted opened.pcap
  $ sortie decode --json < datagram.hex`;

/** `sortie decode`: a datagram, or a capture, packet by packet. */
export function decodeCommand(host: DecodeHost = { readStandardInput }): Command {
  return new Command("decode")
    .description("show what a datagram (hexadecimal) or a capture (pcap, pcapng) holds, packet by packet")
    .argument("[input]", "capture file, hexadecimal text, or - for standard input", "-")
    .option("--keys <file>", "key log of the server or a client: packets are decrypted (docs/DEBUGGING.md)")
    .option("--port <number>", "all datagrams from or to this port, and no others", integerIn(1, 65_535))
    .option("--all", "all datagrams, also those that do not look like Sortie's")
    .option("-v, --verbose", "every field of every packet")
    .option("--json", "one JSON object for each datagram, and nothing else, to standard output")
    .option("--write-decrypted <file>", "also write a capture with decrypted packets, for the Wireshark dissector")
    .option("-f, --force", "overwrite the file of --write-decrypted")
    .addHelpText("after", EXAMPLES)
    .action((input: string, options: DecodeOptions) => run(input, options, host));
}

async function run(source: string, options: DecodeOptions, host: DecodeHost): Promise<void> {
  const keys = options.keys === undefined ? [] : await readKeys(options.keys);
  const input = await readDecodeInput(source, () => host.readStandardInput());
  if (input.kind === "datagram") {
    refuseCaptureOptions(options);
    printDatagram(new DatagramDecoder(createNodeProvider(), keys), input.bytes, options);
    return;
  }
  // What is no capture is refused here, before anything is overwritten.
  const items = readCapture(input.bytes);
  const copy = openCopy(source, options);
  try {
    new CapturePrinter(new DatagramDecoder(createNodeProvider(), keys), options, copy).print(items);
  } catch (error) {
    copy?.discard();
    throw error;
  }
  copy?.finish();
}

/** Descriptor of standard input. */
const STANDARD_INPUT = 0;

function openCopy(source: string, { keys, writeDecrypted, force }: DecodeOptions): DecryptedCapture | undefined {
  if (writeDecrypted === undefined) {
    if (force === true) throw new Error("--force expected to stand with --write-decrypted, got no such option");
    return undefined;
  }
  if (keys === undefined) throw new Error("--write-decrypted expected to stand with --keys, got no keys");
  return new DecryptedCapture(writeDecrypted, force === true, [source === "-" ? STANDARD_INPUT : source, keys]);
}

function refuseCaptureOptions({ writeDecrypted, port, all, force }: DecodeOptions): void {
  const given = { "--write-decrypted": writeDecrypted, "--port": port, "--all": all, "--force": force };
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined) throw new Error(`${name} expected a capture as input, got one datagram`);
  }
}

async function readKeys(path: string): Promise<readonly KeyLogEntry[]> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new Error(`cannot read the key log "${path}" (${error.code ?? "error"})`);
  });
  const { entries, notes } = parseKeyLog(text);
  for (const note of notes) complain(note);
  if (entries.length === 0) complain(`the key log "${path}" has no keys of Sortie`);
  return entries;
}

/** One datagram; or several that were captured on their sender's machine before its kernel cut them. */
function printDatagram(decoder: DatagramDecoder, bytes: Uint8Array, { json }: DecodeOptions): void {
  for (const piece of decoder.cut({ payload: bytes })) {
    const decoded = decoder.decode(piece);
    if (json === true) console.log(jsonText({ bytes: piece.payload.length, ...jsonOf(decoded) }));
    else {
      console.log(`${piece.payload.length} bytes  ${lineOf(decoded)}`);
      printTree(decoded, "  ");
    }
  }
}

/** Prints a capture and counts what it passes over. */
class CapturePrinter {
  readonly #decoder: DatagramDecoder;
  readonly #options: DecodeOptions;
  readonly #copy: DecryptedCapture | undefined;
  readonly #passedOver = new Map<string, number>();
  #records = 0;
  #shown = 0;
  #opened = 0;
  #firstNs: bigint | undefined;

  constructor(decoder: DatagramDecoder, options: DecodeOptions, copy: DecryptedCapture | undefined) {
    this.#decoder = decoder;
    this.#options = options;
    this.#copy = copy;
  }

  print(items: Iterable<CaptureItem>): void {
    for (const item of items) {
      if (item.kind === "note") complain(item.number === undefined ? item.text : `record ${item.number}: ${item.text}`);
      else this.#onRecord(item);
    }
    if (this.#options.json === true) return;
    console.log(`${this.#records} records, ${this.#shown} datagrams shown, ${this.#opened} packets decrypted`);
    for (const [reason, count] of this.#passedOver) console.log(`${count} passed over: ${reason}`);
  }

  #onRecord(record: CaptureRecord): void {
    this.#records += 1;
    const datagram = readDatagram(record);
    if (typeof datagram === "string") return this.#passOver(datagram);
    const pieces = this.#decoder.cut(datagram);
    if (!this.#isWanted(datagram, pieces)) {
      this.#copy?.write(record.timeNs, datagram);
      return this.#passOver("not Sortie's, or begun before the capture (--port or --all shows it)");
    }
    for (const piece of pieces) this.#onDatagram(record, { ...datagram, ...piece });
  }

  #onDatagram(record: CaptureRecord, datagram: UdpDatagram & DatagramPiece): void {
    const decoded = this.#decoder.decode(datagram);
    this.#copy?.write(record.timeNs, datagram, decoded.opened);
    this.#shown += 1;
    if (decoded.opened !== undefined) this.#opened += 1;
    this.#firstNs ??= record.timeNs;
    if (this.#options.json === true) console.log(jsonText(this.#jsonOf(record, datagram, decoded)));
    else this.#printText(record, datagram, decoded);
  }

  #isWanted({ source, destination }: UdpDatagram, pieces: readonly DatagramPiece[]): boolean {
    const { port, all } = this.#options;
    if (port !== undefined) return source.port === port || destination.port === port;
    return all === true || pieces.some(({ payload }) => this.#decoder.isSortie(payload));
  }

  #passOver(reason: string): void {
    const counts = this.#passedOver;
    const key = counts.has(reason) || counts.size < MAX_REASONS ? reason : "other reasons";
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }

  #jsonOf(record: CaptureRecord, datagram: UdpDatagram, decoded: DecodedDatagram): object {
    return {
      record: record.number,
      time: record.timeNs === undefined ? null : secondsText(record.timeNs, 9),
      source: datagram.source.toString(),
      destination: datagram.destination.toString(),
      bytes: datagram.originalBytes,
      ...jsonOf(decoded),
    };
  }

  #printText(record: CaptureRecord, datagram: UdpDatagram, decoded: DecodedDatagram): void {
    const time = record.timeNs === undefined ? "-" : secondsText(record.timeNs - (this.#firstNs ?? 0n), 6);
    const way = `${datagram.source.toString()} > ${datagram.destination.toString()}`;
    console.log(`${String(record.number).padStart(5)}  ${time.padStart(10)}  ${way}  ${lineOf(decoded)}`);
    if (this.#options.verbose === true) printTree(decoded, "         ");
  }
}

function lineOf({ packet, connection, sender, summary, notes }: DecodedDatagram): string {
  const who = connection === "" ? (sender ?? "") : `${connection} ${sender ?? ""}`;
  const remarks = notes.map((note) => `  (${note})`).join("");
  return printable(`${who === "" ? "" : `${who}  `}${packet}  ${summary}${remarks}`);
}

/** Texts of packets come from anywhere: a terminal must not obey them. */
function printTree({ fields }: DecodedDatagram, indent: string): void {
  for (const line of treeOf(fields, indent)) console.log(printable(line));
}

function jsonOf({ packet, connection, sender, fields, notes }: DecodedDatagram): object {
  return { packet, connection: connection || null, sender: sender ?? null, fields, notes };
}

/** ns as seconds with so many decimals. */
function secondsText(ns: bigint, decimals: number): string {
  const size = ns < 0n ? -ns : ns;
  const fraction = String(size % 1_000_000_000n).padStart(9, "0");
  return `${ns < 0n ? "-" : ""}${size / 1_000_000_000n}.${fraction.slice(0, decimals)}`;
}

function complain(text: string): void {
  console.error(`sortie decode: ${escapeHidden(text)}`);
}
