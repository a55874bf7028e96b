import { describe, expect, it } from "vitest";
import {
  CLIENT_HELLO_BYTES,
  type ClientHello,
  cookieBytesOfHello,
  decodeClientHello,
  decodeClientHelloInvariants,
  decodeReject,
  decodeRetry,
  decodeServerHello,
  encodeClientHello,
  encodeReject,
  encodeRetry,
  encodeUnsignedServerHello,
  HandshakeType,
  IdentityType,
  peekHandshakeType,
  REJECT_BYTES,
  RejectReason,
  RETRY_BYTES,
  signServerHello,
  type UnsignedServerHello,
  unsignedPart,
} from "../src/index.js";
import { hex, toHex, written } from "./helpers.js";

const PROTOCOL_ID = "a0a1a2a3a4a5a6a7";
const RANDOM = "00".repeat(31) + "1f";
const POINT = `04${"55".repeat(64)}`;
const COOKIE = "00000007" + "cc".repeat(32);
const PARAMETERS = "0102ea60";

const clientHello: ClientHello = {
  protocolId: hex(PROTOCOL_ID),
  clientRandom: hex(RANDOM),
  clientConnectionId: 0xc1c2_c3c4,
  suites: hex("0201"),
  keyShare: hex(POINT),
  cookie: hex(COOKIE),
  parameters: hex(PARAMETERS),
};

const serverHello: UnsignedServerHello = {
  clientConnectionId: 0xc1c2_c3c4,
  serverConnectionId: 0x5152_5354,
  suite: 2,
  serverRandom: hex(RANDOM),
  keyShare: hex(POINT),
  parameters: hex(PARAMETERS),
  identityType: IdentityType.RawKey,
  identity: hex(POINT),
};

/** `bytes` with the byte at `at` replaced. */
function changed(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = value;
  return copy;
}

/** A hello whose cookie of 36 bytes is replaced by one of another length; all else is in order. */
function withCookieOf(hello: Uint8Array, length: number): Uint8Array {
  const bytes = new Uint8Array(CLIENT_HELLO_BYTES);
  bytes.set(hello.subarray(0, 118));
  bytes[117] = length;
  bytes.set(hello.subarray(154, 300), 118 + length);
  return bytes;
}

describe("handshake header", () => {
  it.each([
    ["01 535254 01", HandshakeType.ClientHello],
    ["02 535254 01", HandshakeType.Retry],
    ["03 535254 01", HandshakeType.ServerHello],
    ["04 535254 ff", HandshakeType.Reject],
    ["05 535254 01", "unknown-packet"],
    ["00 535254 01", "unknown-packet"],
    ["01 535255 01", "unknown-packet"],
    ["01 435254 01", "unknown-packet"],
    ["01 534254 01", "unknown-packet"],
    ["01 535254", "truncated"],
    ["", "truncated"],
  ])("%s: %s", (text, expected) => {
    expect(peekHandshakeType(hex(text))).toBe(expected);
  });
});

