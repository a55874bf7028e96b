import { describe, expect, it } from "vitest";
import {
  CloseCode,
  closeLastFrame,
  DeliveryCode,
  encodeAccept,
  encodeAck,
  encodeClose,
  encodeConnect,
  encodeCredit,
  encodeFragment,
  encodeMessage,
  encodePadding,
  encodePathChallenge,
  encodePathResponse,
  encodePing,
  encodeUtf8,
  fragmentHeaderBytes,
  type Frame,
  FrameKind,
  messageHeaderBytes,
  PacketFrames,
} from "../src/index.js";
import { frameError, framesOf, hex, toHex, written } from "./helpers.js";

/** The only frame of a packet, and the bytes it delimits. */
function only(text: string): { frame: Frame; body: string } {
  const bytes = hex(text);
  const frames = framesOf(bytes);
  if (typeof frames === "string") throw new Error(frames);
  expect(frames.count).toBe(1);
  const frame = frames.at(0);
  return { frame, body: toHex(bytes.subarray(frame.start, frame.end)) };
}

describe("PADDING", () => {
  it("is one frame of zeros to the packet's end", () => {
    expect(toHex(written((w) => encodePadding(w, 3)))).toBe("000000");
    expect(only("000000")).toMatchObject({ frame: { kind: FrameKind.Padding }, body: "000000" });
    expect(only("00").body).toBe("00");
  });

  it("ends the packet: nothing comes after it", () => {
    expect(frameError("0001")).toBe("non-canonical");
    expect(frameError("01 00 00 01")).toBe("non-canonical");
  });
});

describe("PING", () => {
  it("is its type alone", () => {
    expect(toHex(written(encodePing))).toBe("01");
    expect(only("01").frame.kind).toBe(FrameKind.Ping);
  });
});

describe("ACK", () => {
  it("states the largest packet, the delay and a bitmap of those before", () => {
    const bitmap = hex("05 80 ff");
    const bytes = written((w) => encodeAck(w, 1000, 300, bitmap, 2));
    expect(toHex(bytes)).toBe("02 43e8 412c 02 0580".replaceAll(" ", ""));
    expect(only(toHex(bytes))).toMatchObject({
      frame: { kind: FrameKind.Ack, largest: 1000, delayUs: 300 },
      body: "0580",
    });
  });

  it("says when the largest came, in a frame of its own type", () => {
    const bytes = written((w) => encodeAck(w, 1000, 300, hex("05 80"), 2, 0x8765_4321));
    expect(toHex(bytes)).toBe("0a 43e8 412c 87654321 02 0580".replaceAll(" ", ""));
    expect(only(toHex(bytes))).toMatchObject({
      frame: { kind: FrameKind.Ack, largest: 1000, delayUs: 300, receivedAtUs: 0x8765_4321 },
      body: "0580",
    });
    // The slot of a frame is used again: a plain one says so.
    expect(only("02 00 00 00")).toMatchObject({ frame: { receivedAtUs: -1 } });
    expect(toHex(written((w) => encodeAck(w, 0, 0, hex(""), 0, 0)))).toBe("0a0000" + "00000000" + "00");
  });

  it("of packet 0 has no bitmap", () => {
    expect(only("02 00 00 00")).toMatchObject({ frame: { largest: 0, delayUs: 0 }, body: "" });
  });

  it("takes the highest packet number and a full bitmap", () => {
    const body = "01".repeat(128);
    expect(only(`02 c000ffffffffffff bfffffff 80 ${body}`)).toMatchObject({
      frame: { largest: 2 ** 48 - 1, delayUs: 0x3fff_ffff },
      body,
    });
  });

  it("names no packet below number 0", () => {
    expect(only("02 01 00 01 01").body).toBe("01");
    expect(frameError("02 01 00 01 02")).toBe("out-of-range");
    expect(frameError("02 00 00 01 01")).toBe("out-of-range");
    expect(only("02 08 00 01 80").body).toBe("80");
    expect(frameError("02 07 00 01 80")).toBe("out-of-range");
    expect(only("02 09 00 02 0001").body).toBe("0001");
    expect(frameError("02 08 00 02 0001")).toBe("out-of-range");
  });

  it.each([
    ["a bitmap of 129 bytes", `02 5388 00 81 ${"01".repeat(129)}`, "out-of-range"],
    ["a number of 2^48", "02 c001000000000000 00 00", "out-of-range"],
    ["a trailing zero byte", "02 4400 00 02 0100", "non-canonical"],
    ["a bitmap that is cut short", "02 4400 00 02 01", "truncated"],
    ["no bitmap length", "02 00 00", "truncated"],
    ["no delay", "02 00", "truncated"],
    ["no number", "02", "truncated"],
    ["a number in too many bytes", "02 4001 00 00", "non-canonical"],
    ["a delay in too many bytes", "02 01 4001 00", "non-canonical"],
  ])("is refused with %s", (_, text, error) => {
    expect(frameError(text)).toBe(error);
  });
});

