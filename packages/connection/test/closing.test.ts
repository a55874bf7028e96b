import { ByteWriter, CloseCode, FrameKind, PacketFrames } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { closeFrame, Closing } from "../src/closing.js";

function written(closing: Closing): { code: number; text: string; bytes: number } {
  const writer = new ByteWriter().reset(new Uint8Array(400));
  closing.write(writer);
  const bytes = writer.bytes.slice(0, writer.offset);
  const frames = new PacketFrames();
  expect(frames.decode(bytes, 0, bytes.length)).toBeUndefined();
  expect(frames.count).toBe(1);
  const frame = frames.at(0);
  expect(frame.kind).toBe(FrameKind.Close);
  const text = new TextDecoder().decode(bytes.subarray(frame.start, frame.end));
  return { code: frame.code, text, bytes: bytes.length };
}

describe("Closing", () => {
  it("waits for nothing before it is used", () => {
    const closing = new Closing();
    expect(closing.hasFrame).toBe(false);
    expect(closing.due).toBe(false);
    expect(closing.nextAtMs).toBe(Infinity);
  });

  it("sends its CLOSE at once, then after each probe timeout, four in all, and ends after four", () => {
    const closing = new Closing();
    closing.start(closeFrame(CloseCode.Kicked, "out"), 1000, 50);
    expect(closing.endsAtMs).toBe(1200);
    const sentAt: number[] = [];
    for (let nowMs = 1000; nowMs < 2000; nowMs += 10) {
      closing.onTimeout(nowMs, 50);
      if (!closing.due) continue;
      expect(written(closing)).toMatchObject({ code: CloseCode.Kicked, text: "out" });
      sentAt.push(nowMs);
    }
    expect(sentAt).toEqual([1000, 1050, 1100, 1150]);
    expect(closing.nextAtMs).toBe(1200);
  });

  // Found by fuzzing: a peer that acknowledged 20 s late kept its place on the server for minutes after it was closed.
  it("takes probe timeouts for no longer than 2 s, so that a peer cannot draw out its end", () => {
    const closing = new Closing();
    closing.start(closeFrame(CloseCode.ProtocolError, ""), 1000, 180_000);
    expect(closing.endsAtMs).toBe(9000);
    const sentAt: number[] = [];
    for (let nowMs = 1000; nowMs < closing.endsAtMs; nowMs += 500) {
      closing.onTimeout(nowMs, 180_000);
      if (!closing.due) continue;
      written(closing);
      sentAt.push(nowMs);
    }
    expect(sentAt).toEqual([1000, 3000, 5000, 7000]);
  });

  it("asks to be woken for the earliest of what is to come", () => {
    const closing = new Closing();
    closing.flush(CloseCode.Normal, "bye", 500);
    expect(closing.nextAtMs).toBe(500);
    closing.start(closeFrame(closing.code, closing.text), 400, 30);
    expect(closing.nextAtMs).toBe(430);
    closing.stop();
    expect(closing.nextAtMs).toBe(Infinity);
    expect(closing.due).toBe(false);
  });

  it("answers a CLOSE with one, and repeats it never", () => {
    const closing = new Closing();
    closing.answer(CloseCode.Normal, "", 1000, 50);
    expect(closing.due).toBe(true);
    // A transport that takes nothing does not hold up the end.
    expect([closing.nextAtMs, closing.endsAtMs]).toEqual([1050, 1050]);
    expect(written(closing)).toEqual({ code: CloseCode.Normal, text: "", bytes: 3 });
    closing.onTimeout(1e9, 50);
    expect(closing.due).toBe(false);
    expect(closing.nextAtMs).toBe(1050);
    closing.answer(CloseCode.IdleTimeout, "", 1000, 60_000);
    expect(closing.endsAtMs).toBe(3000);
  });

  it("cuts a long text at 256 bytes, at a character's edge", () => {
    const closing = new Closing();
    closing.answer(CloseCode.Refused, "é".repeat(200), 0, 50);
    expect(written(closing).text).toBe("é".repeat(128));
    closing.answer(CloseCode.Refused, `x${"é".repeat(200)}`, 0, 50);
    expect(written(closing).text).toBe(`x${"é".repeat(127)}`);
    closing.answer(CloseCode.Refused, `${"x".repeat(254)}😀`, 0, 50);
    expect(written(closing).text).toBe("x".repeat(254));
  });
});
