import { ClientHandshake, identityOf, type KeyLogEntry, parseKeyLogLine, protocolId, respond } from "@sortie/handshake";
import { createNodeProvider } from "@sortie/handshake/node";
import { SocketAddress } from "@sortie/transport";
import { type ClientHello, decodeClientHello } from "@sortie/wire";
import type { CaptureItem, CaptureRecord } from "../src/index.js";

export const crypto = createNodeProvider();

export function address(host: string, port: number): SocketAddress {
  return SocketAddress.parse(host, port);
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** 32-bit words in one byte order; numbers in arrays are bytes. */
export function words(isLittle: boolean, ...values: readonly (number | readonly number[])[]): Uint8Array {
  return concat(
    ...values.map((value) => {
      if (typeof value !== "number") return Uint8Array.from(value);
      const view = new DataView(new ArrayBuffer(4));
      view.setUint32(0, value, isLittle);
      return new Uint8Array(view.buffer);
    }),
  );
}

/** A 16-bit number, twice: for headers of pcapng. */
export function halves(isLittle: boolean, ...values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(2 * values.length));
  for (const [index, value] of values.entries()) view.setUint16(2 * index, value, isLittle);
  return new Uint8Array(view.buffer);
}

/** A block of pcapng; the body is filled up to a multiple of 4. */
export function block(isLittle: boolean, type: number, ...body: readonly Uint8Array[]): Uint8Array {
  const content = concat(...body);
  const padded = concat(content, new Uint8Array(-content.length & 3));
  const length = padded.length + 12;
  return concat(words(isLittle, type, length), padded, words(isLittle, length));
}

export function sectionHeader(isLittle: boolean): Uint8Array {
  return block(isLittle, 0x0a0d0d0a, words(isLittle, 0x1a2b3c4d), halves(isLittle, 1, 0), new Uint8Array(8).fill(0xff));
}

export function interfaceBlock(
  isLittle: boolean,
  linkType: number,
  options: Uint8Array = new Uint8Array(0),
): Uint8Array {
  return block(isLittle, 1, halves(isLittle, linkType, 0), words(isLittle, 0), options);
}

export function enhancedPacket(
  isLittle: boolean,
  frame: Uint8Array,
  {
    id = 0,
    high = 0,
    low = 0,
    original = frame.length,
  }: { id?: number; high?: number; low?: number; original?: number } = {},
): Uint8Array {
  return block(isLittle, 6, words(isLittle, id, high, low, frame.length, original), frame);
}

/** A classic pcap file with frames of one link type, at 1 s and some µs or ns, counted up. */
export function pcapFile(
  frames: readonly Uint8Array[],
  { isLittle = true, isNano = false, linkType = 101 }: { isLittle?: boolean; isNano?: boolean; linkType?: number } = {},
): Uint8Array {
  const magic = isNano ? 0xa1b23c4d : 0xa1b2c3d4;
  const header = concat(words(isLittle, magic), halves(isLittle, 2, 4), words(isLittle, 0, 0, 65_535, linkType));
  const records = frames.map((frame, index) => concat(words(isLittle, 1, index, frame.length, frame.length), frame));
  return concat(header, ...records);
}

/** IPv4 and UDP around a payload; `fields` overrides bytes of the IP header by place. */
export function ipv4(payload: Uint8Array, fields: Readonly<Record<number, number>> = {}): Uint8Array {
  const total = 28 + payload.length;
  const header = [0x45, 0, total >> 8, total & 255, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
  for (const [at, value] of Object.entries(fields)) header[Number(at)] = value;
  return concat(Uint8Array.from(header), udp(payload));
}

/** IPv6, extension headers (each with its own type in front of its bytes), UDP. */
export function ipv6(
  payload: Uint8Array,
  extensions: readonly (readonly [number, readonly number[]])[] = [],
): Uint8Array {
  const types = [...extensions.map(([type]) => type), 17];
  const headers = extensions.map(([, bytes], index) => Uint8Array.from([types[index + 1] as number, ...bytes]));
  const body = concat(...headers, udp(payload));
  const from = [0xfd, ...new Array<number>(14).fill(0), 1];
  const to = [0xfd, ...new Array<number>(14).fill(0), 2];
  return concat(
    Uint8Array.from([0x60, 0, 0, 0, body.length >> 8, body.length & 255, types[0] as number, 64, ...from, ...to]),
    body,
  );
}

export function udp(payload: Uint8Array, length: number = payload.length + 8): Uint8Array {
  return concat(halves(false, 40_000, 1474, length, 0), payload);
}

/** What a reader gives, with its views turned into text. */
export function shown(items: Iterable<CaptureItem>): string[] {
  return [...items].map((item) =>
    item.kind === "note"
      ? `note ${item.number ?? "-"}: ${item.text}`
      : `${item.number} at ${item.timeNs ?? "-"}: ${item.linkType} ${hex(item.bytes)}/${item.originalBytes}`,
  );
}

export function recordOf(linkType: number, bytes: Uint8Array): CaptureRecord {
  return { kind: "record", number: 1, timeNs: 0n, linkType, bytes, originalBytes: bytes.length };
}

/** Connection IDs of the handshake below. */
export const CLIENT_ID = 0x0a0b0c0d;
export const SERVER_ID = 0x01020304;

/** A real handshake and its key log. */
export function handshake(): { hello: Uint8Array; serverHello: Uint8Array; keys: KeyLogEntry } {
  const parameters = {
    idleTimeoutMs: 10_000,
    maxAckDelayMs: 25,
    maxDatagramBytes: 1452,
    maxMessageBytes: 4096,
    receiveWindowBytes: 65_536,
  };
  let line = "";
  const client = new ClientHandshake({
    crypto,
    protocolId: protocolId(crypto, "capture/1"),
    clientConnectionId: CLIENT_ID,
    parameters,
    trust: { kind: "any" },
    keyLog: (text) => (line = text),
  });
  const hello = client.hello();
  const own = { crypto, identity: identityOf(crypto.generateKeyPair()), parameters };
  const response = respond(own, hello, decodeClientHello(hello) as ClientHello, SERVER_ID);
  if (typeof response === "string") throw new Error(response);
  if (client.receive(response.packet).kind !== "established") throw new Error("no keys");
  return { hello, serverHello: response.packet, keys: parseKeyLogLine(line) as KeyLogEntry };
}
