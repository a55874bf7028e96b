import { DISCONNECT_CODES } from "@sortie/connection";
import { describe, expect, it } from "vitest";
import { RefusalCounters } from "../src/refusal-counters.js";

describe("RefusalCounters", () => {
  it("counts every code once: refusals of the server, and all else as failed", () => {
    const counters = new RefusalCounters();
    const refusals = DISCONNECT_CODES.filter((code) => counters.count({ code, by: "local", text: "x" }));
    expect(refusals).toEqual(["shutting-down", "refused", "server-full"]);
    const { refused, handshakesFailed } = counters.snapshot();
    expect(new Set(Object.values(refused))).toEqual(new Set([1]));
    expect(handshakesFailed.closed).toBe(2); // and the one code that only clients are told
    expect(Object.values(handshakesFailed).reduce((sum, count) => sum + count)).toBe(DISCONNECT_CODES.length - 3);
  });

  it("takes whatever code a client gives for a client that has gone", () => {
    const counters = new RefusalCounters();
    for (const code of DISCONNECT_CODES) expect(counters.count({ code, by: "remote", text: "x" })).toBe(false);
    const { refused, handshakesFailed } = counters.snapshot();
    expect(new Set(Object.values(refused))).toEqual(new Set([0]));
    expect(handshakesFailed).toMatchObject({ closed: DISCONNECT_CODES.length, "internal-error": 0 });
  });

  it("gives copies", () => {
    const counters = new RefusalCounters();
    counters.snapshot().refused["server-full"] = 9;
    expect(counters.snapshot().refused["server-full"]).toBe(0);
  });
});
