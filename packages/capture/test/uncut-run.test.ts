import { type KeyLogEntry, PacketProtection } from "@sortie/handshake";
import { ByteWriter, encodeMessage, encodePadding, encodeRetry, PACKET_HEADER_BYTES, RETRY_BYTES } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { DatagramDecoder } from "../src/index.js";
import { cutRun } from "../src/uncut-run.js";
import { CLIENT_ID, concat, crypto, handshake } from "./support.js";

const { keys } = handshake();
const OVERHEAD_BYTES = 25;

/** A connection from the same client's socket: hers is the packet's ID, as the server sends. */
function otherKeys(clientConnectionId: number): KeyLogEntry {
  return { ...keys, clientConnectionId, serverSecret: new Uint8Array(32).fill(clientConnectionId) };
}

/** A packet of the server's with so many bytes: PADDING. */
function packet(packetNumber: number, size: number, { serverSecret, ...of }: KeyLogEntry = keys): Uint8Array {
  const secrets = { localSecret: serverSecret, remoteSecret: of.clientSecret };
  const protection = new PacketProtection({ crypto, suite: of.suite, ...secrets });
  const bytes = new Uint8Array(1452);
  encodePadding(new ByteWriter().reset(bytes, PACKET_HEADER_BYTES), size - OVERHEAD_BYTES);
  const end = PACKET_HEADER_BYTES + size - OVERHEAD_BYTES;
  return bytes.slice(0, protection.seal(bytes, 0, end, of.clientConnectionId, packetNumber, 0));
}

/** Number, size and notes of each datagram that a payload is cut into. */
function decodeRun(
  decoder: DatagramDecoder,
  payload: Uint8Array,
  originalBytes: number = payload.length,
): readonly (readonly [string, number, ...string[]])[] {
  return decoder.cut({ payload, originalBytes }).map((piece) => {
    const { packet: name, summary, notes } = decoder.decode(piece);
    const [, number] = /number (?:\.\.)?(\d+)/.exec(summary) ?? [];
    return [number ?? name, piece.originalBytes, ...notes] as const;
  });
}

const place = (number: number, count: number): string =>
  `${number} of ${count} that the sender's kernel had not yet cut`;
const withKeys = (...more: readonly KeyLogEntry[]): DatagramDecoder => new DatagramDecoder(crypto, [keys, ...more]);
const withoutKeys = (): DatagramDecoder => new DatagramDecoder(crypto);

describe("a run of datagrams that the sender's kernel had not yet cut", () => {
  it.each([
    ["of the largest", [1452, 1452, 1452]],
    ["whose last is smaller", [1450, 1450, 1450, 779]],
    ["whose last is as small as any", [1000, 1000, 26]],
    ["that is no larger than a datagram", [60, 60, 31]],
    ["of the smallest", [26, 26]],
    ["of a size whose multiples fit too", new Array<number>(40).fill(50)],
    ["as large as any", new Array<number>(45).fill(1450)],
  ])("%s is cut, with keys and without", (_name, sizes) => {
    const payload = concat(...sizes.map((size, index) => packet(index + 7, size)));
    const expected = sizes.map((size, index) => [String(index + 7), size, place(index + 1, sizes.length)]);
    expect(decodeRun(withKeys(), payload)).toEqual(expected);
    expect(decodeRun(withoutKeys(), payload)).toEqual(expected);
  });

  it("is opened, and no packet of it is taken for one that came before", () => {
    const decoder = withKeys();
    const payload = concat(packet(0, 900), packet(1, 900), packet(2, 40));
    decoder.cut({ payload });
    const decoded = decoder.cut({ payload }).map((piece) => decoder.decode(piece));
    expect(decoded.map(({ opened }) => [opened?.packetNumber, opened?.isRepeated])).toEqual([
      [0, false],
      [1, false],
      [2, false],
    ]);
    expect(decoded[2]?.summary).toBe("number 2: PADDING 15");
  });

  it("may have packets of several connections: those that are known, or a key tells", () => {
    const [second, third] = [otherKeys(77), otherKeys(78)];
    const payload = concat(packet(5, 800), packet(3, 800, second), packet(9, 800, third), packet(6, 300));
    const expected = ["5", "3", "9", "6"].map((number, index) => [number, index < 3 ? 800 : 300, place(index + 1, 4)]);
    expect(decodeRun(withKeys(second, third), payload)).toEqual(expected);
    expect(decodeRun(withKeys(), payload)).toEqual(expected);
    expect(withoutKeys().cut({ payload })).toEqual([{ payload, originalBytes: 2700, run: undefined }]);
  });

  it("may have handshake packets, as of many clients with one socket", () => {
    const { hello } = handshake();
    const retry = new Uint8Array(RETRY_BYTES);
    encodeRetry(new ByteWriter().reset(retry), { clientConnectionId: CLIENT_ID, cookie: new Uint8Array(36).fill(9) });
    const decoder = withoutKeys();
    expect(decodeRun(decoder, concat(hello, hello, hello))).toEqual(
      [1, 2, 3].map((number) => ["CLIENT_HELLO", 1200, place(number, 3)]),
    );
    expect(decodeRun(decoder, concat(retry, retry))).toEqual(
      [1, 2].map((number) => ["RETRY", RETRY_BYTES, place(number, 2)]),
    );
    expect(decodeRun(withKeys(), concat(hello, packet(4, 100)))).toEqual([
      ["CLIENT_HELLO", 1200, place(1, 2)],
      ["4", 100, place(2, 2)],
    ]);
  });

  it("is shown as far as it was captured", () => {
    const payload = concat(packet(0, 700), packet(1, 700), packet(2, 700), packet(3, 650));
    const shown = decodeRun(withKeys(), payload.subarray(0, 1500), payload.length);
    expect(shown).toEqual([
      ["0", 700, place(1, 4)],
      ["1", 700, place(2, 4)],
      ["2", 700, place(3, 4), "captured 100 of 700 bytes"],
    ]);
    const [[, bytes, ...notes] = []] = decodeRun(withKeys(), payload.subarray(0, 96), payload.length);
    expect(bytes).toBe(payload.length);
    expect(notes[1]).toContain("larger than 1452 bytes, and no size is found that cuts it into packets");
  });
});

