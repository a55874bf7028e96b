import {
  ByteWriter,
  encodeClientHello,
  encodeReject,
  encodeRetry,
  encodeTransportParameters,
  encodeUnsignedServerHello,
  IdentityType,
  REJECT_BYTES,
  type RejectReason,
  RETRY_BYTES,
  signServerHello,
  type TransportParameters,
} from "@sortie/wire";
import { hex } from "./target.js";

/** Parameters at both ends of their ranges. */
export const SAMPLE_PARAMETERS: readonly TransportParameters[] = [
  {
    idleTimeoutMs: 10_000,
    maxAckDelayMs: 25,
    maxDatagramBytes: 1452,
    maxMessageBytes: 4096,
    receiveWindowBytes: 16_384,
  },
  { idleTimeoutMs: 1000, maxAckDelayMs: 0, maxDatagramBytes: 1200, maxMessageBytes: 1, receiveWindowBytes: 1 },
  {
    idleTimeoutMs: 600_000,
    maxAckDelayMs: 1000,
    maxDatagramBytes: 1452,
    maxMessageBytes: 2 ** 30 - 1,
    receiveWindowBytes: 2 ** 40,
  },
];

/** Starts of handshake packets and fields of theirs. */
export const PACKET_WORDS: readonly Uint8Array[] = [
  "01 535254 01",
  "02 535254 01",
  "03 535254 01",
  "04 535254 01",
  "535254",
  "02 01 02",
  "24",
  "0041",
  "04",
  "00 0041",
  "01 0001",
  ...SAMPLE_PARAMETERS.map((parameters) => Buffer.from(encodeTransportParameters(parameters)).toString("hex")),
].map(hex);

interface SamplePackets {
  readonly clientHellos: readonly Uint8Array[];
  readonly serverHellos: readonly Uint8Array[];
  readonly retries: readonly Uint8Array[];
  readonly rejects: readonly Uint8Array[];
}

/** One packet of each kind and shape. What would be keys and signatures is only bytes. */
export function samplePackets(): SamplePackets {
  const parameters = encodeTransportParameters(SAMPLE_PARAMETERS[0] as TransportParameters);
  const fill = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte);
  const hello = {
    protocolId: fill(8, 0x70),
    clientRandom: fill(32, 0x72),
    clientConnectionId: 0x0102_0304,
    keyShare: fill(65, 0x04),
    parameters,
  };
  const answer = {
    clientConnectionId: 0x0102_0304,
    serverConnectionId: 0x0506_0708,
    suite: 1,
    serverRandom: fill(32, 0x73),
    keyShare: fill(65, 0x04),
    parameters,
  };
  const rawKey = { ...answer, identityType: IdentityType.RawKey, identity: fill(65, 0x04) };
  const chain = { ...answer, identityType: IdentityType.X509Chain, identity: fill(100, 0x30) };
  const signature = fill(64, 0x5f);
  return {
    clientHellos: [
      encodeClientHello({ ...hello, suites: Uint8Array.of(1, 2), cookie: fill(0, 0) }),
      encodeClientHello({ ...hello, suites: Uint8Array.of(2), cookie: fill(36, 0x63) }),
    ],
    serverHellos: [rawKey, chain].map((unsigned) => signServerHello(encodeUnsignedServerHello(unsigned), signature)),
    retries: [
      written(RETRY_BYTES, (writer) =>
        encodeRetry(writer, { clientConnectionId: hello.clientConnectionId, cookie: fill(36, 0x63) }),
      ),
    ],
    rejects: [1, 2, 3, 4, 5].map((reason) =>
      written(REJECT_BYTES, (writer) => encodeReject(writer, { ...hello, reason: reason as RejectReason })),
    ),
  };
}

function written(length: number, write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter().reset(new Uint8Array(length));
  write(writer);
  return writer.bytes;
}
