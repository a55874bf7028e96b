import { createNetwork } from "@sortie/transport-memory";
import { describe, expect, it } from "vitest";
import { connect, createClient, createServer, generateIdentity } from "../src/index.js";

const identity = generateIdentity();
const to = { host: "127.0.0.1", port: 1, protocol: "x", serverKey: identity.publicKey };

/** The names in the refusal of an option that there is not. */
async function namesOf(work: () => unknown): Promise<string[]> {
  const error = await Promise.resolve()
    .then(work)
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TypeError);
  const [, list = "", got = ""] = /^"options" expected only (.+), got "(.+)"$/.exec((error as Error).message) ?? [];
  expect(["hots", "prot"]).toContain(got);
  return list.split(", ");
}

describe("an option that there is not", () => {
  it("is refused by createServer with the names of all there are", async () => {
    const names = await namesOf(() => createServer({ protocol: "x", identity, hots: "1" } as never));
    const own = ["host", "port", "reusePort", "receiveBufferBytes", "sendBufferBytes", "aead", "keyLogFile", "keyLog"];
    for (const name of [...own, "protocol", "transport", "crypto", "share", "mtu"]) expect(names).toContain(name);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each([
    ["connect", connect],
    ["createClient", createClient],
  ])("is refused by %s with the names of all there are", async (_, open: (options: never) => unknown) => {
    const names = await namesOf(() => open({ ...to, prot: 1 } as never));
    for (const name of ["host", "aead", "keyLogFile", "keyLog", "crypto", "mtu"]) expect(names).toContain(name);
    // What names the socket of a server is no option of a client.
    expect(names).not.toContain("reusePort");
  });

  it("is named by the way it is written", async () => {
    expect(() => createServer({ protocol: "x", identity, KeyLogFile: "y" } as never)).toThrow(
      new TypeError('"options" expected "keyLogFile", got "KeyLogFile"'),
    );
    await expect(connect({ ...to, AEAD: "auto" } as never)).rejects.toThrow('"options" expected "aead", got "AEAD"');
  });

  it("is none of those that the core's options have", () => {
    const transport = createNetwork({ seed: 1 }).createTransport();
    const server = createServer({ protocol: "x", identity, transport, tickRate: 0, maxPeers: 1, clock: undefined });
    expect(server.address).toBeUndefined();
    for (const options of [null, 5, [], Promise.resolve({ protocol: "x", identity })]) {
      expect(() => createServer(options as never)).toThrow('"options" expected an object, got');
      expect(() => createClient(options as never)).toThrow('"options" expected an object, got');
    }
  });
});
