import { SocketAddress } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import { HelloSender } from "../src/hello-sender.js";

const [A, B, C] = ["192.0.2.1", "2001:db8::2", "192.0.2.3"].map((host) => SocketAddress.parse(host, 1474)) as [
  SocketAddress,
  SocketAddress,
  SocketAddress,
];

/** Times and targets of the hellos in a time in which nobody answers. */
function sent(sender: HelloSender, fromMs: number, toMs: number): [number, SocketAddress][] {
  const hellos: [number, SocketAddress][] = [];
  for (let nowMs = fromMs; nowMs <= toMs; nowMs++) {
    sender.onTimeout(nowMs);
    if (!sender.due) continue;
    hellos.push([nowMs, sender.target]);
    sender.onSent(nowMs);
  }
  return hellos;
}

describe("HelloSender", () => {
  it("sends at once, then every 250 ms", () => {
    const times = sent(new HelloSender([A]), 0, 10_000).map(([atMs]) => atMs);
    expect(times).toEqual(Array.from({ length: 41 }, (_, i) => i * 250));
  });

  it("tries one address after the other, and begins again with the first", () => {
    const targets = sent(new HelloSender([A, B, C]), 0, 10_000).map(([, target]) => target);
    expect(targets.length).toBeGreaterThan(6);
    expect(targets).toEqual(targets.map((_, i) => [A, B, C][i % 3]));
  });

  it("passes over no address when its timeout is served several times before the hello is sent", () => {
    const sender = new HelloSender([A, B]);
    sender.onSent(0);
    expect(sender.nextAtMs).toBe(250);
    expect([1, 2, 3, 4].map(() => sender.onTimeout(250))).toEqual([true, false, false, false]);
    expect(sender.nextAtMs).toBe(Infinity);
    expect([sender.due, sender.target]).toEqual([true, B]);
  });

  it("knows how long the answer to its only hello took, unless it was held up meanwhile", () => {
    const sender = new HelloSender([A]);
    sender.onSent(1000);
    expect(sender.roundTripMs(1000)).toBe(1);
    expect(sender.roundTripMs(1060)).toBe(60);
    expect(sender.roundTripMs(1250)).toBe(250);
    expect(sender.roundTripMs(1251)).toBeUndefined();
    sender.onTimeout(1250);
    sender.onSent(1250);
    expect(sender.roundTripMs(1260)).toBeUndefined();
  });

  it("stays with the address that answered first", () => {
    const sender = new HelloSender([A, B, C]);
    expect(sent(sender, 0, 300).at(-1)?.[1]).toBe(B);
    sender.settle(SocketAddress.parse("192.0.2.1", 1474));
    expect(sender.target).toBe(A);
    sender.settle(C);
    expect(sender.target).toBe(A);
    expect(sent(sender, 301, 3000).every(([, target]) => target === A)).toBe(true);
  });

  it("does not settle on an address that it was not given", () => {
    const sender = new HelloSender([A, B]);
    sender.settle(SocketAddress.parse("192.0.2.1", 1475));
    expect(sender.expects(SocketAddress.parse("192.0.2.1", 1475))).toBe(false);
    expect(sender.expects(SocketAddress.parse("2001:db8::2", 1474))).toBe(true);
    expect(sent(sender, 0, 300).map(([, target]) => target)).toEqual([A, B]);
  });

  it("starts anew with a cookie: at once, with the first interval, counted from one", () => {
    const sender = new HelloSender([A]);
    expect(sender.sent).toBe(0);
    expect(sent(sender, 0, 3500)).toHaveLength(sender.sent);
    sender.restart();
    expect(sender.due).toBe(true);
    expect(sender.sent).toBe(0);
    expect(sent(sender, 3501, 3800).map(([atMs]) => atMs)).toEqual([3501, 3751]);
    expect(sender.lastSentMs).toBe(3751);
  });

  it("knows since when nobody answers", () => {
    const sender = new HelloSender([A]);
    expect(sender.unansweredSinceMs).toBe(Infinity);
    sent(sender, 100, 900);
    expect(sender.unansweredSinceMs).toBe(100);
    for (const answer of [() => sender.restart(), () => sender.again()]) {
      answer();
      expect(sender.unansweredSinceMs).toBe(Infinity);
      sent(sender, 1000, 1400);
      expect(sender.unansweredSinceMs).toBe(1000);
    }
    sender.excuseSilence(1700);
    expect(sender.unansweredSinceMs).toBe(1700);
    sender.excuseSilence(2000);
    expect(sender.unansweredSinceMs, "excused once").toBe(1700);
    for (const next of [() => sender.again(), () => sender.onRebound()]) {
      next();
      sent(sender, 2100, 2200);
      sender.excuseSilence(3000);
      expect(sender.unansweredSinceMs).toBe(3000);
    }
  });

  it("asks at once from another port, first where it was answered, and then everywhere", () => {
    const sender = new HelloSender([A, B, C]);
    sender.settle(B);
    sent(sender, 0, 900);
    sender.onRebound();
    expect(sent(sender, 901, 1700).map(([atMs, target]) => [atMs, target])).toEqual([
      [901, B],
      [1151, C],
      [1401, A],
      [1651, B],
    ]);
    expect(sender.unansweredSinceMs).toBe(0);
  });
});
