import {
  type CreateTransportOptions,
  testTransport,
  type TransportComplianceOptions,
  transportComplianceCases,
} from "@sortie/testkit";
import { describe, expect, it } from "vitest";
import { type Fault, LoopbackHost, LoopbackTransport } from "./loopback-transport.js";
import { type StarFault, StarTransport } from "./star-transport.js";

function star(fault?: StarFault, seen: CreateTransportOptions[] = []): TransportComplianceOptions {
  return {
    topology: "star",
    setup: () => {
      const host = new LoopbackHost();
      return {
        createTransport: (options) => {
          seen.push(options);
          return new StarTransport(host, options, fault);
        },
        settle: async (done) => {
          for (let turn = 0; turn < 20 && !done(); turn++) await new Promise<void>((resolve) => setImmediate(resolve));
        },
      };
    },
  };
}

async function failures(options: TransportComplianceOptions): Promise<string[]> {
  const failed: string[] = [];
  for (const { name, run } of transportComplianceCases(options)) {
    await run().catch((error: unknown) => failed.push(`${name}: ${(error as Error).message}`));
  }
  return failed;
}

testTransport({ name: "a star", runner: { describe, it }, ...star() });

describe("the suite in a star", () => {
  it("says which end it wants: servers first, clients with the address of theirs", async () => {
    const seen: CreateTransportOptions[] = [];
    await failures(star(undefined, seen));
    expect(new Set(seen.map(({ role }) => role))).toEqual(new Set(["server", "client"]));
    for (const { role, server, port } of seen) {
      expect(server !== undefined).toBe(role === "client");
      if (role === "client") expect(port).toBeUndefined();
    }
  });

  it.each<[StarFault, RegExp]>([
    ["client-loses-answers", /^one datagram arrives once.*waited in vain: a last datagram to arrive/],
    ["server-mixes-up-sessions", /^a full batch to several peers gives each its own: waited in vain|payloads/],
  ])("notices %s", async (fault, expected) => {
    const failed = await failures(star(fault));
    expect(
      failed.some((text) => expected.test(text)),
      failed.join("\n").slice(0, 2000),
    ).toBe(true);
  });

  // Of the end that is second as much as of the first: each case has both orders.
  it.each<[Fault, "server" | "client"]>([
    ["calls-inside-send", "client"],
    ["calls-inside-send", "server"],
    ["close-drops", "client"],
    ["close-drops", "server"],
    ["never-writable", "client"],
    ["never-writable", "server"],
    ["opens-twice", "client"],
    ["opens-twice", "server"],
  ])("notices %s of a %s", async (fault, faulty) => {
    const failed = await failures({
      ...star(),
      setup: () => {
        const host = new LoopbackHost();
        return {
          createTransport: ({ port = 0, role }) =>
            new LoopbackTransport(host, port, role === faulty ? fault : undefined),
          settle: async (done) => {
            for (let i = 0; i < 20 && !done(); i++) await new Promise<void>((resolve) => setImmediate(resolve));
          },
        };
      },
    });
    expect(failed).not.toEqual([]);
  });

  it("of a mesh says nothing of ends, and a star that is taken for one does not pass", async () => {
    const seen: CreateTransportOptions[] = [];
    const failed = await failures({ ...star(undefined, seen), topology: "mesh" });
    expect(seen.every(({ role, server }) => role === undefined && server === undefined)).toBe(true);
    expect(failed.length).toBeGreaterThan(10);
  });

  it("refuses a topology that there is not", () => {
    expect(() => transportComplianceCases({ ...star(), topology: "ring" as never })).toThrow(
      new TypeError('"topology" expected "mesh" or "star", got "ring"'),
    );
  });
});
