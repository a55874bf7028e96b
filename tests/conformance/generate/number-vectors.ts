import {
  ByteReader,
  ByteWriter,
  datagramKind,
  isLegalProtectedFlags,
  keyPhaseOf,
  MAX_PACKET_NUMBER,
  readConnectionId,
  readTruncatedPacketNumber,
  recoverPacketNumber,
  truncatePacketNumber,
  writePacketHeader,
} from "@sortie/wire";
import { expectSame, hex, toHex } from "./hex.js";

/** Section 1: variable-length integers. */
export function varintVectors(): object {
  const values = [
    0,
    1,
    37,
    63,
    64,
    15_293,
    16_383,
    16_384,
    494_878_333,
    2 ** 30 - 1,
    2 ** 30,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 48 - 1,
    Number.MAX_SAFE_INTEGER,
  ];
  const legal = values.map((value) => {
    const writer = new ByteWriter().reset(new Uint8Array(8));
    writer.varint(value);
    return { bytes: toHex(writer.bytes.subarray(0, writer.offset)), value };
  });
  const illegal = [
    ["4025", "non-canonical"],
    ["403f", "non-canonical"],
    ["80003fff", "non-canonical"],
    ["c00000003fffffff", "non-canonical"],
    ["c000000000000000", "non-canonical"],
    ["c020000000000000", "out-of-range"],
    ["c2197c5eff14e88c", "out-of-range"],
    ["ffffffffffffffff", "out-of-range"],
    ["", "truncated"],
    ["7b", "truncated"],
    ["9d7f3e", "truncated"],
    ["c0000000400000", "truncated"],
  ] as const;
  return {
    section: "1",
    legal,
    illegal: illegal.map(([bytes, error]) => {
      const reader = new ByteReader().reset(hex(bytes));
      reader.varint();
      expectSame(bytes, reader.error, error);
      return { bytes, error };
    }),
  };
}

/** Sections 2 and 4: first bytes, headers, packet numbers. */
export function packetHeaderVectors(): object {
  const span = 2 ** 32;
  const half = 2 ** 31;
  const headers = (
    [
      [0, 0, 0],
      [1, 0xdead_beef, 0x1_0203_0405],
      [0, 0xffff_ffff, 0xffff_ffff],
      [1, 1, span],
      [0, 0x0102_0304, MAX_PACKET_NUMBER],
    ] as const
  ).map(([keyPhase, connectionId, packetNumber]) => {
    const bytes = new Uint8Array(9);
    writePacketHeader(bytes, 0, keyPhase, connectionId, packetNumber);
    const truncated = truncatePacketNumber(packetNumber);
    const read = [keyPhaseOf(bytes[0] as number), readConnectionId(bytes), readTruncatedPacketNumber(bytes)];
    expectSame(toHex(bytes), read, [keyPhase, connectionId, truncated]);
    return { bytes: toHex(bytes), keyPhase, connectionId, packetNumber, truncated };
  });
  const recovery = [
    [-1, 0],
    [-1, 5],
    [-1, 0xffff_ffff],
    [0, 0xffff_ffff],
    [0xa82f_30ea, 0xa82f_9b32],
    [half - 2, 0],
    [half - 1, 0],
    [half, 0],
    [half, 1],
    [half, 2],
    [span - 2, span - 1],
    [span - 2, 0],
    [span - 1, 0],
    [span - 1, 1],
    [span - 1, span - 2],
    [span - 1, half],
    [span - 1, half + 1],
    [span, span - 1],
    [span, 0],
    [span, half + 1],
    [span, half + 2],
    [2 * span - 1, 0],
    [2 * span, span - 1],
    [MAX_PACKET_NUMBER - 1, span - 1],
    [MAX_PACKET_NUMBER, span - 2],
  ] as const;
  const firstBytes = Array.from({ length: 256 }, (_, first) => first).map((first) => {
    const kind = datagramKind(first);
    return kind === "protected" && !isLegalProtectedFlags(first) ? "illegal" : kind;
  });
  return {
    section: "2, 4",
    firstBytes: Object.fromEntries(
      ["handshake", "protected", "illegal", "unknown"].map((kind) => [
        kind,
        firstBytes.flatMap((found, first) => (found === kind ? [toHex(Uint8Array.of(first))] : [])),
      ]),
    ),
    headers,
    recovery: recovery.map(([largest, truncated]) => ({
      largest,
      truncated,
      packetNumber: recoverPacketNumber(largest, truncated),
    })),
  };
}
