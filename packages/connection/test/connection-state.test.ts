import { describe, expect, it } from "vitest";
import { type ConnectionState, isLegalTransition } from "../src/connection-state.js";

const STATES: ConnectionState[] = [
  "connecting",
  "awaiting-connect",
  "authenticating",
  "connected",
  "flushing",
  "closing",
  "draining",
  "closed",
];

describe("connection states", () => {
  it("lead nowhere from closed, and to closed from everywhere else", () => {
    for (const state of STATES) {
      expect(isLegalTransition("closed", state)).toBe(false);
      expect(isLegalTransition(state, "closed")).toBe(state !== "closed");
    }
  });

  it("never lead back to an earlier stage", () => {
    expect(isLegalTransition("connected", "authenticating")).toBe(false);
    expect(isLegalTransition("authenticating", "awaiting-connect")).toBe(false);
    expect(isLegalTransition("closing", "connected")).toBe(false);
    expect(isLegalTransition("draining", "closing")).toBe(false);
  });
});
