import { describe, expect, it } from "vitest";
import { decodeTransportParameters, encodeTransportParameters, type TransportParameters } from "../src/index.js";
import { hex, toHex } from "./helpers.js";

const parameters: TransportParameters = {
  idleTimeoutMs: 10_000,
  maxAckDelayMs: 20,
  maxDatagramBytes: 1452,
  maxMessageBytes: 1_048_576,
  receiveWindowBytes: 4_194_304,
};
const ENCODED = "0102 6710 0201 14 0302 45ac 0404 80100000 0504 80400000".replaceAll(" ", "");

describe("transport parameters", () => {
  it("are ID, length and value, ascending by ID", () => {
    expect(toHex(encodeTransportParameters(parameters))).toBe(ENCODED);
    expect(decodeTransportParameters(hex(ENCODED))).toEqual(parameters);
  });

  it("pass over parameters of later versions", () => {
    expect(decodeTransportParameters(hex(`0003ffffff ${ENCODED} 0a00 4100 02 aabb`))).toEqual(parameters);
  });

  it("name the identity types of a client only where they are not raw keys alone", () => {
    for (const identityTypes of [2, 3]) {
      const changed = { ...parameters, identityTypes };
      expect(toHex(encodeTransportParameters(changed))).toBe(`${ENCODED}06010${identityTypes}`);
      expect(decodeTransportParameters(encodeTransportParameters(changed))).toEqual(changed);
    }
    expect(toHex(encodeTransportParameters({ ...parameters, identityTypes: 1 }))).toBe(ENCODED);
    expect(decodeTransportParameters(hex(`${ENCODED}060101`))).toBe("non-canonical");
    for (const value of [0, 4]) {
      expect(decodeTransportParameters(hex(`${ENCODED}06010${value}`))).toBe("out-of-range");
      expect(() => encodeTransportParameters({ ...parameters, identityTypes: value })).toThrow(
        `"identityTypes" expected an integer in 1..3, got ${value}`,
      );
    }
  });

  it("say that a side takes ACKs with times only where it does", () => {
    const changed = { ...parameters, timedAcks: 1 };
    expect(toHex(encodeTransportParameters(changed))).toBe(`${ENCODED}070101`);
    expect(decodeTransportParameters(encodeTransportParameters(changed))).toEqual(changed);
    expect(toHex(encodeTransportParameters({ ...parameters, timedAcks: 0 }))).toBe(ENCODED);
    expect(decodeTransportParameters(hex(`${ENCODED}070100`))).toBe("non-canonical");
    expect(decodeTransportParameters(hex(`${ENCODED}070102`))).toBe("out-of-range");
  });

  it.each([
    ["nothing", "", "truncated"],
    ["one missing", ENCODED.slice(0, -12), "truncated"],
    ["one missing in the middle", "01026710 030245ac 040480100000 050480400000", "truncated"],
    ["one twice", `01026710${ENCODED}`, "non-canonical"],
    ["another order", "020114 01026710 030245ac 040480100000 050480400000", "non-canonical"],
    ["an unknown one twice", `${ENCODED} 0a00 0a00`, "non-canonical"],
    ["a length that is not its value's", "01036710 020114 030245ac 040480100000 050480400000", "non-canonical"],
    ["a value in too many bytes", "01026710 02024014 030245ac 040480100000 050480400000", "non-canonical"],
    ["an ID in too many bytes", "4001026710 020114 030245ac 040480100000 050480400000", "non-canonical"],
    ["an unknown one cut short", `${ENCODED} 0a02 aa`, "truncated"],
    ["an unknown one of 2^53 - 1 bytes", `${ENCODED} 0a c01fffffffffffff`, "truncated"],
    ["a window below the largest message", "01026710 020114 030245ac 040480100000 0504800fffff", "out-of-range"],
  ])("are refused with %s", (_, text, error) => {
    expect(decodeTransportParameters(hex(text))).toBe(error);
  });

  it.each([
    ["idleTimeoutMs", 1000, 600_000],
    ["maxAckDelayMs", 0, 1000],
    ["maxDatagramBytes", 1200, 1452],
    ["maxMessageBytes", 1, 2 ** 30 - 1],
    ["receiveWindowBytes", 1, 2 ** 40],
  ] as const)("%s may be %d to %d", (name, min, max) => {
    const base: TransportParameters = { ...parameters, maxMessageBytes: 1, receiveWindowBytes: 2 ** 40 };
    for (const value of [min, max]) {
      const changed = { ...base, [name]: value };
      expect(decodeTransportParameters(encodeTransportParameters(changed))).toEqual(changed);
    }
    for (const value of [min - 1, max + 1, min + 0.5, Number.NaN, Infinity]) {
      expect(() => encodeTransportParameters({ ...base, [name]: value })).toThrow(
        `"${name}" expected an integer in ${min}..${max}, got ${value}`,
      );
    }
  });

  it.each([
    ["01 02 43e7", "01026710"],
    ["01 04 800927c1", "01026710"],
    ["02 02 43e9", "020114"],
    ["03 02 44af", "030245ac"],
    ["03 02 45ad", "030245ac"],
    ["04 01 00", "040480100000"],
    ["04 08 c000000040000000", "040480100000"],
    ["05 08 c000010000000001", "050480400000"],
  ])("are refused with %s in place of %s", (wrong, right) => {
    const text = ENCODED.replace(right, wrong.replaceAll(" ", ""));
    expect(text).not.toBe(ENCODED);
    expect(decodeTransportParameters(hex(text))).toBe("out-of-range");
  });

  it("are not written with a window below the largest message", () => {
    expect(() => encodeTransportParameters({ ...parameters, receiveWindowBytes: 1_048_575 })).toThrow(
      '"receiveWindowBytes" expected at least maxMessageBytes (1048576), got 1048575',
    );
  });
});
