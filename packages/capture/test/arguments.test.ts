import type { CryptoProvider, KeyLogEntry } from "@sortie/handshake";
import { describe, expect, it } from "vitest";
import {
  type CaptureRecord,
  DatagramDecoder,
  type DatagramInput,
  type Fields,
  isCapture,
  openedForm,
  type OpenedPacket,
  parseKeyLog,
  type PcapDatagram,
  pcapRecord,
  readCapture,
  readDatagram,
  treeOf,
} from "../src/index.js";
import { address, crypto, handshake, recordOf } from "./support.js";

/** What is no Uint8Array, and what the message says of it. */
const NO_BYTES: readonly (readonly [unknown, string])[] = [
  [undefined, "undefined"],
  [null, "null"],
  [5, "a number"],
  ["d4c3b2a1", "a string"],
  [{}, "an object"],
  [[0xd4, 0xc3, 0xb2, 0xa1], "an array"],
  [new ArrayBuffer(24), "an ArrayBuffer"],
  [Promise.resolve(new Uint8Array(24)), "a promise"],
];

/** What is no object with fields in it. */
const NO_OBJECTS: readonly (readonly [unknown, string])[] = [
  [undefined, "undefined"],
  [null, "null"],
  [5, "a number"],
  ["x", "a string"],
  [[], "an array"],
  [new Uint8Array(3), "3 bytes"],
];

const datagram: PcapDatagram = {
  timeNs: 5n,
  source: address("10.0.0.1", 1),
  destination: address("10.0.0.2", 2),
  payload: Uint8Array.of(1, 2),
};
const opened: OpenedPacket = { packetNumber: 5, generation: 0, plaintext: new Uint8Array(3), isRepeated: false };
const { keys } = handshake();
const decoder = new DatagramDecoder(crypto, [keys]);

/** Each takes bytes, which its message calls `label`. */
const TAKES_BYTES: readonly (readonly [string, string, (bytes: Uint8Array) => unknown])[] = [
  ["isCapture", "bytes", isCapture],
  ["readCapture", "bytes", readCapture],
  ["readDatagram", "record.bytes", (bytes) => readDatagram({ ...recordOf(101, new Uint8Array(0)), bytes })],
  ["pcapRecord", "payload", (payload) => pcapRecord({ ...datagram, payload })],
  ["isSortie", "payload", (payload) => decoder.isSortie(payload)],
  ["cut", "payload", (payload) => decoder.cut({ payload })],
  ["decode", "payload", (payload) => decoder.decode({ payload })],
  ["openedForm", "datagram", (bytes) => openedForm(bytes, opened)],
  ["openedForm, the frames", "plaintext", (plaintext) => openedForm(new Uint8Array(9), { ...opened, plaintext })],
];

/** Each takes an object, which its message calls `label`. */
const TAKES_OBJECT: readonly (readonly [string, string, string, (value: never) => unknown])[] = [
  ["readDatagram", "record", "a record of readCapture", (record: CaptureRecord) => readDatagram(record)],
  ["pcapRecord", "datagram", "an object", (given: PcapDatagram) => pcapRecord(given)],
  ["cut", "datagram", "an object", (given: DatagramInput) => decoder.cut(given)],
  ["decode", "datagram", "an object", (given: DatagramInput) => decoder.decode(given)],
  ["openedForm", "opened", "an object", (given: OpenedPacket) => openedForm(new Uint8Array(9), given)],
  ["treeOf", "fields", "an object", (fields: Fields) => treeOf(fields)],
];

describe("what takes bytes says so of all else", () => {
  describe.each(TAKES_BYTES)("%s", (_name, label, take) => {
    it.each(NO_BYTES)("%o", (value, got) => {
      const message = `"${label}" expected a Uint8Array, got ${got}`;
      expect(() => take(value as Uint8Array)).toThrow(new TypeError(message));
    });

    it("takes a Buffer as well", () => {
      // Of other content: some of them refuse that, as before.
      const call = (): unknown => take(Buffer.alloc(24));
      if (_name === "readCapture") expect(call).toThrow("expected a capture (pcap or pcapng), got 24 bytes");
      else expect(call).not.toThrow();
    });
  });
});

