import { readFile } from "node:fs/promises";
import {
  type CaptureItem,
  type CaptureRecord,
  DatagramDecoder,
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
import { integerIn } from "./arguments.js";
import { type DecodeInput, readDecodeInput, readStandardInput } from "./decode-input.js";
import { DecryptedCapture } from "./decrypted-capture.js";
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
  const { writeDecrypted, force } = options;
  if (writeDecrypted === undefined) return decodeInput(input, options, keys, undefined);
  if (options.keys === undefined) throw new Error("--write-decrypted expected to stand with --keys, got no keys");
  if (input.kind === "datagram") throw new Error("--write-decrypted expected a capture as input, got one datagram");
  const copy = new DecryptedCapture(writeDecrypted, force === true);
  try {
    decodeInput(input, options, keys, copy);
  } finally {
    copy.close();
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

function decodeInput(
  input: DecodeInput,
  options: DecodeOptions,
  keys: readonly KeyLogEntry[],
  copy: DecryptedCapture | undefined,
): void {
  const decoder = new DatagramDecoder(createNodeProvider(), keys);
  if (input.kind === "datagram") {
    const decoded = decoder.decode({ payload: input.bytes });
    if (options.json === true) console.log(JSON.stringify({ bytes: input.bytes.length, ...jsonOf(decoded) }));
    else {
      console.log(`${input.bytes.length} bytes  ${lineOf(decoded)}`);
      printTree(decoded, "  ");
    }
    return;
  }
  new CapturePrinter(decoder, options, copy).print(readCapture(input.bytes));
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
    if (!this.#isWanted(datagram)) {
      this.#copy?.write(record.timeNs, datagram);
      return this.#passOver("not Sortie's, or begun before the capture (--port or --all shows it)");
    }
    const decoded = this.#decoder.decode(datagram);
    this.#copy?.write(record.timeNs, datagram, decoded.opened);
    this.#shown += 1;
    if (decoded.opened !== undefined) this.#opened += 1;
    this.#firstNs ??= record.timeNs;
    if (this.#options.json === true) console.log(JSON.stringify(this.#jsonOf(record, datagram, decoded)));
    else this.#printText(record, datagram, decoded);
  }

  #isWanted(datagram: UdpDatagram): boolean {
    const { port, all } = this.#options;
    if (port !== undefined) return datagram.source.port === port || datagram.destination.port === port;
    return all === true || this.#decoder.isSortie(datagram.payload);
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
  console.error(`sortie decode: ${text}`);
}
