import { describe, expect, it } from "vitest";
import { FixedBudget } from "../src/congestion/fixed-budget.js";
import type { EndpointOptions } from "../src/endpoint-options.js";
import { createEndpoint, payload } from "./support/pair.js";

/** Every option that may be left out, as undefined: the compiler tells of one that is missing here, or may not be. */
type Nothing<Options> = {
  [Name in keyof Options as object extends Pick<Options, Name> ? Name : never]-?: undefined;
};

const NOTHING: Nothing<EndpointOptions> = {
  peerTakesTimedAcks: undefined,
  clockLead: undefined,
  usualDelayMs: undefined,
  initialRttMs: undefined,
  packetOverheadBytes: undefined,
  limits: undefined,
  channelWeights: undefined,
  maxUnreliableWaitMs: undefined,
  reassemblyBudget: undefined,
  congestion: undefined,
  trace: undefined,
  fates: undefined,
  initialPacketNumber: undefined,
  initialMessageId: undefined,
};

describe("options of an endpoint", () => {
  it("that are undefined are left out", () => {
    const options: Partial<EndpointOptions> = NOTHING;
    const endpoint = createEndpoint(options);
    expect(endpoint.send(payload(0, 8), { delivery: "reliable" }, 0).accepted).toBe(true);
  });

  it.each([
    "usualDelayMs",
    "maxUnreliableWaitMs",
    "packetOverheadBytes",
    "initialPacketNumber",
    "initialMessageId",
  ] as const)("%s that is null is refused: it asks for no default", (name) => {
    const expected = new TypeError(`"${name}" expected a number, got object`);
    expect(() => createEndpoint({ [name]: null })).toThrow(expected);
  });

  it("of a fixed budget that are null are refused as well", () => {
    for (const name of ["rateBytesPerSecond", "burstBytes"]) {
      expect(() => new FixedBudget({ [name]: null })).toThrow(new TypeError(`"${name}" expected a number, got object`));
    }
  });
});