describe("CONNECT", () => {
  it("carries the application's payload", () => {
    expect(toHex(written((w) => encodeConnect(w, hex("0a0b"))))).toBe("03020a0b");
    expect(only("03 02 0a0b")).toMatchObject({ frame: { kind: FrameKind.Connect }, body: "0a0b" });
    expect(only("03 00").body).toBe("");
    expect(only(`03 4400 ${"77".repeat(1024)}`).body).toBe("77".repeat(1024));
  });

  it("takes no more than 1024 bytes", () => {
    expect(frameError(`03 4401 ${"77".repeat(1025)}`)).toBe("out-of-range");
    expect(() => written((w) => encodeConnect(w, new Uint8Array(1025)))).toThrow(
      '"payload" expected at most 1024 bytes, got 1025',
    );
  });

  it("is refused when cut short", () => {
    expect(frameError("03")).toBe("truncated");
    expect(frameError("03 02 0a")).toBe("truncated");
  });
});

describe("ACCEPT", () => {
  const session = "101112131415161718191a1b1c1d1e1f";
  const token = "202122232425262728292a2b2c2d2e2f";

  it("is session ID and reset token", () => {
    expect(toHex(written((w) => encodeAccept(w, hex(session), hex(token))))).toBe(`04${session}${token}`);
    expect(only(`04${session}${token}`)).toMatchObject({ frame: { kind: FrameKind.Accept }, body: session + token });
  });

  it("is refused when cut short, and not written with fields of another size", () => {
    expect(frameError(`04${session}${token.slice(2)}`)).toBe("truncated");
    const write = (a: string, b: string) => () => written((w) => encodeAccept(w, hex(a), hex(b)));
    expect(write("00", token)).toThrow('"sessionId" expected 16 bytes, got 1');
    expect(write(session, `${token}00`)).toThrow('"resetToken" expected 16 bytes, got 17');
  });
});

describe("CLOSE", () => {
  it("says a code and why", () => {
    const bytes = written((w) => encodeClose(w, CloseCode.Kicked, encodeUtf8("é")));
    expect(toHex(bytes)).toBe("050402c3a9");
    expect(only("05 04 02 c3a9")).toMatchObject({ frame: { kind: FrameKind.Close, code: 4 }, body: "c3a9" });
    expect(only("05 00 00")).toMatchObject({ frame: { code: 0 }, body: "" });
    expect(only(`05 09 4100 ${"61".repeat(256)}`)).toMatchObject({ frame: { code: 9 } });
    // Of a later version.
    expect(only("05 ff 00")).toMatchObject({ frame: { code: 255 } });
  });

  it.each([
    ["a text of 257 bytes", `05 00 4101 ${"61".repeat(257)}`, "out-of-range"],
    ["text that is not UTF-8", "05 00 01 ff", "bad-text"],
    ["a surrogate in its text", "05 00 03 eda080", "bad-text"],
    ["text that is cut short", "05 00 02 61", "truncated"],
    ["a length in too many bytes", "05 00 4001 61", "non-canonical"],
    ["no length", "05 00", "truncated"],
    ["no code", "05", "truncated"],
  ])("is refused with %s", (_, text, error) => {
    expect(frameError(text)).toBe(error);
  });

  it("is not written with a text of 257 bytes", () => {
    expect(() => written((w) => encodeClose(w, 0, new Uint8Array(257)))).toThrow(RangeError);
  });
});

describe("PATH_CHALLENGE and PATH_RESPONSE", () => {
  it("carry eight bytes", () => {
    const data = hex("0102030405060708");
    expect(toHex(written((w) => encodePathChallenge(w, data)))).toBe("060102030405060708");
    expect(toHex(written((w) => encodePathResponse(w, data)))).toBe("070102030405060708");
    expect(only("060102030405060708")).toMatchObject({
      frame: { kind: FrameKind.PathChallenge },
      body: "0102030405060708",
    });
    expect(only("070102030405060708").frame.kind).toBe(FrameKind.PathResponse);
  });

  it("are refused when cut short, and not written with another size", () => {
    expect(frameError("0601020304050607")).toBe("truncated");
    expect(frameError("07")).toBe("truncated");
    expect(() => written((w) => encodePathChallenge(w, hex("01")))).toThrow('"data" expected 8 bytes, got 1');
    expect(() => written((w) => encodePathResponse(w, new Uint8Array(9)))).toThrow(RangeError);
  });
});

