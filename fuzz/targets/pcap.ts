import {
  CaptureError,
  DatagramDecoder,
  isCapture,
  LinkType,
  pcapHeader,
  pcapRecord,
  readCapture,
  readDatagram,
  treeOf,
  type UdpDatagram,
} from "@sortie/capture";
import { type KeyLogEntry, PacketProtection } from "@sortie/handshake";
import { SocketAddress } from "@sortie/transport";
import { CipherSuite, PACKET_HEADER_BYTES } from "@sortie/wire";
import { samplePackets } from "../lib/sample-packets.js";
import { createShamCrypto } from "../lib/sham-crypto.js";
import { check, equalBytes, type FuzzTarget, hex } from "../lib/target.js";

/** bytes: the shortest record of all, in a pcap file. An input can hold no more of them. */
const SHORTEST_RECORD_BYTES = 12;

const crypto = createShamCrypto(1);
const keys: KeyLogEntry = {
  clientRandom: new Uint8Array(32).fill(0x72),
  clientConnectionId: 0x0102_0304,
  serverConnectionId: 0x0506_0708,
  suite: CipherSuite.ChaCha20Poly1305,
  clientSecret: new Uint8Array(32).fill(1),
  serverSecret: new Uint8Array(32).fill(2),
};
const ends = { source: SocketAddress.parse("10.0.0.1", 4000), destination: SocketAddress.parse("10.0.0.2", 1474) };

/**
 * A capture file: nothing in it makes a reader throw, but for bytes that are none at all, and those before the first
 * record is asked for. Records are views of the file, counted up; there are no more of them than fit. What datagrams
 * they hold is decoded without a throw, and comes out of a capture that is written with them as it went in.
 */
export const pcap: FuzzTarget = {
  name: "pcap",
  maxBytes: 3000,
  freshRuns: 1000,
  dictionary: [
    ...["a1b2c3d4", "d4c3b2a1", "a1b23c4d", "4d3cb2a1", "0a0d0d0a", "1a2b3c4d", "4d3c2b1a", "00000006", "06000000"],
    ...["00000003", "00000001", "0009000109", "000e0008", "0800", "86dd", "8100", "88a8", "4500", "60000000", "11"],
    ...["2c", "00000002", "1e000000", "00000065", "65000000", "00000114", "00000071", "05c2", "0fa0"],
  ].map(hex),
  seeds,
  run(input) {
    const before = input.slice();
    if (!isCapture(input)) {
      let thrown: unknown;
      try {
        readCapture(input);
      } catch (error) {
        thrown = error;
      }
      if (!(thrown instanceof CaptureError)) throw thrown ?? new Error("read what is no capture");
      return;
    }
    const decoder = new DatagramDecoder(crypto, [keys]);
    let number = 0;
    for (const item of readCapture(input)) {
      if (item.kind === "note") {
        check(item.text.length > 0, "a note without a text");
        number = item.number ?? number;
        continue;
      }
      check(item.number === number + 1, `record ${item.number} follows ${number}`);
      number = item.number;
      check(item.bytes.buffer === input.buffer, "a record that is no view of the file");
      check(item.bytes.byteOffset >= input.byteOffset, "a record that begins before the file");
      check(item.bytes.byteOffset + item.bytes.length <= input.byteOffset + input.length, "a record beyond the file");
      check(item.originalBytes >= item.bytes.length, "more was captured than there was");
      const datagram = readDatagram(item);
      if (typeof datagram !== "string") checkDatagram(decoder, datagram);
    }
    check(number <= input.length / SHORTEST_RECORD_BYTES, `${number} records in ${input.length} bytes`);
    check(equalBytes(input, before), "the input was changed");
  },
};

function checkDatagram(decoder: DatagramDecoder, datagram: UdpDatagram): void {
  const { source, destination, payload } = datagram;
  check(payload.length <= datagram.originalBytes, "more of a payload than there was");
  const decoded = decoder.decode(datagram);
  check(decoded.summary.length > 0, "a datagram without a summary");
  JSON.stringify(treeOf(decoded.fields));
  const [again] = readCapture(concat([pcapHeader(), pcapRecord({ timeNs: 0n, source, destination, payload })]));
  if (again?.kind !== "record") throw new Error("a capture that was written has no record");
  const same = readDatagram(again);
  if (typeof same === "string") throw new Error(`a datagram that was written is none: ${same}`);
  check(same.source.equals(source) && same.destination.equals(destination), "a datagram with other addresses");
  check(equalBytes(same.payload, payload), "a datagram with another payload");
}

function seeds(): readonly Uint8Array[] {
  const { clientHellos, serverHellos, retries, rejects } = samplePackets();
  const datagrams = [clientHellos[0], retries[0], serverHellos[0], rejects[0], protectedPacket()] as Uint8Array[];
  const records = datagrams.map((payload) => pcapRecord({ timeNs: 1n, ...ends, payload }));
  const small = records[4] as Uint8Array;
  const [source, destination] = [SocketAddress.parse("fd00::1", 4000), SocketAddress.parse("fd00::2", 1474)];
  const v6 = pcapRecord({ timeNs: 1n, source, destination, payload: protectedPacket() });
  return [
    concat([pcapHeader(), ...records]),
    concat([pcapHeader(), small, v6]),
    concat([pcapHeader(), pcapRecord({ ...ends, timeNs: 1n, destination, payload: protectedPacket() })]),
    pcapng(small.subarray(16), LinkType.Raw),
    pcapng(concat([hex("020202020202040404040404 8100 0007 0800"), small.subarray(16)]), LinkType.Ethernet),
    pcapng(concat([hex("02000000"), small.subarray(16)]), LinkType.Null),
    pcapng(concat([new Uint8Array(14), hex("0800"), small.subarray(16)]), LinkType.LinuxSll),
    pcapng(concat([hex("0800"), new Uint8Array(18), small.subarray(16)]), LinkType.LinuxSll2),
  ];
}

/** The client's first packet: a PING. */
function protectedPacket(): Uint8Array {
  const { suite, clientSecret: localSecret, serverSecret: remoteSecret } = keys;
  const bytes = new Uint8Array(64);
  bytes[PACKET_HEADER_BYTES] = 1;
  const protection = new PacketProtection({ crypto, suite, localSecret, remoteSecret });
  return bytes.slice(0, protection.seal(bytes, 0, PACKET_HEADER_BYTES + 1, keys.serverConnectionId, 0, 0));
}

/** A pcapng file with one frame in an enhanced packet block, and in a simple one. */
function pcapng(frame: Uint8Array, linkType: number): Uint8Array {
  const word = (value: number): Uint8Array => hex(value.toString(16).padStart(8, "0"));
  const block = (type: number, ...body: Uint8Array[]): Uint8Array => {
    const content = concat(body);
    const padding = new Uint8Array(-content.length & 3);
    const length = word(content.length + padding.length + 12);
    return concat([word(type), length, content, padding, length]);
  };
  const options = hex("0009000109000000 000e0008 0000000000000001 00000000");
  return concat([
    block(0x0a0d0d0a, word(0x1a2b3c4d), hex("00010000 ffffffffffffffff")),
    block(1, hex(`${linkType.toString(16).padStart(4, "0")}0000`), word(0), options),
    block(6, word(0), word(0), word(1), word(frame.length), word(frame.length), frame),
    block(3, word(frame.length), frame),
  ]);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
