import { open } from "node:fs/promises";
import { isCapture } from "@sortie/capture";

/** bytes. Captures are read as a whole. */
const MAX_INPUT_BYTES: number = 2 ** 30;
/** bytes. Largest UDP payload. */
const MAX_DATAGRAM_BYTES = 65_527;
/** Characters of an input that a message shows: enough for the path of a file. */
const MAX_SHOWN_CHARACTERS = 120;

/** What follows the name of what cannot be read, by the system's code. */
const ADVICE: ReadonlyMap<string | undefined, string> = new Map([
  ["ENOENT", ": there is no such file"],
  ["ENAMETOOLONG", ""],
  ["EISDIR", ": it is a directory"],
]);

/** What is to be decoded. */
export interface DecodeInput {
  readonly kind: "capture" | "datagram";
  readonly bytes: Uint8Array;
}

/**
 * A file's name, hexadecimal text, or "-" for either on standard input. Rejects with Error that says what was expected;
 * what stands in a capture is for its reader to judge.
 */
export async function readDecodeInput(
  source: string,
  readStandardInput: () => Promise<Uint8Array>,
): Promise<DecodeInput> {
  if (source === "-") return inputOf(await readStandardInput(), "standard input");
  const bytes = await readFile(source).catch((error: NodeJS.ErrnoException) => {
    const datagram = hexBytes(source);
    if (datagram !== undefined) return { kind: "datagram", bytes: datagram } as const;
    const advice = ADVICE.get(error.code);
    if (advice === undefined) throw error;
    const expected = `"input" expected a capture file or the hexadecimal text of a datagram`;
    throw new Error(`${expected}, got "${cut(source)}"${advice}`);
  });
  return bytes instanceof Uint8Array ? inputOf(bytes, `"${source}"`) : bytes;
}

/** All of standard input. */
export function readStandardInput(): Promise<Uint8Array> {
  return readAll(process.stdin, "standard input");
}

/** All of a stream that does not tell its size. Rejects with Error for more than `maxBytes`. */
export async function readAll(
  stream: AsyncIterable<Uint8Array>,
  name: string,
  maxBytes: number = MAX_INPUT_BYTES,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge(name, maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function inputOf(bytes: Uint8Array, name: string): DecodeInput {
  if (isCapture(bytes)) return { kind: "capture", bytes };
  // Text of hexadecimal digits, or else a capture of a kind that its reader refuses by name.
  const text = bytes.length <= 8 * MAX_DATAGRAM_BYTES ? new TextDecoder("latin1").decode(bytes) : "";
  const datagram = hexBytes(text);
  if (datagram !== undefined) return { kind: "datagram", bytes: datagram };
  if (bytes.length === 0) throw new Error(`${name} is empty: expected a capture, or hexadecimal text`);
  return { kind: "capture", bytes };
}

/** Bytes of hexadecimal text, with or without 0x in front, and white space, colons or commas between. */
function hexBytes(text: string): Uint8Array | undefined {
  const digits = text.replaceAll(/0x|[\s:,]/gi, "");
  if (digits.length === 0 || digits.length % 2 !== 0 || digits.length > 2 * MAX_DATAGRAM_BYTES) return undefined;
  return /^[0-9a-f]+$/i.test(digits) ? new Uint8Array(Buffer.from(digits, "hex")) : undefined;
}

async function readFile(path: string): Promise<Uint8Array> {
  const file = await open(path, "r");
  try {
    const stats = await file.stat();
    // A pipe, as of "<(tcpdump -w -)", has no size to be asked for.
    if (!stats.isFile()) return await readAll(file.createReadStream({ autoClose: false }), `"${path}"`);
    if (stats.size > MAX_INPUT_BYTES) throw tooLarge(`"${path}"`, MAX_INPUT_BYTES);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

function tooLarge(name: string, maxBytes: number): Error {
  return new Error(`${name} expected at most ${maxBytes} bytes: cut it with editcap, or capture one port alone`);
}

function cut(text: string): string {
  return text.length > MAX_SHOWN_CHARACTERS ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}...` : text;
}
