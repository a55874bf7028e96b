import { fingerprint, parsePublicKey } from "@sortie/handshake";
import { createNodeProvider, generateIdentity, identityToPem } from "@sortie/handshake/node";
import { createNetwork } from "@sortie/transport-memory";
import { describe, expect, it } from "vitest";
import { connect, createClient } from "../src/connect.js";
import { createServer } from "../src/create-server.js";
import { collectWarnings } from "./support/warnings.js";

const identity = generateIdentity();
const LOAD_IT = '"identity" expected an identity, got a string: load the file with loadIdentity()';
const GOOD = { protocol: "test/1", identity };
const CLIENT = { host: "127.0.0.1", port: 1474, protocol: "test/1", serverKey: identity.publicKey };

describe("createServer", () => {
  it.each([
    [{ protocol: undefined }, TypeError, '"protocol" expected a string, got undefined'],
    [{ protocol: "" }, RangeError, '"protocol" expected 1..255 bytes of UTF-8, got 0'],
    [{ port: -1 }, RangeError, '"port" expected an integer in 0..65535, got -1'],
    [{ port: 65_536 }, RangeError, '"port" expected an integer in 0..65535, got 65536'],
    [{ port: "1474" }, RangeError, '"port" expected an integer in 0..65535, got "1474"'],
    [{ port: null }, RangeError, '"port" expected an integer in 0..65535, got null'],
    [{ host: null }, RangeError, '"host" expected an IPv4 or IPv6 address, got null'],
    [{ clock: null }, TypeError, '"clock" expected a clock, got null'],
    [{ reusePort: null }, TypeError, '"reusePort" expected a boolean, got null'],
    [{ transport: null, port: 1474 }, TypeError, '"transport" expected a datagram transport, got null'],
    [{ host: "localhost" }, RangeError, '"host" expected an IPv4 or IPv6 address, got "localhost"'],
    [{ receiveBufferBytes: 0 }, RangeError, '"receiveBufferBytes" expected an integer in 1..1073741823, got 0'],
    [{ sendBufferBytes: 1.5 }, RangeError, '"sendBufferBytes" expected an integer in 1..1073741823, got 1.5'],
    [{ tickRate: 1001 }, RangeError, '"tickRate" expected 0 or a number in 1..1000, got 1001'],
    [{ maxPeers: 0 }, RangeError, '"maxPeers" expected an integer in 1..65535, got 0'],
    [{ authenticate: true }, TypeError, '"authenticate" expected a function, got a boolean'],
    [{ identity: "root.key" }, TypeError, LOAD_IT],
    [{ identity: identityToPem(identity).privateKeyPem }, TypeError, LOAD_IT],
    [{ mtu: 9000 }, RangeError, '"mtu" expected an integer in 1200..1452, got 9000'],
  ])("refuses %j, and names the option", (options, kind, message) => {
    expect(() => createServer({ ...GOOD, ...(options as object) })).toThrow(new kind(message));
  });

  it("refuses null for the transport of a client", async () => {
    const options = { ...CLIENT, transport: null as never };
    await expect(connect(options)).rejects.toThrow('"transport" expected a datagram transport, got null');
    expect(() => createClient(options)).toThrow('"transport" expected a datagram transport, got null');
  });

  it.each([undefined, null, "test/1"])("refuses %j for options", (options) => {
    expect(() => createServer(options as never)).toThrow(/"options" expected an object, got/);
  });

  it("without an identity makes a throw-away one and warns, with its fingerprint and public key", async () => {
    const warnings = await collectWarnings(() => createServer({ protocol: "test/1", port: 0 }));
    expect(warnings).toHaveLength(1);
    const [warning] = warnings;
    expect(warning?.code).toBe("SORTIE_THROW_AWAY_KEY");
    expect(warning?.message).toMatch(/throw-away key .*npx sortie keygen/);
    const publicKey = parsePublicKey(warning?.detail as string);
    expect(warning?.message).toContain(fingerprint(createNodeProvider(), publicKey));
    expect(await collectWarnings(() => createServer({ ...GOOD, port: 0 }))).toEqual([]);
  });

  it("takes null for no wish for a throw-away key", async () => {
    const create = (): unknown => createServer({ protocol: "test/1", port: 0, identity: null as never });
    const warnings = await collectWarnings(() =>
      expect(create).toThrow(new TypeError('"identity" expected an identity, got null')),
    );
    expect(warnings).toEqual([]);
  });

  it("takes a transport of the user's own", async () => {
    const network = createNetwork({ seed: 1 });
    const transport = network.createTransport({ host: "10.0.0.1", port: 99 });
    const server = createServer({ ...GOOD, transport, clock: network.clock });
    expect(await network.clock.runUntilSettled(server.listen())).toEqual({ address: "10.0.0.1", port: 99, family: 4 });
    await network.clock.runUntilSettled(server.close());
  });

  it.each([{ port: 1474 }, { host: "::" }, { reusePort: false }, { receiveBufferBytes: 1 }, { sendBufferBytes: 1 }])(
    "refuses %j beside a transport, which decides it",
    (options) => {
      const transport = createNetwork({ seed: 1 }).createTransport();
      const expected = `"${Object.keys(options)[0]}" expected to be left out beside "transport", which decides it; got both`;
      expect(() => createServer({ ...GOOD, transport, ...options })).toThrow(new TypeError(expected));
    },
  );
});