describe("CLIENT_HELLO", () => {
  const encoded = encodeClientHello(clientHello);
  const head = `01 535254 01 ${PROTOCOL_ID} ${RANDOM} c1c2c3c4 02 0201 ${POINT} 24 ${COOKIE} 0004 ${PARAMETERS}`;

  it("is its fields and zeros up to 1200 bytes", () => {
    expect(toHex(encoded)).toBe(head.replaceAll(" ", "").padEnd(2 * CLIENT_HELLO_BYTES, "0"));
    expect(decodeClientHello(encoded)).toEqual(clientHello);
  });

  it("has no cookie at first", () => {
    const first = encodeClientHello({ ...clientHello, cookie: new Uint8Array(0) });
    expect(first.length).toBe(CLIENT_HELLO_BYTES);
    expect(decodeClientHello(first)).toEqual({ ...clientHello, cookie: new Uint8Array(0) });
  });

  it("keeps the place of what every version can read", () => {
    const other = changed(encoded, 4, 9);
    expect(decodeClientHello(other)).toBe("unknown-version");
    const expected = {
      version: 9,
      protocolId: clientHello.protocolId,
      clientRandom: clientHello.clientRandom,
      clientConnectionId: clientHello.clientConnectionId,
    };
    expect(decodeClientHelloInvariants(other)).toEqual(expected);
    expect(decodeClientHelloInvariants(other.subarray(0, 49))).toEqual(expected);
    expect(decodeClientHelloInvariants(other.subarray(0, 48))).toBe("truncated");
  });

  // Offsets: suites' count 49, suites 50, key share 52, cookie's length 117, cookie 118, parameters' length 154.
  it.each([
    ["another type", changed(encoded, 0, 2), "unknown-packet"],
    ["another magic", changed(encoded, 2, 0), "unknown-packet"],
    ["no suite", changed(encoded, 49, 0), "out-of-range"],
    ["nine suites", changed(encoded, 49, 9), "out-of-range"],
    ["a suite twice", changed(encoded, 51, 2), "out-of-range"],
    ["a cookie of 35 bytes", withCookieOf(encoded, 35), "out-of-range"],
    ["a cookie of 1 byte", withCookieOf(encoded, 1), "out-of-range"],
    ["a cookie of 37 bytes", withCookieOf(encoded, 37), "out-of-range"],
    ["parameters of 101 bytes", changed(encoded, 155, 101), "out-of-range"],
    ["parameters of 1024 bytes", changed(encoded, 154, 4), "out-of-range"],
    ["a padding byte that is not zero", changed(encoded, 1199, 1), "non-canonical"],
    ["a first padding byte that is not zero", changed(encoded, 160, 1), "non-canonical"],
    ["a byte less", encoded.subarray(0, 1199), "truncated"],
    ["a byte more", new Uint8Array([...encoded, 0]), "trailing-bytes"],
    ["nothing", new Uint8Array(0), "truncated"],
  ])("is refused with %s", (_, bytes, error) => {
    expect(decodeClientHello(bytes)).toBe(error);
    expect(cookieBytesOfHello(bytes)).toBe(error);
  });

  it("is refused with any bit of its padding set, whatever its alignment", () => {
    const shifted = new Uint8Array(1203).subarray(3);
    for (let i = 160; i < 1200; i++) {
      shifted.set(encoded);
      shifted[i] = 1 << (i & 7);
      expect(cookieBytesOfHello(shifted), `byte ${i}`).toBe("non-canonical");
    }
  });

  it("tells the size of its cookie without being decoded", () => {
    expect(cookieBytesOfHello(encoded)).toBe(36);
    expect(cookieBytesOfHello(encodeClientHello({ ...clientHello, cookie: new Uint8Array(0) }))).toBe(0);
    expect(cookieBytesOfHello(changed(encoded, 4, 9))).toBe("unknown-version");
  });

  it.each([
    [{ protocolId: hex("00") }, '"protocolId" expected 8 bytes, got 1'],
    [{ clientRandom: new Uint8Array(33) }, '"clientRandom" expected 32 bytes, got 33'],
    [{ keyShare: new Uint8Array(64) }, '"keyShare" expected 65 bytes, got 64'],
    [{ cookie: new Uint8Array(35) }, '"cookie" expected 36 bytes, got 35'],
    [{ suites: new Uint8Array(0) }, '"suites" expected 1..8 different codes'],
    [{ suites: hex("0101") }, '"suites" expected 1..8 different codes'],
    [{ suites: hex("010203040506070809") }, '"suites" expected 1..8 different codes'],
    [{ parameters: new Uint8Array(101) }, '"parameters" expected at most 100 bytes, got 101'],
  ])("is not written with %j", (fields, message) => {
    expect(() => encodeClientHello({ ...clientHello, ...fields })).toThrow(message);
  });

  it("decoded fields are views of the datagram", () => {
    const datagram = encoded.slice();
    const hello = decodeClientHello(datagram);
    if (typeof hello === "string") throw new Error(hello);
    datagram[5] = 0x99;
    expect(hello.protocolId[0]).toBe(0x99);
  });
});

describe("RETRY", () => {
  const encoded = written((w) => encodeRetry(w, { clientConnectionId: 0xc1c2_c3c4, cookie: hex(COOKIE) }));

  it("is the client's connection ID and a cookie", () => {
    expect(toHex(encoded)).toBe(`0253525401c1c2c3c4${COOKIE}`);
    expect(encoded.length).toBe(RETRY_BYTES);
    expect(decodeRetry(encoded)).toEqual({ clientConnectionId: 0xc1c2_c3c4, cookie: hex(COOKIE) });
  });

  it.each([
    ["another version", changed(encoded, 4, 2), "unknown-version"],
    ["another type", changed(encoded, 0, 3), "unknown-packet"],
    ["a byte less", encoded.subarray(0, 44), "truncated"],
    ["a byte more", new Uint8Array([...encoded, 0]), "trailing-bytes"],
  ])("is refused with %s", (_, bytes, error) => {
    expect(decodeRetry(bytes)).toBe(error);
  });

  it("is not written with a cookie of another size", () => {
    expect(() => written((w) => encodeRetry(w, { clientConnectionId: 1, cookie: new Uint8Array(35) }))).toThrow(
      '"cookie" expected 36 bytes, got 35',
    );
  });
});