describe("what takes an object says so of all else", () => {
  describe.each(TAKES_OBJECT)("%s", (_name, label, expected, take) => {
    it.each(NO_OBJECTS)("%o", (value, got) => {
      const message = `"${label}" expected ${expected}, got ${got}`;
      expect(() => take(value as never)).toThrow(new TypeError(message));
    });
  });
});

describe("a key log", () => {
  it.each([
    [undefined, "undefined"],
    [null, "null"],
    [5, "a number"],
    [Buffer.from("SORTIE_V1"), "9 bytes"],
    [["SORTIE_V1"], "an array"],
    [{}, "an object"],
  ])("is text: %o", (text, got) => {
    expect(() => parseKeyLog(text as string)).toThrow(new TypeError(`"text" expected a string, got ${got}`));
  });

  it("that nobody awaited does not end the process by rejecting after that", async () => {
    const rejects = (): never => Promise.reject(new Error("no such file")) as never;
    expect(() => parseKeyLog(rejects())).toThrow(new TypeError('"text" expected a string, got a promise'));
    expect(() => readCapture(rejects())).toThrow(new TypeError('"bytes" expected a Uint8Array, got a promise'));
    // The test run fails for a rejection that nobody handles by then.
    await new Promise((resolve) => setTimeout(resolve));
  });
});

describe("pcapRecord", () => {
  it.each([
    ["timeNs", 5, "a bigint, got a number"],
    ["timeNs", undefined, "a bigint, got undefined"],
    ["source", undefined, "a SocketAddress, got undefined"],
    ["source", "10.0.0.1:5", "a SocketAddress, got a string"],
    ["destination", { host: "10.0.0.1", port: 5 }, "a SocketAddress, got an object"],
    ["destination", null, "a SocketAddress, got null"],
  ])("refuses a %s that is none: %o", (name, value, expected) => {
    const make = (): Uint8Array => pcapRecord({ ...datagram, [name]: value });
    expect(make).toThrow(new TypeError(`"${name}" expected ${expected}`));
  });
});

describe("a DatagramDecoder", () => {
  it.each([
    [undefined, "undefined"],
    [{}, "an object without sha256, hmacSha256, hkdfSha256, createAead"],
    [keys, "an object without sha256, hmacSha256, hkdfSha256, createAead"],
    [[keys], "an array"],
  ])("needs a crypto provider, not %#", (provider, got) => {
    const make = (): DatagramDecoder => new DatagramDecoder(provider as unknown as CryptoProvider);
    expect(make).toThrow(new TypeError(`"crypto" expected a crypto provider, got ${got}`));
  });

  it.each([
    [null, "an array of entries, got null"],
    [{ entries: [], notes: [] }, "an array of entries, got an object"],
    ["SORTIE_V1", "an array of entries, got a string"],
  ])("takes keys as an array: %o", (given, expected) => {
    const make = (): DatagramDecoder => new DatagramDecoder(crypto, given as unknown as KeyLogEntry[]);
    expect(make).toThrow(new TypeError(`"keys" expected ${expected}`));
  });

  it.each<[unknown, string]>([
    [null, '"keys[1]" expected an object, got null'],
    ["SORTIE_V1", '"keys[1]" expected an object, got a string'],
    [{}, '"keys[1].clientRandom" expected 32 bytes, got undefined'],
    [{ ...keys, clientRandom: new Uint8Array(31) }, '"keys[1].clientRandom" expected 32 bytes, got 31 bytes'],
    [{ ...keys, serverSecret: "1b".repeat(32) }, '"keys[1].serverSecret" expected 32 bytes, got a string'],
    [{ ...keys, suite: 3 }, '"keys[1].suite" expected one of CipherSuite, got 3'],
    [{ ...keys, clientConnectionId: -1 }, '"keys[1].clientConnectionId" expected an unsigned 32-bit number, got -1'],
  ])("takes entries that have keys in them, case %#", (entry, message) => {
    const make = (): DatagramDecoder => new DatagramDecoder(crypto, [keys, entry as KeyLogEntry]);
    expect(make).toThrow(message);
  });
});