describe("connect and createClient", () => {
  it.each([
    [{ host: "" }, TypeError, '"host" expected a name or an IP address, got ""'],
    [{ port: 0 }, RangeError, '"port" expected an integer in 1..65535, got 0'],
    [{ protocol: 5 }, TypeError, '"protocol" expected a string, got number'],
    [{ timeoutMs: 0 }, RangeError, '"timeoutMs" expected a number in 100..600000, got 0'],
    [{ payload: new Uint8Array(1025) }, RangeError, '"payload" expected at most 1024 bytes, got 1025'],
    [{ keepAliveMs: 0 }, RangeError, '"keepAliveMs" expected an integer in 100..600000, got 0'],
  ])("refuse %j, and name the option", async (options, kind, message) => {
    const all = { ...CLIENT, ...(options as object) };
    await expect(connect(all)).rejects.toThrow(new kind(message));
    expect(() => createClient(all)).toThrow(new kind(message));
  });

  it("refuse what an authority's trust does not have", async () => {
    const { serverKey: _none, ...nobody } = CLIENT;
    const all = { ...nobody, trust: { ca: "", hostName: "play.example" } };
    const expected = new TypeError('"trust" expected "hostname", got "hostName"');
    await expect(connect(all)).rejects.toThrow(expected);
    expect(() => createClient(all)).toThrow(expected);
  });

  it("refuse null for the name that an authority vouches for, which is no default", async () => {
    const { serverKey: _none, ...nobody } = CLIENT;
    const all = { ...nobody, trust: { ca: "", hostname: null as never } };
    const expected = new TypeError('"hostname" expected a string, got null');
    await expect(connect(all)).rejects.toThrow(expected);
    expect(() => createClient(all)).toThrow(expected);
  });

  it("refuse null for the payload: the server would see somebody without credentials", async () => {
    const all = { ...CLIENT, payload: null as never };
    const expected = new TypeError('"payload" expected a Uint8Array or a string, got null');
    await expect(connect(all)).rejects.toThrow(expected);
    expect(() => createClient(all)).toThrow(expected);
  });

  it("need somebody to trust", async () => {
    const { serverKey: _none, ...nobody } = CLIENT;
    await expect(connect(nobody)).rejects.toThrow(/"serverKey" expected the server's public key/);
    await expect(connect({ ...nobody, serverKey: "root.pub" })).rejects.toMatchObject({ name: "IdentityError" });
  });

  it.each([undefined, null, 5])("refuse %j for options: connect by a rejection, never by a throw", async (options) => {
    await expect(connect(options as never)).rejects.toThrow(/"options" expected an object, got/);
    expect(() => createClient(options as never)).toThrow(TypeError);
  });
});