describe("CREDIT", () => {
  it("names a channel, its limit and that of the connection", () => {
    expect(toHex(written((w) => encodeCredit(w, 5, 2 ** 22, 2 ** 24)))).toBe("08058040000081000000");
    const { frame } = only("08 05 80400000 81000000");
    expect(frame).toMatchObject({
      kind: FrameKind.Credit,
      channel: 5,
      channelLimitBytes: 2 ** 22,
      connectionLimitBytes: 2 ** 24,
    });
    expect(only("08 ff c01fffffffffffff 00").frame.channelLimitBytes).toBe(Number.MAX_SAFE_INTEGER);
  });

  it("has one spelling, and every field", () => {
    for (const cut of ["08", "08 05", "08 05 40", "08 05 4040"]) expect(frameError(cut)).toBe("truncated");
    expect(frameError("08 05 4005 05")).toBe("non-canonical");
    expect(frameError("08 05 c020000000000000 00")).toBe("out-of-range");
  });
});

describe("messages", () => {
  const payload = hex("aabbcc");

  it.each([
    [DeliveryCode.Unreliable, "11 05 03 aabbcc", "10 05 aabbcc"],
    [DeliveryCode.Sequenced, "13 05 03 aabbcc", "12 05 aabbcc"],
    [DeliveryCode.BestEffort, "15 05 0102 03 aabbcc", "14 05 0102 aabbcc"],
    [DeliveryCode.Reliable, "17 05 0102 03 aabbcc", "16 05 0102 aabbcc"],
    [DeliveryCode.Ordered, "19 05 0102 03 aabbcc", "18 05 0102 aabbcc"],
  ])("of delivery %d: with length before others, without as the last", (delivery, withLength, last) => {
    const bytes = written((w) => encodeMessage(w, delivery, 5, 0x0102, payload));
    expect(toHex(bytes)).toBe(withLength.replaceAll(" ", ""));
    expect(messageHeaderBytes(delivery, 3)).toBe(bytes.length - 3);
    const closed = written((w) => {
      encodeMessage(w, delivery, 5, 0x0102, payload);
      closeLastFrame(w, 0, 3);
    });
    expect(toHex(closed)).toBe(last.replaceAll(" ", ""));
    const messageId = delivery >= DeliveryCode.BestEffort ? 0x0102 : 0;
    const fields = { kind: FrameKind.Message, delivery, channel: 5, messageId };
    expect(only(last)).toMatchObject({ frame: fields, body: "aabbcc" });
    const frames = framesOf(hex(`${withLength} 01`));
    if (typeof frames === "string") throw new Error(frames);
    expect(frames.count).toBe(2);
    expect(frames.at(0)).toMatchObject(fields);
    expect(frames.at(1).kind).toBe(FrameKind.Ping);
  });

  it("may be empty", () => {
    expect(only("10 00").body).toBe("");
    expect(only("18 00 0000").body).toBe("");
    expect(framesOf(hex("11 00 00 01"))).toMatchObject({ count: 2 });
  });

  it("has one spelling: the last frame of a packet has no length", () => {
    expect(frameError("11 05 03 aabbcc")).toBe("non-canonical");
    expect(frameError("11 00 00")).toBe("non-canonical");
    expect(frameError("11 05 4003 aabbcc 01")).toBe("non-canonical");
  });

  it.each([
    ["no channel", "10"],
    ["half a message ID", "14 05 01"],
    ["no length", "11 05"],
    ["fewer bytes than its length says", "11 05 04 aabbcc"],
    ["a length of 2^53 - 1", "11 05 c01fffffffffffff aabbcc"],
  ])("is refused with %s", (_, text) => {
    expect(frameError(text)).toBe("truncated");
  });

  it.each(["1a 00 aa", "1b 00 00", "1c", "1f 00"])("%s is of no known delivery", (text) => {
    expect(frameError(text)).toBe("unknown-frame");
  });
});

