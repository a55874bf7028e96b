import { CloseCode } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { reasonOfClose, reasonOfFault, reasonOfLocalClose } from "../src/disconnect-reason.js";
import { DROP_REASONS, DropCounters, type DropReason } from "../src/drop-reason.js";

describe("reasons of a disconnect", () => {
  it("name every code of a CLOSE, on either side", () => {
    const names = {
      [CloseCode.Normal]: "closed",
      [CloseCode.ShuttingDown]: "shutting-down",
      [CloseCode.Refused]: "refused",
      [CloseCode.ServerFull]: "server-full",
      [CloseCode.Kicked]: "kicked",
      [CloseCode.ProtocolError]: "protocol-error",
      [CloseCode.FlowControl]: "flow-control",
      [CloseCode.InternalError]: "internal-error",
      [CloseCode.HandshakeTimeout]: "handshake-timeout",
      [CloseCode.KeyLimit]: "key-limit",
      [CloseCode.IdleTimeout]: "timeout",
    };
    for (const code of Object.values(CloseCode)) {
      expect(reasonOfClose(code, "why")).toEqual({ code: names[code], by: "remote", text: "why" });
      expect(reasonOfLocalClose(code, "why")).toEqual({ code: names[code], by: "local", text: "why" });
    }
  });

  it("take a code of a later version for a close, with its words or else its number", () => {
    expect(reasonOfClose(11, "moved to another server")).toEqual({
      code: "closed",
      by: "remote",
      text: "moved to another server",
    });
    expect(reasonOfClose(255, "")).toEqual({ code: "closed", by: "remote", text: "closed with code 255" });
  });
});

describe("the reason of a connection that an exception ended", () => {
  it.each([
    [new Error("bug in my controller"), "bug in my controller"],
    [new RangeError(), "RangeError"],
    ["a text", '"a text"'],
    [undefined, "undefined"],
    [{ secret: 1 }, "an object"],
  ])("says what was thrown: %s", (error, message) => {
    const text = `an exception: ${message}`;
    expect(reasonOfFault(error)).toEqual({ code: "internal-error", by: "local", text });
  });

  it("is 256 bytes long at the most, cut between characters", () => {
    const { text } = reasonOfFault(new Error("\u20ac".repeat(1000)));
    expect(text).toBe(`an exception: ${"\u20ac".repeat(80)}`);
    expect(new TextEncoder().encode(text).length).toBe(254);
  });
});

describe("DropCounters", () => {
  it("count every reason by itself; a snapshot stays as it was", () => {
    const counters = new DropCounters();
    DROP_REASONS.forEach((reason, i) => {
      for (let n = 0; n <= i; n++) counters.count(reason);
    });
    const before = counters.snapshot();
    DROP_REASONS.forEach((reason, i) => expect(counters.get(reason)).toBe(i + 1));
    counters.count("blocked");
    expect(before.blocked).toBe(counters.get("blocked") - 1);
    expect(Object.keys(before).sort()).toEqual([...DROP_REASONS].sort() as DropReason[]);
  });
});
