import { describe, expect, it } from "vitest";
import { ConnectionPair, TraceRecorder } from "../src/index.js";

describe("TraceRecorder", () => {
  it("keeps the newest events, 100,000 unless told otherwise, and counts those forgotten", () => {
    const short = new TraceRecorder(3);
    const long = new TraceRecorder();
    for (let atMs = 0; atMs < 100_002; atMs++) {
      short.sink({ type: "path-changed", atMs });
      long.sink({ type: "path-changed", atMs });
    }
    expect(short.of("path-changed").map(({ atMs }) => atMs)).toEqual([99_999, 100_000, 100_001]);
    expect(short.forgotten).toBe(99_999);
    expect(long.events).toHaveLength(100_000);
    expect(long.events[0]?.atMs).toBe(2);
    expect(long.forgotten).toBe(2);
  });
});

describe("ConnectionPair", () => {
  it("throws when a connection never stops sending", () => {
    const pair = new ConnectionPair({ seed: 1 });
    expect(pair.runUntil(() => pair.server.state === "connected", 2000)).toBe(true);
    const { server } = pair;
    // A defect of the kind that it is to show.
    server.pollTransmit = () => 1;
    pair.interceptor = () => undefined;
    expect(() => pair.run(1)).toThrow("a connection sent more than 100000 datagrams at one instant");
  });
});