describe("fragments", () => {
  const message = Uint8Array.from({ length: 300 }, (_, i) => i & 0xff);

  it.each([0, 1, 2, 3, 4] as DeliveryCode[])("of delivery %d carry message ID, size and offset", (delivery) => {
    const bytes = written((w) => encodeFragment(w, delivery, 9, 0xfffe, message, 100, 103));
    const type = (0x21 + 2 * delivery).toString(16);
    expect(toHex(bytes)).toBe(`${type} 09 fffe 412c 4064 03 646566`.replaceAll(" ", ""));
    expect(fragmentHeaderBytes(300, 100, 3)).toBe(bytes.length - 3);
    const last = written((w) => {
      encodeFragment(w, delivery, 9, 0xfffe, message, 100, 103);
      closeLastFrame(w, 0, 3);
    });
    expect(only(toHex(last))).toMatchObject({
      frame: { kind: FrameKind.Fragment, delivery, channel: 9, messageId: 0xfffe, totalBytes: 300, offset: 100 },
      body: "646566",
    });
  });

  it("reach from the first byte of the largest message to its last", () => {
    expect(only("20 00 0000 bfffffff 00 aa").frame).toMatchObject({ totalBytes: 2 ** 30 - 1, offset: 0 });
    expect(only("20 00 0000 bfffffff bffffffe aa").frame).toMatchObject({ offset: 2 ** 30 - 2 });
    expect(only("20 00 0000 02 01 aa").frame).toMatchObject({ totalBytes: 2, offset: 1 });
  });

  it.each([
    ["no bytes", "20 00 0000 02 00", "out-of-range"],
    ["no bytes and a length", "21 00 0000 02 00 00 01", "out-of-range"],
    ["the whole message", "20 00 0000 02 00 aabb", "out-of-range"],
    ["a message of no bytes", "20 00 0000 00 00 aa", "out-of-range"],
    ["bytes beyond the message's end", "20 00 0000 03 02 aabb", "out-of-range"],
    ["an offset beyond the message's end", "20 00 0000 03 04 aa", "out-of-range"],
    ["an offset of 2^53 - 1", "20 00 0000 03 c01fffffffffffff aa", "out-of-range"],
    ["a message of 2^30 bytes", "20 00 0000 c000000040000000 00 aa", "out-of-range"],
    ["a length as the last frame", "21 00 0000 03 00 01 aa", "non-canonical"],
    ["fewer bytes than its length says", "21 00 0000 09 00 04 aabbcc", "truncated"],
    ["no offset", "20 00 0000 09", "truncated"],
    ["no size", "20 00 0000", "truncated"],
    ["half a message ID", "20 00 00", "truncated"],
  ])("is refused with %s", (_, text, error) => {
    expect(frameError(text)).toBe(error);
  });

  it.each(["2a 00 0000 02 00 aa", "2f", "30", "3f"])("%s is of no known type", (text) => {
    expect(frameError(text)).toBe("unknown-frame");
  });
});

describe("closeLastFrame", () => {
  it.each([0, 1, 63, 64, 300])("takes the length out behind other frames, payload of %d bytes", (length) => {
    const payload = Uint8Array.from({ length }, (_, i) => (i * 7) & 0xff);
    const bytes = written((w) => {
      encodePing(w);
      const frameStart = w.offset;
      encodeMessage(w, DeliveryCode.Ordered, 1, 2, payload);
      closeLastFrame(w, frameStart, length);
    });
    expect(toHex(bytes)).toBe(`0118010002${toHex(payload)}`);
  });
});

describe("packets of frames", () => {
  it("are refused when empty, with unknown frames, and with more than 256", () => {
    expect(frameError("")).toBe("empty-packet");
    for (const type of ["09", "0b", "0f", "40", "80", "ff"]) expect(frameError(type)).toBe("unknown-frame");
    expect(frameError("01".repeat(256))).toBeUndefined();
    expect(frameError("01".repeat(257))).toBe("too-many-frames");
  });

  it("count whole or not at all: after an error there is no frame", () => {
    const frames = new PacketFrames();
    expect(frames.decode(hex("010101"), 0, 3)).toBeUndefined();
    expect(frames.count).toBe(3);
    expect(frames.decode(hex("0101ff"), 0, 3)).toBe("unknown-frame");
    expect(frames.count).toBe(0);
    expect(frames.decode(hex("01"), 0, 1)).toBeUndefined();
    expect(frames.count).toBe(1);
  });

  it("decode within the range that was given", () => {
    const frames = new PacketFrames();
    expect(frames.decode(hex("ff 10 05 aabb ff"), 1, 5)).toBeUndefined();
    expect(frames.at(0)).toMatchObject({ kind: FrameKind.Message, start: 3, end: 5 });
    expect(frames.decode(hex("ff"), 1, 1)).toBe("empty-packet");
  });

  it("leave nothing of the packet before in their fields", () => {
    const frames = new PacketFrames();
    frames.decode(hex("18 05 0102 aa"), 0, 5);
    expect(frames.at(0).messageId).toBe(0x0102);
    frames.decode(hex("10 06 aa"), 0, 3);
    expect(frames.at(0)).toMatchObject({ delivery: DeliveryCode.Unreliable, channel: 6, messageId: 0 });
  });
});