describe("SERVER_HELLO", () => {
  const unsigned = encodeUnsignedServerHello(serverHello);
  const signature = new Uint8Array(64).fill(0x77);
  const encoded = signServerHello(unsigned, signature);

  it("is its fields, then the signature", () => {
    const text = `03 535254 01 c1c2c3c4 51525354 02 ${RANDOM} ${POINT} 0004 ${PARAMETERS} 00 0041 ${POINT}`;
    expect(toHex(unsigned)).toBe(text.replaceAll(" ", ""));
    expect(toHex(encoded)).toBe(toHex(unsigned) + "77".repeat(64));
    expect(decodeServerHello(encoded)).toEqual({ ...serverHello, signature });
    expect(toHex(unsignedPart(encoded))).toBe(toHex(unsigned));
  });

  it("fits the smallest datagram with all fields at their largest", () => {
    const largest = encodeUnsignedServerHello({
      ...serverHello,
      parameters: new Uint8Array(100),
      identityType: IdentityType.X509Chain,
      identity: new Uint8Array(900),
    });
    expect(signServerHello(largest, signature).length).toBe(1180);
    expect(typeof decodeServerHello(signServerHello(largest, signature))).toBe("object");
  });

  // Offsets: suite 13, random 14, key share 46, parameters' length 111, identity's type 117, length 118
  it.each([
    ["another version", changed(encoded, 4, 0), "unknown-version"],
    ["another type", changed(encoded, 0, 1), "unknown-packet"],
    ["parameters of 101 bytes", changed(encoded, 112, 101), "out-of-range"],
    ["identity type 2", changed(encoded, 117, 2), "out-of-range"],
    ["a raw key of 66 bytes", changed(encoded, 119, 66), "out-of-range"],
    ["an identity of no bytes", changed(changed(encoded, 117, 1), 119, 0), "out-of-range"],
    ["a chain of 901 bytes", changed(changed(changed(encoded, 117, 1), 118, 3), 119, 133), "out-of-range"],
    ["a byte less", encoded.subarray(0, encoded.length - 1), "truncated"],
    ["a byte more", new Uint8Array([...encoded, 0]), "trailing-bytes"],
  ])("is refused with %s", (_, bytes, error) => {
    expect(decodeServerHello(bytes)).toBe(error);
  });

  it.each([
    [{ serverRandom: new Uint8Array(31) }, '"serverRandom" expected 32 bytes, got 31'],
    [{ keyShare: new Uint8Array(0) }, '"keyShare" expected 65 bytes, got 0'],
    [{ parameters: new Uint8Array(101) }, '"parameters" expected at most 100 bytes, got 101'],
    [{ identity: new Uint8Array(64) }, "got 64 bytes of type 0"],
    [{ identityType: IdentityType.X509Chain, identity: new Uint8Array(901) }, "got 901 bytes of type 1"],
    [{ identityType: IdentityType.X509Chain, identity: new Uint8Array(0) }, "got 0 bytes of type 1"],
  ])("is not written with %j", (fields, message) => {
    expect(() => encodeUnsignedServerHello({ ...serverHello, ...fields })).toThrow(message);
  });

  it("takes a signature of 64 bytes only", () => {
    expect(() => signServerHello(unsigned, new Uint8Array(70))).toThrow('"signature" expected 64 bytes, got 70');
  });
});

describe("REJECT", () => {
  const reject = { clientConnectionId: 0xc1c2_c3c4, clientRandom: hex(RANDOM), reason: RejectReason.ServerFull };
  const encoded = written((w) => encodeReject(w, reject));

  it("echoes the client's random and says why", () => {
    expect(toHex(encoded)).toBe(`0453525401c1c2c3c4${RANDOM}03`);
    expect(encoded.length).toBe(REJECT_BYTES);
    expect(decodeReject(encoded)).toEqual({ ...reject, version: 1 });
  });

  it("is read in every version", () => {
    const other = changed(changed(encoded, 4, 7), 41, RejectReason.Version);
    expect(decodeReject(other)).toEqual({ ...reject, version: 7, reason: RejectReason.Version });
  });

  it.each([
    ["reason 0", changed(encoded, 41, 0), "out-of-range"],
    ["reason 6", changed(encoded, 41, 6), "out-of-range"],
    ["another type", changed(encoded, 0, 2), "unknown-packet"],
    ["another magic", changed(encoded, 3, 0), "unknown-packet"],
    ["a byte less", encoded.subarray(0, 41), "truncated"],
    ["a byte more", new Uint8Array([...encoded, 0]), "trailing-bytes"],
  ])("is refused with %s", (_, bytes, error) => {
    expect(decodeReject(bytes)).toBe(error);
  });

  it("is not written with a random of another size", () => {
    expect(() => written((w) => encodeReject(w, { ...reject, clientRandom: new Uint8Array(8) }))).toThrow(
      '"clientRandom" expected 32 bytes, got 8',
    );
  });
});
