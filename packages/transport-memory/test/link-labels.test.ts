import { SocketAddress } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import { LinkProxy } from "../src/link-proxy.js";
import { LinkSimulator } from "../src/link.js";
import { createNetwork } from "../src/network.js";

const SEED = 4;
const TRACE = { format: "sortie-link-trace/1", durationMs: 100, steps: [{ atMs: 0 }] };

/** What is no link, and what the message says of it. */
const NO_LINKS: readonly (readonly [unknown, string])[] = [
  [5, "an object, got 5"],
  [[], "an object, got an array"],
  ["dialup", "one of lan, broadband, wifi, mobile-4g, congested, satellite, hostile, got "],
  [{ latency: 5 }, "only latencyMs, "],
  [{ latencyms: 5 }, '"latencyMs", got "latencyms"'],
  [{ trace: TRACE, latencyMs: 5 }, "only trace, base, got "],
  [{ trace: TRACE, base: { latency: 5 } }, "only latencyMs, "],
];

describe("an error about a link has the name of the option that it was given as", () => {
  describe.each(["link", "receiveLink"] as const)("%s of a transport", (name) => {
    it.each(NO_LINKS)("%j", (link, expected) => {
      const make = (): unknown => createNetwork({ seed: SEED }).createTransport({ [name]: link });
      expect(make).toThrow(`"${name}" expected ${expected}`);
    });
  });

  describe.each(["toTarget", "toClient"] as const)("%s of a proxy", (name) => {
    const network = createNetwork({ seed: SEED });
    const options = {
      target: SocketAddress.parse("10.0.0.1", 1474),
      front: network.createTransport(),
      createUpstream: () => network.createTransport(),
      clock: network.clock,
      seed: SEED,
    };

    it.each([...NO_LINKS, [null, "an object, got null"]] as const)("%j", (link, expected) => {
      expect(() => new LinkProxy({ ...options, [name]: link })).toThrow(`"${name}" expected ${expected}`);
    });
  });

  it.each(NO_LINKS)("of a network, and of the methods that set one, it is link: %j", (given, expected) => {
    const link = given as object;
    const network = createNetwork({ seed: SEED });
    const [a, b] = [network.createTransport(), network.createTransport()];
    const message = `"link" expected ${expected}`;
    expect(() => createNetwork({ seed: SEED, link })).toThrow(message);
    expect(() => network.setDefaultLink(link)).toThrow(message);
    expect(() => network.setLink(a, b, link)).toThrow(message);
    for (let round = 0; round < 2; round++) {
      expect(() => a.setSendLink(link)).toThrow(message);
      expect(() => a.setReceiveLink(link)).toThrow(message);
      // The second round is of links that are set already.
      a.setSendLink({});
      a.setReceiveLink({});
    }
    expect(() => new LinkSimulator(link, SEED)).toThrow(message);
    expect(() => new LinkSimulator(link, SEED, [1], "uplink")).toThrow(`"uplink" expected ${expected}`);
  });
});
