import {
  ByteWriter,
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
  RejectReason,
  signServerHello,
  type TransportParameters,
  type UnsignedServerHello,
} from "@sortie/wire";
import { counting, expectSame, hex, toHex } from "./hex.js";

const PARAMETERS: TransportParameters = {
  idleTimeoutMs: 10_000,
  maxAckDelayMs: 20,
  maxDatagramBytes: 1452,
  maxMessageBytes: 1_048_576,
  receiveWindowBytes: 4_194_304,
};

const POINT = Uint8Array.of(4, ...counting(0x10, 64));

const CLIENT_HELLO: ClientHello = {
  protocolId: counting(0xa0, 8),
  clientRandom: counting(0, 32),
  clientConnectionId: 0xc1c2_c3c4,
  suites: hex("0201"),
  keyShare: POINT,
  cookie: counting(0x80, 36),
  parameters: encodeTransportParameters(PARAMETERS),
};

const SERVER_HELLO: UnsignedServerHello = {
  clientConnectionId: 0xc1c2_c3c4,
  serverConnectionId: 0x5152_5354,
  suite: 1,
  serverRandom: counting(0x40, 32),
  keyShare: POINT,
  parameters: encodeTransportParameters(PARAMETERS),
  identityType: IdentityType.RawKey,
  identity: POINT,
};

type Change = readonly [at: number, value: number];

function changed(bytes: Uint8Array, ...changes: Change[]): Uint8Array {
  const copy = bytes.slice();
  for (const [at, value] of changes) copy[at] = value;
  return copy;
}

function longer(bytes: Uint8Array): Uint8Array {
  return Uint8Array.of(...bytes, 0);
}

/** A hello whose cookie of 36 bytes is replaced by one of another length; all else is in order. */
function withCookieOf(hello: Uint8Array, length: number): Uint8Array {
  const bytes = new Uint8Array(hello.length);
  bytes.set(hello.subarray(0, 118));
  bytes[117] = length;
  bytes.set(hello.subarray(154, 300), 118 + length);
  return bytes;
}

/** Byte fields as hexadecimal text. */
function plain(value: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([name, field]: [string, unknown]) => [
      name,
      field instanceof Uint8Array ? toHex(field) : field,
    ]),
  );
}

interface Packets {
  readonly legal: readonly (readonly [name: string, bytes: Uint8Array])[];
  readonly illegal: readonly (readonly [name: string, bytes: Uint8Array, error: string])[];
  readonly decode: (bytes: Uint8Array) => object | string;
}

function vectorsOf({ legal, illegal, decode }: Packets): object {
  return {
    legal: legal.map(([name, bytes]) => {
      const decoded = decode(bytes);
      if (typeof decoded === "string") throw new Error(`vector "${name}" is refused: ${decoded}`);
      return { name, bytes: toHex(bytes), fields: plain(decoded) };
    }),
    illegal: illegal.map(([name, bytes, error]) => {
      const decoded = decode(bytes);
      expectSame(name, decoded, error);
      return { name, bytes: toHex(bytes), error };
    }),
  };
}

function clientHelloPackets(): Packets {
  const hello = encodeClientHello(CLIENT_HELLO);
  return {
    decode: decodeClientHello,
    legal: [
      ["with cookie", hello],
      ["without cookie", encodeClientHello({ ...CLIENT_HELLO, cookie: new Uint8Array(0) })],
      ["eight suites", encodeClientHello({ ...CLIENT_HELLO, suites: hex("0102030405060708") })],
      ["100 bytes of parameters", encodeClientHello({ ...CLIENT_HELLO, parameters: counting(0, 100) })],
    ],
    illegal: [
      ["version 2", changed(hello, [4, 2]), "unknown-version"],
      ["other magic", changed(hello, [1, 0x73]), "unknown-packet"],
      ["other type", changed(hello, [0, 5]), "unknown-packet"],
      ["no suite", changed(hello, [49, 0]), "out-of-range"],
      ["nine suites", changed(hello, [49, 9]), "out-of-range"],
      ["one suite twice", changed(hello, [51, 2]), "out-of-range"],
      ["cookie of 35 bytes", withCookieOf(hello, 35), "out-of-range"],
      ["cookie of 37 bytes", withCookieOf(hello, 37), "out-of-range"],
      ["101 bytes of parameters", changed(hello, [155, 101]), "out-of-range"],
      ["last byte of the padding not zero", changed(hello, [1199, 1]), "non-canonical"],
      ["1199 bytes", hello.subarray(0, 1199), "truncated"],
      ["1201 bytes", longer(hello), "trailing-bytes"],
    ],
  };
}

function retryPackets(): Packets {
  const writer = new ByteWriter().reset(new Uint8Array(45));
  encodeRetry(writer, { clientConnectionId: 0xc1c2_c3c4, cookie: counting(0x80, 36) });
  const retry = writer.bytes;
  return {
    decode: decodeRetry,
    legal: [["retry", retry]],
    illegal: [
      ["version 0", changed(retry, [4, 0]), "unknown-version"],
      ["44 bytes", retry.subarray(0, 44), "truncated"],
      ["46 bytes", longer(retry), "trailing-bytes"],
    ],
  };
}

