import { describe, expect, it } from "vitest";
import { expectAllTaken, failing } from "../../../tests/support/forgotten-await.js";
import { connect, createClient, createServer, generateIdentity, loadIdentity } from "../src/index.js";

const { publicKey } = generateIdentity();
const to = { host: "127.0.0.1", port: 1, protocol: "x", serverKey: publicKey };

/** The error for these options, the same from both. */
async function refusal(options: object): Promise<Error> {
  const all = { ...to, ...options } as never;
  const rejected = (await connect(all).catch((error: unknown) => error)) as Error;
  expect(() => createClient(all)).toThrow(rejected);
  return rejected;
}

describe("bytes that a client is given", () => {
  it("are no key where their memory has gone, and the option is named", async () => {
    const serverKey = publicKey.slice();
    structuredClone(serverKey, { transfer: [serverKey.buffer] });
    const error = await refusal({ serverKey });
    expect(error.message).toBe('"serverKey" expected 65 bytes that start with 04, got 0 bytes');
    expect(error).toMatchObject({ name: "IdentityError", code: "malformed-key" });
  });

  it("are not copied where they are too many for a payload", async () => {
    const payload = new Uint8Array(2 ** 26);
    const before = process.memoryUsage().arrayBuffers;
    const connecting = connect({ ...to, payload });
    const grownBytes = process.memoryUsage().arrayBuffers - before;
    await expect(connecting).rejects.toThrow(new RangeError('"payload" expected at most 1024 bytes, got 67108864'));
    expect(grownBytes).toBeLessThan(2 ** 25);
    expect((await refusal({ payload: new Uint8Array(1025) })).message).toMatch("at most 1024 bytes, got 1025");
  });
});

describe("a promise in the place of an option", () => {
  expectAllTaken();

  it.each<[string, () => unknown]>([
    ["all of them, for connect", () => connect(failing())],
    ["all of them, for createServer", () => createServer(failing())],
    ["the key", () => connect({ ...to, serverKey: failing() })],
    ["the key of a polled client", () => createClient({ ...to, serverKey: failing() })],
    ["the payload", () => connect({ ...to, payload: failing() })],
    ["the trust", () => connect({ ...to, serverKey: undefined, trust: failing() })],
    ["the authority", () => connect({ ...to, serverKey: undefined, trust: { ca: failing() } })],
    ["the transport", () => createClient({ ...to, transport: failing() })],
    ["the identity", () => createServer({ protocol: "x", identity: failing() })],
    ["the name of a file", () => loadIdentity(failing())],
  ])("is refused and may reject without ending the process: %s", async (_, call) => {
    await expect(Promise.resolve().then(call)).rejects.toThrow(/got a promise|got object/);
  });
});