describe("what is no run", () => {
  it("is left as it is, and said to have no size", () => {
    const payload = concat(packet(0, 1452), new Uint8Array(1000).fill(0x55));
    for (const decoder of [withKeys(), withoutKeys()]) {
      expect(decodeRun(decoder, payload)).toEqual([
        ["0", 2452, "larger than 1452 bytes, and no size is found that cuts it into packets"],
      ]);
    }
    const foreign = new Uint8Array(3000).fill(0x80);
    expect(withKeys().cut({ payload: foreign })).toEqual([{ payload: foreign, originalBytes: 3000, run: undefined }]);
    expect(withKeys().cut({ payload: new Uint8Array(0) })).toHaveLength(1);
  });

  it("is a packet that opens, whatever somebody makes it look like", () => {
    const seal = (content: Uint8Array): Uint8Array => {
      const secrets = { localSecret: keys.serverSecret, remoteSecret: keys.clientSecret };
      const protection = new PacketProtection({ crypto, suite: keys.suite, ...secrets });
      const bytes = new Uint8Array(1452);
      const writer = new ByteWriter().reset(bytes, PACKET_HEADER_BYTES);
      encodeMessage(writer, 0, 1, 0, content);
      return bytes.slice(0, protection.seal(bytes, 0, writer.offset, CLIENT_ID, 0, 0));
    };
    const content = new Uint8Array(200);
    const stream = seal(content);
    const contentAt = stream.length - 16 - content.length;
    // What is encrypted is known to who sends it: a header of the same connection in the middle.
    const header = packet(1, 26).subarray(0, PACKET_HEADER_BYTES);
    for (const [index, byte] of header.entries())
      content[120 + index] = byte ^ (stream[contentAt + 120 + index] as number);
    const payload = seal(content);
    expect(payload.subarray(contentAt + 120, contentAt + 120 + header.length)).toEqual(header);
    expect(decodeRun(withKeys(), payload)).toEqual([["0", payload.length]]);
    expect(decodeRun(withoutKeys(), payload)).toHaveLength(2);
  });

  it("is looked at in 64 sizes at the most", () => {
    const tried: number[] = [];
    const isPacket = (datagram: Uint8Array): boolean => {
      tried.push(datagram.length);
      return false;
    };
    const judge = { isKnown: () => true, hasKeys: () => true, isPacket };
    const [first] = cutRun(new Uint8Array(52_000).fill(0x40), 52_000, judge);
    expect(tried).toHaveLength(64);
    expect(first?.originalBytes).toBe(26);
  });
});
