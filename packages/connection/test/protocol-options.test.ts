import { AdaptiveRate, type CongestionController, FixedBudget, NewReno } from "@sortie/reliability";
import { describe, expect, it } from "vitest";
import { describeValue } from "../src/describe-value.js";
import { type CongestionContext, type ProtocolOptions, resolveProtocolOptions } from "../src/protocol-options.js";

type Options = ProtocolOptions & { readonly handshakeTimeoutMs?: number };

const RANGES: [name: keyof Options & string, min: number, max: number][] = [
  ["mtu", 1200, 1452],
  ["idleTimeoutMs", 1000, 600_000],
  ["keepAliveMs", 100, 600_000],
  ["maxMessageBytes", 1, 2 ** 30 - 1],
  ["maxQueuedBytes", 65_536, 2 ** 30],
  ["maxQueuedMessages", 64, 1_000_000],
  ["sendRateBytesPerSecond", 1000, 1e9],
  ["handshakeTimeoutMs", 100, 120_000],
];

describe("resolveProtocolOptions", () => {
  it("tells a text from the number in it", () => {
    const message = '"mtu" expected an integer in 1200..1452, got "1200"';
    expect(() => resolveProtocolOptions({ mtu: "1200" as never }, 0)).toThrow(new RangeError(message));
  });

  it("has defaults for everything", () => {
    const { parameters, settings } = resolveProtocolOptions({}, 0);
    expect(parameters).toEqual({
      idleTimeoutMs: 10_000,
      maxAckDelayMs: 25,
      maxDatagramBytes: 1452,
      maxMessageBytes: 1024 * 1024,
      receiveWindowBytes: 4 * 1024 * 1024,
      timedAcks: 1,
    });
    expect(settings).toMatchObject({ ackDelayMs: 22, keepAliveMs: 3000, handshakeTimeoutMs: 10_000 });
    expect(settings.mtuBytes).toBeUndefined();
    const controller = settings.createCongestionController?.();
    expect(controller).toBeInstanceOf(AdaptiveRate);
    expect(settings.createCongestionController?.()).not.toBe(controller);
  });

  it.each(RANGES)("takes %s in %d..%d and nothing else, and says what came", (name, min, max) => {
    for (const value of [min, max]) expect(() => resolveProtocolOptions({ [name]: value }, 0)).not.toThrow();
    const wrong = [min - 1, max + 1, min + 0.5, -min, NaN, Infinity, null, `${min}`, [min], {}, true];
    for (const value of wrong) {
      const message = `"${name}" expected an integer in ${min}..${max}, got ${describeValue(value)}`;
      expect(() => resolveProtocolOptions({ [name]: value } as Options, 0)).toThrow(new RangeError(message));
    }
  });

  it("bounds the send queue where it is told to, and else as every endpoint does", () => {
    expect(resolveProtocolOptions({}, 0).settings.limits).toBeUndefined();
    expect(resolveProtocolOptions({ maxQueuedMessages: 100 }, 0).settings.limits).toEqual({
      maxQueuedBytes: 4 * 1024 * 1024,
      maxQueuedMessages: 100,
    });
  });

  it("wants a receive window for at least one of the largest messages", () => {
    const maxMessageBytes = 5000;
    expect(resolveProtocolOptions({ maxMessageBytes, receiveWindowBytes: 5000 }, 0).parameters).toMatchObject({
      receiveWindowBytes: 5000,
    });
    for (const receiveWindowBytes of [4999, 2 ** 40 + 1]) {
      expect(() => resolveProtocolOptions({ maxMessageBytes, receiveWindowBytes }, 0)).toThrow(
        new RangeError(`"receiveWindowBytes" expected an integer in 5000..1099511627776, got ${receiveWindowBytes}`),
      );
    }
  });

  it("leaves room in the receive window beside the largest message, unless told otherwise", () => {
    const mebibyte = 1024 * 1024;
    const windowBeside = (maxMessageBytes: number): number =>
      resolveProtocolOptions({ maxMessageBytes }, 0).parameters.receiveWindowBytes;
    expect(windowBeside(2 * mebibyte)).toBe(4 * mebibyte);
    expect(windowBeside(4 * mebibyte)).toBe(6 * mebibyte);
    expect(windowBeside(2 ** 30 - 1)).toBe(2 ** 30 - 1 + 2 * mebibyte);
  });

  it("tells the peer how long a tick holds acknowledgements back, within what a peer believes", () => {
    const told = (tickMs: number): number => resolveProtocolOptions({}, tickMs).parameters.maxAckDelayMs;
    expect(told(1000 / 60)).toBe(25 + 17);
    expect(told(50)).toBe(75);
    expect(told(1000)).toBe(1000);
  });

  it.each([1000, 3000, 1e6, 1e9])("makes a budget of %d bytes/s that lets two datagrams go at once", (rate) => {
    const { settings } = resolveProtocolOptions({ congestion: "fixed", sendRateBytesPerSecond: rate }, 0);
    const controller = settings.createCongestionController?.() as FixedBudget;
    expect(controller.paceBytesPerSecond).toBe(rate);
    controller.onPacketSent(1200, 0, 0);
    expect(controller.canSend(1200, 1200, 0)).toBe(true);
  });

  it("makes the controller that was named, with the send rate as its cap", () => {
    const made = (options: Options): CongestionController | undefined =>
      resolveProtocolOptions(options, 0).settings.createCongestionController?.();
    expect(made({ congestion: "adaptive" })).toBeInstanceOf(AdaptiveRate);
    expect(made({ congestion: "new-reno" })).toBeInstanceOf(NewReno);
    expect(made({ congestion: "fixed" })).toBeInstanceOf(FixedBudget);
    expect(made({ congestion: "fixed" })?.paceBytesPerSecond).toBe(8 * 1024 * 1024);
    for (const congestion of ["adaptive", "new-reno", "fixed"] as const) {
      expect(made({ congestion, sendRateBytesPerSecond: 2000 })?.paceBytesPerSecond).toBe(2000);
    }
    for (const wrong of ["cubic", "", null, 1, {}]) {
      expect(() => made({ congestion: wrong as "fixed" })).toThrow(
        new TypeError(`"congestion" expected "adaptive", "new-reno" or "fixed", got ${describeValue(wrong)}`),
      );
    }
  });

  it("looks at each controller that the user's factory makes, and at none before", () => {
    let made = 0;
    const given = (controller: unknown): (() => unknown) => {
      const createCongestionController = (): never => (made++, controller as never);
      const { settings } = resolveProtocolOptions({ createCongestionController }, 0);
      return () => settings.createCongestionController?.();
    };
    const what = '"createCongestionController" expected to give a congestion controller, got';
    const create = given({});
    expect(made).toBe(0);
    expect(create).toThrow(
      /^"createCongestionController" expected .* got an object without onPacketSent, .* nextSendAt$/,
    );
    expect(given(undefined)).toThrow(new TypeError(`${what} undefined`));
    expect(given(AdaptiveRate)).toThrow(new TypeError(`${what} a function`));
    const good = new FixedBudget();
    const broken = Object.create(good, { windowBytes: { value: "many" } }) as object;
    expect(given(broken)).toThrow(new TypeError(`${what} an object without windowBytes`));
    expect(given(good)()).toMatchObject({ windowBytes: good.windowBytes, paceBytesPerSecond: good.paceBytesPerSecond });
    const nameless = Object.create(good, { paceBytesPerSecond: { value: NaN } }) as object;
    expect(given(nameless)).toThrow(
      new TypeError('"paceBytesPerSecond" of the congestion controller expected to be a number from 0 on, got NaN'),
    );
  });

  it("takes a congestion controller of the user's own, which hears of cap and ticks, and nothing else", () => {
    const mine = new FixedBudget();
    const contexts: CongestionContext[] = [];
    const createCongestionController = (context: CongestionContext): FixedBudget => {
      contexts.push(context);
      return mine;
    };
    const { settings } = resolveProtocolOptions({ createCongestionController, sendRateBytesPerSecond: 5000 }, 50);
    const controller = settings.createCongestionController?.() as CongestionController;
    controller.onPacketSent(300_000, 0, 300_000);
    expect(mine.nextSendAt(1200, 0)).toBeGreaterThan(0);
    expect(controller.nextSendAt(1200, 0, false)).toBe(mine.nextSendAt(1200, 0));
    expect(contexts).toEqual([{ maxRateBytesPerSecond: 5000, flushIntervalMs: 50 }]);
    expect(() => resolveProtocolOptions({ createCongestionController: new FixedBudget() as never }, 0)).toThrow(
      new TypeError('"createCongestionController" expected a function, got an object'),
    );
    expect(() => resolveProtocolOptions({ createCongestionController, congestion: "fixed" }, 0)).toThrow(
      new TypeError('"congestion" expected to be left out beside "createCongestionController", got "fixed"'),
    );
  });
});
