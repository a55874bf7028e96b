import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  datagramKind,
  isLegalProtectedFlags,
  keyPhaseOf,
  MAX_PACKET_NUMBER,
  MIN_PROTECTED_BYTES,
  PACKET_HEADER_BYTES,
  PACKET_OVERHEAD_BYTES,
  readConnectionId,
  readTruncatedPacketNumber,
  truncatePacketNumber,
  writePacketHeader,
} from "../src/index.js";
import { toHex, u32 } from "./helpers.js";

describe("packet header", () => {
  it("is flags, connection ID and the low half of the number", () => {
    const bytes = new Uint8Array(PACKET_HEADER_BYTES);
    writePacketHeader(bytes, 0, 1, 0xdead_beef, 0x1_0203_0405);
    expect(toHex(bytes)).toBe("41deadbeef02030405");
    writePacketHeader(bytes, 0, 0, 1, 0xffff_ffff);
    expect(toHex(bytes)).toBe("4000000001ffffffff");
  });

  it("costs a packet 25 bytes with its tag, and no packet is below 26", () => {
    expect([PACKET_OVERHEAD_BYTES, MIN_PROTECTED_BYTES]).toEqual([25, 26]);
  });

  it("the first byte alone tells the kind of a datagram", () => {
    for (let first = 0; first < 256; first++) {
      const kind = first < 0x40 ? "handshake" : first < 0x80 ? "protected" : "unknown";
      expect(datagramKind(first)).toBe(kind);
      expect(isLegalProtectedFlags(first)).toBe(first === 0x40 || first === 0x41);
    }
  });

  it("reads what it wrote, at any offset, and touches nothing else", () => {
    fc.assert(
      fc.property(
        fc.nat(16),
        fc.constantFrom<0 | 1>(0, 1),
        u32,
        fc.integer({ min: 0, max: MAX_PACKET_NUMBER }),
        (offset, keyPhase, connectionId, packetNumber) => {
          const bytes = new Uint8Array(40).fill(0xee);
          writePacketHeader(bytes, offset, keyPhase, connectionId, packetNumber);
          expect(keyPhaseOf(bytes[offset] as number)).toBe(keyPhase);
          expect(isLegalProtectedFlags(bytes[offset] as number)).toBe(true);
          expect(readConnectionId(bytes, offset)).toBe(connectionId);
          expect(readTruncatedPacketNumber(bytes, offset)).toBe(truncatePacketNumber(packetNumber));
          const outside = [...bytes.subarray(0, offset), ...bytes.subarray(offset + PACKET_HEADER_BYTES)];
          expect(outside.every((byte) => byte === 0xee)).toBe(true);
        },
      ),
      { seed: 8 },
    );
  });
});
