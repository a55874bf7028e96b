import { describe, expect, it } from "vitest";
import { EchoWindow, windowFor } from "../src/cli/bots/echo-window.js";

function sending(window: EchoWindow, messages: number): void {
  for (let i = 0; i < messages; i++) window.onSent();
}

describe("the window of echoes", () => {
  it("takes each message that was sent once, in any order", () => {
    const window = new EchoWindow(256);
    expect(window.next).toBe(0);
    expect(window.take(0)).toBe(false);
    sending(window, 200);
    expect(window.next).toBe(200);
    expect(window.take(200)).toBe(false);
    for (let sequence = 199; sequence >= 0; sequence--) expect(window.take(sequence)).toBe(true);
    for (let sequence = 0; sequence < 200; sequence++) expect(window.take(sequence)).toBe(false);
  });

  it("goes on for ever with the same memory, and gives up what is older than its size", () => {
    const window = new EchoWindow(64);
    sending(window, 1000);
    expect(window.take(1000 - 65)).toBe(false);
    expect(window.take(1000 - 64)).toBe(true);
    for (let sequence = 1000; sequence < 2000; sequence++) {
      window.onSent();
      expect(window.take(sequence)).toBe(true);
      expect(window.take(sequence)).toBe(false);
    }
  });

  it("has room for a minute of messages, in a power of two", () => {
    expect(windowFor(0)).toBe(256);
    expect(windowFor(10)).toBe(1024);
    expect(windowFor(10_000)).toBe(2 ** 20);
  });
});
