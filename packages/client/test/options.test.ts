import { createNobleProvider, IdentityError, identityOf, publicKeyToPem } from "@sortie/handshake";
import type { DatagramTransport } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import { connect, prepare } from "../src/connect.js";
import { checkConnectPayload, type ClientOptions, trustOf } from "../src/options.js";
import { createClient } from "../src/polled-client.js";

const crypto = createNobleProvider();
const { publicKey } = identityOf(crypto.generateKeyPair());
/** Never opened: options are checked before. */
const unused = (): never => {
  throw new Error("expected not to be used");
};
const parts = { open: unused, acquireBatch: unused, send: unused, close: unused, statistics: {} };
const transport = parts as unknown as DatagramTransport;
const [host, port, protocol] = ["192.0.2.1", 1474, "test/1"];
const GOOD: ClientOptions = { host, port, protocol, serverKey: publicKey, crypto, transport };

/** The error for these options, the same from `connect` and `createClient`. */
async function refusal(options: object): Promise<Error> {
  const all = { ...GOOD, ...options };
  const rejected: unknown = await connect(all).then(
    () => undefined,
    (error: unknown) => error,
  );
  let thrown: unknown;
  try {
    createClient(all);
  } catch (error) {
    thrown = error;
  }
  if (!(rejected instanceof Error) || !(thrown instanceof Error)) throw new Error("expected two errors");
  expect([thrown.name, thrown.message]).toEqual([rejected.name, rejected.message]);
  return rejected;
}

const TRANSPORT_ERROR = '"transport" expected a datagram transport, got an object without close';
const CRYPTO_ERROR =
  '"crypto" expected a crypto provider, got an object without sha256, hmacSha256, hkdfSha256, generateKeyPair, ' +
  "importPrivateKey, sharedSecret, sign, verify, createAead";
const LOGGER_ERROR = '"logger" expected an object with debug, info, warn and error(fields, message), got none for warn';

