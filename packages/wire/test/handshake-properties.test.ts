import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type ClientHello,
  decodeClientHello,
  decodeClientHelloInvariants,
  decodeReject,
  decodeRetry,
  decodeServerHello,
  decodeTransportParameters,
  encodeClientHello,
  encodeReject,
  encodeRetry,
  encodeTransportParameters,
  encodeUnsignedServerHello,
  IdentityType,
  peekHandshakeType,
  PROTOCOL_VERSION,
  type Reject,
  RejectReason,
  type Retry,
  type ServerHello,
  signServerHello,
  type TransportParameters,
} from "../src/index.js";
import { bytesOf, embed, mutationsOf, toHex, u32, written } from "./helpers.js";

const upTo = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength });

const clientHello: fc.Arbitrary<ClientHello> = fc.record({
  protocolId: bytesOf(8),
  clientRandom: bytesOf(32),
  clientConnectionId: u32,
  suites: fc
    .uniqueArray(fc.integer({ min: 0, max: 255 }), { minLength: 1, maxLength: 8 })
    .map((codes) => Uint8Array.from(codes)),
  keyShare: bytesOf(65),
  cookie: fc.oneof(bytesOf(36), bytesOf(0)),
  parameters: upTo(100),
});

const identity = fc.oneof(
  fc.record({ identityType: fc.constant(IdentityType.RawKey), identity: bytesOf(65) }),
  fc.record({
    identityType: fc.constant(IdentityType.X509Chain),
    identity: fc.uint8Array({ minLength: 1, maxLength: 900 }),
  }),
);

const serverHello: fc.Arbitrary<ServerHello> = fc
  .tuple(
    fc.record({
      clientConnectionId: u32,
      serverConnectionId: u32,
      suite: fc.integer({ min: 0, max: 255 }),
      serverRandom: bytesOf(32),
      keyShare: bytesOf(65),
      parameters: upTo(100),
      signature: bytesOf(64),
    }),
    identity,
  )
  .map(([fields, shown]) => ({ ...fields, ...shown }));

const retry: fc.Arbitrary<Retry> = fc.record({ clientConnectionId: u32, cookie: bytesOf(36) });

const reject: fc.Arbitrary<Reject> = fc.record({
  version: fc.constant(PROTOCOL_VERSION),
  clientConnectionId: u32,
  clientRandom: bytesOf(32),
  reason: fc.constantFrom(...Object.values(RejectReason)),
});

const parameters: fc.Arbitrary<TransportParameters> = fc
  .record({
    idleTimeoutMs: fc.integer({ min: 1000, max: 600_000 }),
    maxAckDelayMs: fc.integer({ min: 0, max: 1000 }),
    maxDatagramBytes: fc.integer({ min: 1200, max: 1452 }),
    maxMessageBytes: fc.integer({ min: 1, max: 2 ** 30 - 1 }),
    receiveWindowBytes: fc.integer({ min: 1, max: 2 ** 40 }),
  })
  .map((p) => ({ ...p, receiveWindowBytes: Math.max(p.receiveWindowBytes, p.maxMessageBytes) }));

interface Codec<T> {
  readonly name: string;
  readonly values: fc.Arbitrary<T>;
  encode(value: T): Uint8Array;
  decode(bytes: Uint8Array): T | string;
  /** Bytes that decode and are another spelling on purpose: parameters of later versions are passed over. */
  readonly isLoose?: (bytes: Uint8Array) => boolean;
}

const encodeServerHello = ({ signature, ...rest }: ServerHello): Uint8Array =>
  signServerHello(encodeUnsignedServerHello(rest), signature);

const codecs: Codec<never>[] = [
  {
    name: "CLIENT_HELLO",
    values: clientHello,
    encode: encodeClientHello,
    decode: decodeClientHello,
  } as unknown as Codec<never>,
  {
    name: "RETRY",
    values: retry,
    encode: (value: Retry) => written((w) => encodeRetry(w, value)),
    decode: decodeRetry,
  } as unknown as Codec<never>,
  {
    name: "SERVER_HELLO",
    values: serverHello,
    encode: encodeServerHello,
    decode: decodeServerHello,
  } as unknown as Codec<never>,
  {
    name: "REJECT",
    values: reject,
    encode: (value: Reject) => written((w) => encodeReject(w, value)),
    decode: decodeReject,
    isLoose: (bytes: Uint8Array) => bytes[4] !== PROTOCOL_VERSION,
  } as unknown as Codec<never>,
  {
    name: "transport parameters",
    values: parameters,
    encode: encodeTransportParameters,
    decode: decodeTransportParameters,
    isLoose: hasUnknownParameter,
  } as unknown as Codec<never>,
];

/** Walks IDs and lengths of parameters that decoded. */
function hasUnknownParameter(bytes: Uint8Array): boolean {
  let at = 0;
  while (at < bytes.length) {
    const id = bytes[at] as number;
    if (id === 0 || id > 5) return true;
    at += 2 + (bytes[at + 1] as number);
  }
  return false;
}

describe.each(codecs)("$name", ({ values, encode, decode, isLoose }) => {
  it("decodes to what was encoded", () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(decode(encode(value))).toEqual(value);
      }),
      { seed: 20, numRuns: 300 },
    );
  });

  it("has one spelling, and mutated bytes neither throw nor change", () => {
    fc.assert(
      fc.property(mutationsOf(values.map(encode)), (bytes) => {
        const { view, isUntouched } = embed(bytes);
        const value = decode(view);
        expect(isUntouched()).toBe(true);
        if (typeof value === "string" || isLoose?.(bytes) === true) return;
        expect(toHex(encode(value))).toBe(toHex(bytes));
      }),
      { seed: 21, numRuns: 500 },
    );
  });

  it("is refused at every length but its own", () => {
    fc.assert(
      fc.property(values, fc.nat(), (value, at) => {
        const bytes = encode(value);
        const cut = at % bytes.length;
        expect(typeof decode(embed(bytes.subarray(0, cut)).view)).toBe("string");
        expect(typeof decode(new Uint8Array([...bytes, 1]))).toBe("string");
      }),
      { seed: 22, numRuns: 300 },
    );
  });

  it("random bytes never throw", () => {
    fc.assert(
      fc.property(upTo(1300), (bytes) => {
        const { view, isUntouched } = embed(bytes);
        expect(["string", "object"]).toContain(typeof decode(view));
        expect(["string", "number"]).toContain(typeof peekHandshakeType(view));
        expect(["string", "object"]).toContain(typeof decodeClientHelloInvariants(view));
        expect(isUntouched()).toBe(true);
      }),
      { seed: 23, numRuns: 300 },
    );
  });
});
