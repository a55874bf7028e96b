import { describe, expect, it } from "vitest";
import { CaptureError, isCapture, readCapture } from "../src/index.js";
import {
  block,
  concat,
  enhancedPacket,
  halves,
  interfaceBlock,
  pcapFile,
  sectionHeader,
  shown,
  words,
} from "./support.js";

const FRAMES = [Uint8Array.of(1, 2, 3), Uint8Array.of(4)];
const ORDERS = [
  ["big", false],
  ["little", true],
] as const;

describe.each(ORDERS)("a pcap file, %s-endian", (_name, isLittle) => {
  it.each([
    [false, "1000001000"],
    [true, "1000000001"],
  ])("gives its records (nanoseconds: %s)", (isNano, second) => {
    expect(shown(readCapture(pcapFile(FRAMES, { isLittle, isNano, linkType: 1 })))).toEqual([
      "1 at 1000000000: 1 010203/3",
      `2 at ${second}: 1 04/1`,
    ]);
  });

  it("says where it was cut", () => {
    const file = pcapFile(FRAMES, { isLittle });
    expect(shown(readCapture(file.subarray(0, -1)))[1]).toBe(
      "note 2: the record claims 1 bytes, the file has 0: it ends here",
    );
    expect(shown(readCapture(file.subarray(0, -2)))[1]).toBe("note 2: the file ends in this record's header");
    expect(shown(readCapture(file.subarray(0, 20)))).toEqual(["note -: the file ends in its header, after 20 bytes"]);
    expect(shown(readCapture(file.subarray(0, 24)))).toEqual([]);
  });

  it("takes no length of a record on trust, and keeps what it had on the link", () => {
    const claims = concat(pcapFile([], { isLittle }), words(isLittle, 0, 0, 0xffff_ffff, 0xffff_ffff));
    expect(shown(readCapture(claims))).toEqual([
      "note 1: the record claims 4294967295 bytes, the file has 0: it ends here",
    ]);
    const cut = concat(pcapFile([], { isLittle }), words(isLittle, 0, 0, 2, 1500), Uint8Array.of(7, 8));
    expect(shown(readCapture(cut))).toEqual(["1 at 0: 101 0708/1500"]);
  });
});

describe.each(ORDERS)("a pcapng file, %s-endian", (_name, isLittle) => {
  const start = concat(sectionHeader(isLittle), interfaceBlock(isLittle, 1));

  it("gives packets of all kinds, and passes over other blocks", () => {
    const file = concat(
      start,
      block(isLittle, 5, words(isLittle, 0, 0, 0)),
      enhancedPacket(isLittle, FRAMES[0] as Uint8Array, { high: 1, low: 5, original: 90 }),
      block(isLittle, 3, words(isLittle, 1), FRAMES[1] as Uint8Array),
      block(isLittle, 2, halves(isLittle, 0, 9), words(isLittle, 0, 7, 1, 1), FRAMES[1] as Uint8Array),
      block(isLittle, 0x0bad, words(isLittle, 1)),
    );
    expect(shown(readCapture(file))).toEqual([
      `1 at ${(2n ** 32n + 5n) * 1000n}: 1 010203/90`,
      "2 at -: 1 04/1",
      "3 at 7000: 1 04/1",
    ]);
  });

  it.each([
    ["nanoseconds", [9], 1n],
    ["quarters of a second", [0x82], 250_000_000n],
  ])("reads time stamps in %s", (_unit, resolution, nsPerUnit) => {
    const option = (code: number, bytes: readonly number[]): Uint8Array =>
      concat(halves(isLittle, code, bytes.length), Uint8Array.from(bytes), new Uint8Array(-bytes.length & 3));
    const offset = new DataView(new ArrayBuffer(8));
    offset.setBigInt64(0, 10n, isLittle);
    const offsetBytes = [...new Uint8Array(offset.buffer)];
    const options = concat(option(2, [0x6c, 0x6f]), option(9, resolution), option(14, offsetBytes), option(0, []));
    const file = concat(
      sectionHeader(isLittle),
      interfaceBlock(isLittle, 1, options),
      enhancedPacket(isLittle, Uint8Array.of(1), { low: 3 }),
    );
    expect(shown(readCapture(file))).toEqual([`1 at ${10_000_000_000n + 3n * nsPerUnit}: 1 01/1`]);
  });

  it("starts anew with each section, in either byte order", () => {
    const file = concat(
      start,
      enhancedPacket(isLittle, Uint8Array.of(1)),
      sectionHeader(!isLittle),
      enhancedPacket(!isLittle, Uint8Array.of(2)),
      interfaceBlock(!isLittle, 101),
      enhancedPacket(!isLittle, Uint8Array.of(3)),
    );
    expect(shown(readCapture(file))).toEqual([
      "1 at 0: 1 01/1",
      "note 2: a packet of interface 0, which was not described",
      "3 at 0: 101 03/1",
    ]);
  });

  it("says what is damaged, and where", () => {
    const packet = enhancedPacket(isLittle, Uint8Array.of(1, 2, 3, 4));
    const at = start.length;
    const damaged = (bytes: Uint8Array): string => shown(readCapture(concat(start, bytes))).join("; ");
    expect(damaged(packet.subarray(0, 8))).toBe(`note -: the file ends in a block, at byte ${at}`);
    expect(damaged(packet.subarray(0, -1))).toContain("a block claims 36 bytes, the file has 35");
    expect(damaged(words(isLittle, 6, 8, 8))).toContain("a block of 8 bytes, which none can have");
    expect(damaged(words(isLittle, 6, 13, 8, 8))).toContain("a block of 13 bytes, which none can have");
    expect(damaged(concat(packet.subarray(0, -4), words(isLittle, 40)))).toContain(
      "a block of 36 bytes says 40 at its end",
    );
    expect(damaged(block(isLittle, 6, words(isLittle, 0, 0, 0, 9, 9), new Uint8Array(4)))).toBe(
      "note 1: the packet claims 9 bytes, its block has 4",
    );
    expect(damaged(block(isLittle, 6, words(isLittle, 0)))).toBe("note 1: a packet block with 4 bytes of header");
    expect(damaged(block(isLittle, 1, new Uint8Array(4)))).toBe("note -: an interface without a description");
    const strange = block(isLittle, 0x0a0d0d0a, words(isLittle, 0x0102_0304));
    expect(damaged(strange)).toBe(`note -: a section of unknown byte order, at byte ${at}`);
  });
});

describe("a pcapng section", () => {
  it("has no more than 4096 interfaces", () => {
    const interfaces = new Array<Uint8Array>(4097).fill(interfaceBlock(true, 101));
    const packets = [4095, 4096].map((id) => enhancedPacket(true, Uint8Array.of(1), { id }));
    expect(shown(readCapture(concat(sectionHeader(true), ...interfaces, ...packets)))).toEqual([
      "1 at 0: 101 01/1",
      "note 2: a packet of interface 4096, which was not described",
    ]);
  });
});

describe("readCapture", () => {
  it.each([new Uint8Array(0), Uint8Array.of(0xa1, 0xb2), Uint8Array.of(0x1f, 0x8b, 8, 0)])(
    "refuses at once what is no capture: %s",
    (bytes) => {
      expect(isCapture(bytes)).toBe(false);
      expect(() => readCapture(bytes)).toThrow(CaptureError);
      expect(() => readCapture(bytes)).toThrow(
        /^expected a capture \(pcap or pcapng\), got \d bytes that begin with "/,
      );
    },
  );
});