function serverHelloPackets(): Packets {
  const signature = counting(0xb0, 64);
  const hello = signServerHello(encodeUnsignedServerHello(SERVER_HELLO), signature);
  const chain = { ...SERVER_HELLO, identityType: IdentityType.X509Chain, identity: counting(0, 900) };
  // where the identity starts: its type, then its length
  const at = 113 + SERVER_HELLO.parameters.length;
  return {
    decode: decodeServerHello,
    legal: [
      ["raw key", hello],
      ["chain of 900 bytes", signServerHello(encodeUnsignedServerHello(chain), signature)],
    ],
    illegal: [
      ["version 2", changed(hello, [4, 2]), "unknown-version"],
      ["101 bytes of parameters", changed(hello, [112, 101]), "out-of-range"],
      ["identity type 2", changed(hello, [at, 2]), "out-of-range"],
      ["raw key of 64 bytes", changed(hello, [at + 2, 64]), "out-of-range"],
      ["chain of no bytes", changed(hello, [at, 1], [at + 2, 0]), "out-of-range"],
      ["a byte less", hello.subarray(0, hello.length - 1), "truncated"],
      ["a byte more", longer(hello), "trailing-bytes"],
    ],
  };
}

function rejectPackets(): Packets {
  const packets = Object.values(RejectReason).map((reason) => {
    const writer = new ByteWriter().reset(new Uint8Array(42));
    encodeReject(writer, { clientConnectionId: 0xc1c2_c3c4, clientRandom: counting(0, 32), reason });
    return writer.bytes;
  });
  const first = packets[0] as Uint8Array;
  return {
    decode: decodeReject,
    legal: [
      ...packets.map((packet, i) => [`reason ${i + 1}`, packet] as const),
      ["of a server of version 2", changed(first, [4, 2])],
    ],
    illegal: [
      ["reason 0", changed(first, [41, 0]), "out-of-range"],
      ["reason 6", changed(first, [41, 6]), "out-of-range"],
      ["41 bytes", first.subarray(0, 41), "truncated"],
      ["43 bytes", longer(first), "trailing-bytes"],
    ],
  };
}

/** Section 3: each handshake packet by itself. Keys and signatures here are only bytes. */
export function handshakePacketVectors(): object {
  const otherVersion = changed(encodeClientHello(CLIENT_HELLO), [4, 2]);
  const invariants = decodeClientHelloInvariants(otherVersion);
  if (typeof invariants === "string") throw new Error(invariants);
  return {
    section: "3",
    clientHello: vectorsOf(clientHelloPackets()),
    clientHelloOfAnotherVersion: { bytes: toHex(otherVersion.subarray(0, 49)), fields: plain(invariants) },
    retry: vectorsOf(retryPackets()),
    serverHello: vectorsOf(serverHelloPackets()),
    reject: vectorsOf(rejectPackets()),
  };
}

/** Section 3.5: transport parameters. */
export function transportParameterVectors(): object {
  const encoded = toHex(encodeTransportParameters(PARAMETERS));
  const smallest = { ...PARAMETERS, idleTimeoutMs: 1000, maxAckDelayMs: 0, maxDatagramBytes: 1200 };
  const legal: [string, string][] = [
    ["defaults", encoded],
    ["smallest", toHex(encodeTransportParameters({ ...smallest, maxMessageBytes: 1, receiveWindowBytes: 1 }))],
    [
      "largest",
      toHex(
        encodeTransportParameters({
          idleTimeoutMs: 600_000,
          maxAckDelayMs: 1000,
          maxDatagramBytes: 1452,
          maxMessageBytes: 2 ** 30 - 1,
          receiveWindowBytes: 2 ** 40,
        }),
      ),
    ],
    ["a client that checks certificates alone", toHex(encodeTransportParameters({ ...PARAMETERS, identityTypes: 2 }))],
    ["a client that checks both", toHex(encodeTransportParameters({ ...PARAMETERS, identityTypes: 3 }))],
    ["with unknown parameters", `0003ffffff${encoded}0a004100 02aabb`],
  ];
  const illegal: [string, string, string][] = [
    ["none", "", "truncated"],
    ["one missing", encoded.slice(0, -12), "truncated"],
    ["one twice", `01026710${encoded}`, "non-canonical"],
    ["not ascending", `020114 01026710 ${encoded.slice(14)}`, "non-canonical"],
    ["length is not the value's", encoded.replace("01026710", "01036710"), "non-canonical"],
    ["value in too many bytes", encoded.replace("020114", "02024014"), "non-canonical"],
    ["unknown one cut short", `${encoded}0a02aa`, "truncated"],
    ["idle timeout of 999 ms", encoded.replace("01026710", "010243e7"), "out-of-range"],
    ["idle timeout of 600001 ms", encoded.replace("01026710", "0104800927c1"), "out-of-range"],
    ["ack delay of 1001 ms", encoded.replace("020114", "020243e9"), "out-of-range"],
    ["datagrams of 1199 bytes", encoded.replace("030245ac", "030244af"), "out-of-range"],
    ["datagrams of 1453 bytes", encoded.replace("030245ac", "030245ad"), "out-of-range"],
    ["messages of no bytes", encoded.replace("040480100000", "040100"), "out-of-range"],
    ["identity types, their default spelled out", `${encoded}060101`, "non-canonical"],
    ["identity types, none", `${encoded}060100`, "out-of-range"],
    ["identity types, one that is unknown", `${encoded}060104`, "out-of-range"],
    ["window below the largest message", encoded.replace("050480400000", "0504800fffff"), "out-of-range"],
  ];
  return {
    section: "3.5",
    ...vectorsOf({
      decode: decodeTransportParameters,
      legal: legal.map(([name, text]) => [name, hex(text)]),
      illegal: illegal.map(([name, text, error]) => [name, hex(text), error]),
    }),
  };
}
