import dns from "node:dns/promises";
import { syncBuiltinESMExports } from "node:module";
import type { SocketAddress } from "@sortie/transport";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { resolveTargets } from "../src/cli/host-and-port.js";
import { pingCommand } from "../src/cli/ping/ping.js";
import { proxyCommand } from "../src/cli/proxy.js";
import { createServer, generateIdentity, type Server } from "../src/index.js";
import { runCommand, RunningCommand } from "./support/run-command.js";

/** What the resolver says of any name. */
let found: { address: string; family: 4 | 6 }[] = [];

const LIVE = { address: "127.0.0.1", family: 4 } as const;
/** Of this machine as well, so that datagrams to it go nowhere else; nobody listens there. */
const DEAD = { address: "127.0.0.2", family: 4 } as const;
const DEAD_V6 = { address: "::1", family: 6 } as const;

let server: Server<unknown>;
let port = 0;

beforeAll(async () => {
  vi.spyOn(dns, "lookup").mockImplementation((() => Promise.resolve(found)) as unknown as typeof dns.lookup);
  syncBuiltinESMExports();
  server = createServer({ protocol: "arena/1", identity: generateIdentity(), host: "127.0.0.1", port: 0 });
  ({ port } = await server.listen());
});
afterAll(async () => {
  vi.mocked(dns.lookup).mockRestore();
  syncBuiltinESMExports();
  await server.close();
});
beforeEach(() => void (found = []));

describe("sortie ping of a name with several addresses", () => {
  const options = ["--protocol", "arena/1", "-c", "3", "-i", "20", "-t", "3000"];

  it.each([
    ["IPv6 address", [DEAD_V6, LIVE]],
    ["IPv4 address", [DEAD, LIVE]],
    ["second address", [LIVE, DEAD]],
  ])("measures the one that answers, where the %s is dead", async (_, addresses) => {
    found = [...addresses];
    const name = `game.example:${port}`;
    const { output, exitCode } = await runCommand(pingCommand, name, ...options, "--json");
    const live = `127.0.0.1:${port}`;
    expect(JSON.parse(output)).toMatchObject({ target: name, sent: 3, answered: 3, address: live, sendErrors: 0 });
    expect((JSON.parse(output) as { addresses: string[] }).addresses).toHaveLength(2);
    expect(exitCode).toBe(0);
    const { output: text } = await runCommand(pingCommand, name, ...options);
    expect(text).toContain(`${live} answers first: it is measured from now on`);
    expect(text).not.toContain("could not be sent");
  });

  it("names all of them where none answers", async () => {
    found = [DEAD, { address: "127.0.0.3", family: 4 }];
    const { errors, exitCode } = await runCommand(
      pingCommand,
      `game.example:${port}`,
      "-c",
      "1",
      "-i",
      "10",
      "-t",
      "100",
    );
    expect(errors).toContain(`no answer from game.example:${port} (127.0.0.2:${port}, 127.0.0.3:${port})`);
    expect(exitCode).toBe(1);
  });
});

describe("sortie proxy of a name with several addresses", () => {
  async function start(...args: string[]): Promise<string> {
    let listening: SocketAddress | undefined;
    const make = (host: { interrupted(): Promise<void> }) =>
      proxyCommand({ interrupted: () => host.interrupted(), onListening: (address) => void (listening = address) });
    const running = new RunningCommand(make, ["game.example:9", "--host", "127.0.0.1", ...args]);
    await running.until(() => listening !== undefined);
    running.interrupt();
    return (await running.result()).output;
  }

  it("says which it takes and which not, and takes one of the family that is asked for", async () => {
    found = [DEAD_V6, LIVE];
    const output = await start();
    expect(output).toMatch(/^proxy .* -> \[::1\]:9, seed/);
    expect(output).toContain("game.example:9 has further addresses that are not used: 127.0.0.1; --family or");
    const ofFour = await start("--family", "4");
    expect(ofFour).toMatch(/^proxy .* -> 127\.0\.0\.1:9, seed/);
    expect(ofFour).not.toContain("further addresses");
    const never = { interrupted: () => Promise.resolve() };
    const wrong = runCommand(() => proxyCommand(never), "game.example:9", "--family", "5");
    await expect(wrong).rejects.toThrow("expected one of 4, 6");
  });

  it("says when there is none of that family", async () => {
    found = [LIVE];
    const none = resolveTargets({ host: "game.example", port: 9 }, 6);
    await expect(none).rejects.toThrow('"target" expected a host with an IPv6 address, got "game.example"');
    found = Array.from({ length: 20 }, (_, i) => ({ address: `127.0.1.${i}`, family: 4 as const }));
    expect(await resolveTargets({ host: "game.example", port: 9 })).toHaveLength(8);
  });
});
