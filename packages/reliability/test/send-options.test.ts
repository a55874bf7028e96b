import { DeliveryCode } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { DELIVERIES, deliveryCodeOf } from "../src/delivery.js";
import { checkChannelWeights, checkSend, type SendOptions } from "../src/send-options.js";

const BYTES = new Uint8Array(1);

describe("delivery table", () => {
  it("rows stand at their codes and names lead back to them", () => {
    DELIVERIES.forEach((row, code) => {
      expect(row.code).toBe(code);
      expect(deliveryCodeOf(row.name)).toBe(code);
    });
    expect(DELIVERIES.filter((row) => row.retransmits).map((row) => row.name)).toEqual([
      "bestEffort",
      "reliable",
      "ordered",
    ]);
  });

  it("T39 prototype names are no modes", () => {
    for (const name of ["constructor", "__proto__", "toString", "", 0, undefined]) {
      expect(deliveryCodeOf(name)).toBeUndefined();
    }
  });
});

describe("checkSend", () => {
  it("gives the code, unreliable by default", () => {
    expect(checkSend(BYTES, undefined)).toBe(DeliveryCode.Unreliable);
    expect(checkSend(BYTES, {})).toBe(DeliveryCode.Unreliable);
    expect(checkSend(BYTES, { delivery: "ordered", channel: 255, priority: 7 })).toBe(DeliveryCode.Ordered);
    expect(checkSend(BYTES, { delivery: "bestEffort", channel: 0, priority: 0, expiresInMs: 0.5 })).toBe(2);
  });

  const wrong: [string, unknown, string][] = [
    ["delivery", { delivery: "fast" }, `"reliable" or "ordered", got "fast"`],
    ["channel", { channel: 256 }, `"channel" expected an integer in 0..255, got 256`],
    ["channel", { channel: -1 }, `"channel" expected an integer in 0..255, got -1`],
    ["channel", { channel: 1.5 }, `"channel" expected an integer in 0..255, got 1.5`],
    ["channel", { channel: "1" }, `"channel" expected an integer in 0..255, got "1"`],
    ["priority", { priority: 8 }, `"priority" expected an integer in 0..7, got 8`],
    ["expiresInMs", { expiresInMs: 0 }, `"expiresInMs" expected a finite number above 0, got 0`],
    ["expiresInMs", { expiresInMs: NaN }, `"expiresInMs" expected a finite number above 0, got NaN`],
    ["expiresInMs", { expiresInMs: Infinity }, `"expiresInMs" expected a finite number above 0, got Infinity`],
    ["expiresInMs", { delivery: "reliable", expiresInMs: 5 }, `expected nothing with delivery "reliable"`],
    ["expiresInMs", { delivery: "ordered", expiresInMs: 5 }, `(use "bestEffort"), got 5`],
    ["options", 7, `"options" expected an object, got 7`],
    ["options", [], `"options" expected an object, got an array`],
    ["options", ["reliable"], `"options" expected an object, got an array`],
    ["options", Promise.resolve({ delivery: "reliable" }), `"options" expected an object, got a promise`],
    ["name", { reliable: true }, `"options" expected only delivery, channel, priority, expiresInMs, got "reliable"`],
    ["name", { delivery: "ordered", Channel: 1 }, `expiresInMs, got "Channel"`],
    ["name", { toString: 1 }, `expiresInMs, got "toString"`],
  ];
  it.each(wrong)("refuses a wrong %s: %o", (_label, options, message) => {
    expect(() => checkSend(BYTES, options as SendOptions)).toThrow(message);
  });

  it("looks at the names of other options each time, and passes over those that are undefined", () => {
    const options = { delivery: "ordered" } as const;
    for (let i = 0; i < 2; i++) {
      expect(checkSend(BYTES, options)).toBe(DeliveryCode.Ordered);
      expect(() => checkSend(BYTES, { ...options, ordered: true } as SendOptions)).toThrow('got "ordered"');
      expect(checkSend(BYTES, { ...options, ordered: undefined } as SendOptions)).toBe(DeliveryCode.Ordered);
    }
    const wrong = { reliable: true } as SendOptions;
    const promise = Promise.resolve({}) as SendOptions;
    for (let i = 0; i < 2; i++) {
      expect(() => checkSend(BYTES, wrong)).toThrow('got "reliable"');
      expect(() => checkSend(BYTES, promise)).toThrow("got a promise");
    }
  });

  it("refuses what is no Uint8Array", () => {
    for (const payload of ["text", [1], {}, null, undefined, new ArrayBuffer(2)]) {
      expect(() => checkSend(payload as Uint8Array, undefined)).toThrow(/^"payload" expected a Uint8Array, got /);
    }
  });
});

describe("channelWeights", () => {
  it("are integers in 1..255 by channel", () => {
    expect(() => checkChannelWeights(undefined)).not.toThrow();
    expect(() => checkChannelWeights({ 0: 1, 255: 255 })).not.toThrow();
    for (const weight of [0, 256, 1.5, NaN, -1]) {
      expect(() => checkChannelWeights({ 7: weight })).toThrow(
        `"channelWeights[7]" expected an integer in 1..255, got ${weight}`,
      );
    }
    for (const channel of ["256", "-1", "x", "1.5", "01"]) {
      const expected = `"channelWeights" expected channels in 0..255, got "${channel}"`;
      expect(() => checkChannelWeights({ [channel]: 1 })).toThrow(expected);
    }
    expect(() => checkChannelWeights([1] as never)).toThrow('"channelWeights" expected an object');
    expect(() => checkChannelWeights("even" as never)).toThrow('got "even"');
  });
});
