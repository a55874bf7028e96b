import { type HandshakeKeys, PacketProtection } from "@sortie/handshake";
import {
  CipherSuite,
  MAX_PACKET_NUMBER,
  PACKET_HEADER_BYTES,
  readTruncatedPacketNumber,
  recoverPacketNumber,
  TAG_BYTES,
} from "@sortie/wire";
import { crypto } from "./fixed-crypto.js";
import { expectSame, hex, toHex } from "./hex.js";
import { runHandshake } from "./handshake-vectors.js";

const ACCEPT = "04 101112131415161718191a1b1c1d1e1f 202122232425262728292a2b2c2d2e2f";

type Side = "client" | "server";

/** What happens on a connection of the vectors, in order. "update": this side changes its keys first. */
const SCRIPT: readonly { from: Side; packetNumber: number; frames: string; update?: true }[] = [
  { from: "client", packetNumber: 0, frames: "03 05 746f6b656e 18 00 0000 68656c6c6f" },
  { from: "server", packetNumber: 0, frames: `02 00 43e8 00 ${ACCEPT}` },
  { from: "client", packetNumber: 1, frames: "02 00 00 00" },
  { from: "server", packetNumber: 1, frames: "02 01 00 01 01 01" },
  { from: "client", packetNumber: 2 ** 32 - 1, frames: "10 05 aabbcc" },
  { from: "client", packetNumber: 2 ** 32, frames: `11 07 4100 ${"5a".repeat(256)} 00` },
  { from: "server", packetNumber: 3, frames: "02 c000000100000000 00 01 01" },
  { from: "client", packetNumber: 2 ** 32 + 1, frames: "01", update: true },
  { from: "server", packetNumber: 4, frames: "02 c000000100000001 00 01 03" },
  { from: "client", packetNumber: 2 ** 32 + 2, frames: "02 04 00 01 07 01" },
  { from: "server", packetNumber: 5, frames: "01", update: true },
  { from: "client", packetNumber: 2 ** 32 + 3, frames: "02 05 00 01 0f" },
  { from: "client", packetNumber: 2 ** 33 + 7, frames: "16 02 0102 aabbcc" },
  { from: "server", packetNumber: MAX_PACKET_NUMBER, frames: "05 00 03 627965" },
];

class Endpoint {
  readonly protection: PacketProtection;
  readonly remoteConnectionId: number;
  generation = 0;
  largestReceived = -1;
  largestSent = -1;

  constructor(keys: HandshakeKeys, local: Uint8Array, remote: Uint8Array) {
    const { suite } = keys;
    this.protection = new PacketProtection({ crypto, suite, localSecret: local, remoteSecret: remote });
    this.protection.setProbeTimeoutMs(1);
    this.remoteConnectionId = keys.remoteConnectionId;
  }
}

function packetsOf(suite: CipherSuite): object {
  const { client, server } = runHandshake(suite);
  const { clientSecret, serverSecret } = client.secrets;
  const sides = {
    client: new Endpoint(client, clientSecret, serverSecret),
    server: new Endpoint(server, serverSecret, clientSecret),
  };
  let nowMs = 0;
  const packets = SCRIPT.map(({ from, packetNumber, frames, update }) => {
    // Above three probe timeouts, so that each update is allowed.
    nowMs += 100;
    const sender = sides[from];
    const receiver = sides[from === "client" ? "server" : "client"];
    if (update === true) expectSame("update", sender.protection.initiateUpdate(nowMs), true);
    const plaintext = hex(frames);
    const buffer = new Uint8Array(PACKET_HEADER_BYTES + plaintext.length + TAG_BYTES);
    buffer.set(plaintext, PACKET_HEADER_BYTES);
    const framesEnd = PACKET_HEADER_BYTES + plaintext.length;
    const { remoteConnectionId } = sender;
    const end = sender.protection.seal(buffer, 0, framesEnd, remoteConnectionId, packetNumber, nowMs);
    expectSame("length", end, buffer.length);
    sender.largestSent = packetNumber;
    // The first packet of a jump of more than 2^31 cannot be recovered by the receiver: the vector tells its number.
    const largest = receiver.largestReceived;
    const recovered = recoverPacketNumber(largest, readTruncatedPacketNumber(buffer));
    const out = new Uint8Array(plaintext.length);
    expectSame("open", receiver.protection.open(buffer, packetNumber, out, nowMs), plaintext.length);
    expectSame("plaintext", toHex(out), toHex(plaintext));
    receiver.largestReceived = Math.max(largest, packetNumber);
    // Both acknowledge everything at once, so that keys count as confirmed.
    sender.protection.onAcked(packetNumber);
    const { keyPhase, updates } = sender.protection.statistics;
    return {
      from,
      generation: updates,
      keyPhase,
      connectionId: remoteConnectionId,
      packetNumber,
      ...(recovered === packetNumber ? { largestReceived: largest } : {}),
      plaintext: toHex(plaintext),
      datagram: toHex(buffer),
    };
  });
  const first = packets[0] as (typeof packets)[number];
  return { suite, packets, forged: forgeries(hex(first.datagram)) };
}

/** What becomes of the first packet of the client under way; each must fail to open with its keys. */
function forgeries(datagram: Uint8Array): object[] {
  const flipped = (at: number, bit: number): string => {
    const copy = datagram.slice();
    copy[at] = (copy[at] as number) ^ bit;
    return toHex(copy);
  };
  const last = datagram.length - 1;
  return [
    { name: "connection ID changed", datagram: flipped(4, 1) },
    { name: "ciphertext changed", datagram: flipped(9, 0x80) },
    { name: "tag changed", datagram: flipped(last, 1) },
    { name: "cut short", datagram: toHex(datagram.subarray(0, last)) },
    { name: "one byte more", datagram: toHex(Uint8Array.of(...datagram, 0)) },
  ];
}

/** Section 4: packets of both directions under both suites, over two key updates. */
export function packetVectors(): object {
  const suites = [CipherSuite.Aes128Gcm, CipherSuite.ChaCha20Poly1305];
  return { section: "4", connections: suites.map(packetsOf) };
}