describe("options of a client", () => {
  it("that are good are taken", () => {
    const serverKey = publicKeyToPem(publicKey);
    const good = [{}, { serverKey }, { payload: "x" }, { timeoutMs: 100 }, { logger: console }, { port: 65_535 }];
    const { signal } = new AbortController();
    // Of another realm: no instance of this one's AbortSignal.
    const foreign = { aborted: false, addEventListener: () => undefined, removeEventListener: () => undefined };
    for (const options of [...good, { signal }, { signal: foreign }]) {
      expect(() => prepare({ ...GOOD, ...options })).not.toThrow();
    }
  });

  it.each([
    ["host", undefined, TypeError, '"host" expected a name or an IP address, got undefined'],
    ["host", "", TypeError, '"host" expected a name or an IP address, got ""'],
    ["host", "[::1]", RangeError, '"host" expected an IPv6 address without brackets, got "[::1]"'],
    ["host", 5, TypeError, '"host" expected a name or an IP address, got 5'],
    ["port", undefined, RangeError, '"port" expected an integer in 1..65535, got undefined'],
    ["port", 0, RangeError, '"port" expected an integer in 1..65535, got 0'],
    ["port", 65_536, RangeError, '"port" expected an integer in 1..65535, got 65536'],
    ["port", "1474", RangeError, '"port" expected an integer in 1..65535, got "1474"'],
    ["keyLog", "keys.log", TypeError, '"keyLog" expected a function, got a string'],
    ["timeoutMs", 99, RangeError, '"timeoutMs" expected a number in 100..600000, got 99'],
    ["timeoutMs", NaN, RangeError, '"timeoutMs" expected a number in 100..600000, got NaN'],
    ["timeoutMs", "5000", RangeError, '"timeoutMs" expected a number in 100..600000, got "5000"'],
    ["timeoutMs", null, RangeError, '"timeoutMs" expected a number in 100..600000, got null'],
    ["transport", undefined, TypeError, '"transport" expected a datagram transport, got undefined'],
    ["transport", { ...parts, close: 1 }, TypeError, TRANSPORT_ERROR],
    ["clock", Date, TypeError, '"clock" expected a clock, got a function'],
    ["clock", null, TypeError, '"clock" expected a clock, got null'],
    ["crypto", { randomBytes: unused }, TypeError, CRYPTO_ERROR],
    ["crypto", null, TypeError, '"crypto" expected a crypto provider, got null'],
    ["logger", { ...console, warn: 1 }, TypeError, LOGGER_ERROR],
    ["signal", new AbortController(), TypeError, '"signal" expected an AbortSignal, got AbortController'],
    ["signal", { aborted: false }, TypeError, '"signal" expected an AbortSignal, got Object'],
    ["signal", "abort", TypeError, '"signal" expected an AbortSignal, got string'],
    ["signal", null, TypeError, '"signal" expected an AbortSignal, got null'],
    ["protocol", "", RangeError, '"protocol" expected 1..255 bytes of UTF-8, got 0'],
    ["payload", 5, TypeError, '"payload" expected a Uint8Array or a string, got a number'],
    ["payload", null, TypeError, '"payload" expected a Uint8Array or a string, got null'],
    ["payload", "é".repeat(513), RangeError, '"payload" expected at most 1024 bytes, got 1026'],
    ["payload", new Uint8Array(1025), RangeError, '"payload" expected at most 1024 bytes, got 1025'],
    ["mtu", 1199, RangeError, '"mtu" expected an integer in 1200..1452, got 1199'],
    ["idleTimeoutMs", 1, RangeError, '"idleTimeoutMs" expected an integer in 1000..600000, got 1'],
    ["serverKey", {}, TypeError, '"serverKey" expected PEM text or 65 bytes, got an object'],
    ["serverKey", Promise.resolve(""), TypeError, '"serverKey" expected PEM text or 65 bytes, got a promise'],
  ])("%s = %j is refused, and the message says so", async (name, value, kind, message) => {
    const error = await refusal({ [name]: value });
    expect(error).toBeInstanceOf(kind);
    expect(error.message).toBe(message);
  });

  it("one that there is not is refused: a misspelt one must not go unnoticed", async () => {
    expect((await refusal({ timeoutms: 5000 })).message).toBe('"options" expected "timeoutMs", got "timeoutms"');
    expect((await refusal({ tls: true })).message).toMatch(
      /^"options" expected only host, port, .* mtu, .* got "tls"$/,
    );
    expect(() => prepare({ ...GOOD, tls: undefined } as never)).not.toThrow();
  });

  it("a payload of exactly 1024 bytes is taken", () => {
    expect(() => prepare({ ...GOOD, payload: new Uint8Array(1024) })).not.toThrow();
  });

  it.each([
    ["bytes", (bytes: Uint8Array) => new Uint8Array(bytes)],
    // Its slice() shares its memory.
    ["a Buffer", (bytes: Uint8Array) => Buffer.from(bytes)],
  ])("payload and key that are given as %s are copied: the caller may wipe his", (_kind, copy) => {
    const [payload, serverKey] = [copy(Uint8Array.of(1, 2, 3)), copy(publicKey)];
    const kept = checkConnectPayload(payload);
    const trust = trustOf({ ...GOOD, serverKey });
    payload.fill(0);
    serverKey.fill(0);
    expect([...kept]).toEqual([1, 2, 3]);
    expect(trust).toEqual({ kind: "pin", publicKey });
  });

  it("nobody to trust is refused, and both ways out are named", async () => {
    for (const dangerouslyTrustAnyServer of [undefined, false]) {
      const error = await refusal({ serverKey: undefined, dangerouslyTrustAnyServer });
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toContain('"serverKey" expected');
      expect(error.message).toContain("dangerouslyTrustAnyServer: true");
    }
    expect(() => prepare({ ...GOOD, serverKey: undefined as never, dangerouslyTrustAnyServer: true })).not.toThrow();
  });

  it("a key beside the trust in any server is refused, and so is an authority", async () => {
    const trust = { verify: () => undefined, leafKey: () => publicKey };
    for (const [other, options] of [
      ["serverKey", {}],
      ["trust", { serverKey: undefined, trust }],
    ] as const) {
      const message = `"dangerouslyTrustAnyServer" expected to be left out beside "${other}", got both`;
      expect(await refusal({ ...options, dangerouslyTrustAnyServer: true })).toEqual(new TypeError(message));
    }
    expect(() => prepare({ ...GOOD, dangerouslyTrustAnyServer: false })).not.toThrow();
  });

  it("the trust in any server is true or false, and nothing that looks like it", async () => {
    for (const [value, got] of [
      ["", '""'],
      ["true", '"true"'],
      [1, "1"],
      [null, "null"],
      [{}, "an object"],
    ] as const) {
      const message = `"dangerouslyTrustAnyServer" expected a boolean, got ${got}`;
      for (const options of [{}, { serverKey: undefined }]) {
        expect(await refusal({ ...options, dangerouslyTrustAnyServer: value })).toEqual(new TypeError(message));
      }
    }
  });

  it.each([
    ["no PEM at all", "hello", "not-pem"],
    ["an empty text", "", "not-pem"],
    ["a private key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "private-key-given"],
    ["a certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "wrong-format"],
    ["a PEM file read as bytes", new TextEncoder().encode("-----BEGIN PUBLIC KEY-----"), "malformed-key"],
    ["a point off the curve", new Uint8Array(65).fill(4), "malformed-key"],
    ["no bytes", new Uint8Array(0), "malformed-key"],
  ])("%s as server key is an IdentityError that names the option", async (_what, serverKey, code) => {
    const error = await refusal({ serverKey });
    expect(error).toBeInstanceOf(IdentityError);
    expect((error as IdentityError).code).toBe(code);
    expect(error.message).toMatch(/^"serverKey" /);
  });

  it("a PEM file that was read as bytes is told as that, and not shown", async () => {
    const { message } = await refusal({ serverKey: new TextEncoder().encode(publicKeyToPem(publicKey)) });
    expect(message).toBe('"serverKey" expected PEM text, got PEM as bytes: read the file as "utf8"');
  });

  it.each([undefined, null, "192.0.2.1", [], Promise.resolve(GOOD)])(
    "options that are %j are refused",
    async (options) => {
      await expect(connect(options as never)).rejects.toThrow(/"options" expected an object, got/);
      expect(() => createClient(options as never)).toThrow(TypeError);
    },
  );
});
