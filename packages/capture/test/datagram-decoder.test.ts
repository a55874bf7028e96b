import { type KeyLogEntry, PacketProtection } from "@sortie/handshake";
import {
  ByteWriter,
  CipherSuite,
  type ClientHello,
  CloseCode,
  decodeClientHello,
  encodeAccept,
  encodeAck,
  encodeClose,
  encodeConnect,
  encodeCredit,
  encodeFragment,
  encodeMessage,
  encodePadding,
  encodePathChallenge,
  encodePathResponse,
  encodePing,
  encodeReject,
  encodeRetry,
  encodeUtf8,
  PACKET_HEADER_BYTES,
  RejectReason,
} from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { DatagramDecoder, type DecodedDatagram, parseKeyLog, treeOf } from "../src/index.js";
import { address, CLIENT_ID, concat, crypto, handshake, hex, SERVER_ID } from "./support.js";

const entry: KeyLogEntry = {
  clientRandom: new Uint8Array(32).fill(1),
  clientConnectionId: CLIENT_ID,
  serverConnectionId: SERVER_ID,
  suite: CipherSuite.ChaCha20Poly1305,
  clientSecret: new Uint8Array(32).fill(2),
  serverSecret: new Uint8Array(32).fill(3),
};

type FrameWriter = (writer: ByteWriter) => void;

/** One side of a connection, as the real one seals. */
class Sender {
  readonly protection: PacketProtection;
  readonly #to: number;
  #last = -1;
  #nowMs = 0;

  constructor(side: "client" | "server", of: KeyLogEntry = entry) {
    const [localSecret, remoteSecret] =
      side === "client" ? [of.clientSecret, of.serverSecret] : [of.serverSecret, of.clientSecret];
    this.protection = new PacketProtection({ crypto, suite: of.suite, localSecret, remoteSecret });
    this.#to = side === "client" ? of.serverConnectionId : of.clientConnectionId;
  }

  seal(packetNumber: number, write: FrameWriter = encodePing): Uint8Array {
    const bytes = new Uint8Array(1452);
    const writer = new ByteWriter().reset(bytes, PACKET_HEADER_BYTES);
    this.#last = packetNumber;
    write(writer);
    return bytes.slice(0, this.protection.seal(bytes, 0, writer.offset, this.#to, packetNumber, this.#nowMs));
  }

  /** The next generation of what it sends: the peer has acknowledged, and has followed. */
  update(peer: Sender, packetNumber: number, peerNumber: number): void {
    const out = new Uint8Array(1452);
    this.protection.onAcked(this.#last);
    // Three probe timeouts later.
    this.#nowMs += 10_000;
    if (!this.protection.initiateUpdate(this.#nowMs)) throw new Error("no update is allowed");
    peer.protection.open(this.seal(packetNumber), packetNumber, out, this.#nowMs);
    this.protection.open(peer.seal(peerNumber), peerNumber, out, this.#nowMs);
  }
}

function show({ packet, connection, sender, summary, notes }: DecodedDatagram): string {
  return [connection, sender ?? "-", packet, summary, ...notes].join("; ");
}

function decodeAll(datagrams: readonly Uint8Array[], keys: readonly KeyLogEntry[] = [entry]): string[] {
  const decoder = new DatagramDecoder(crypto, keys);
  return datagrams.map((payload) => show(decoder.decode({ payload })));
}

describe("handshake packets", () => {
  it("are shown in full, and begin a connection", () => {
    const { hello, serverHello, keys } = handshake();
    const decoder = new DatagramDecoder(crypto, [keys]);
    const retry = new Uint8Array(45);
    encodeRetry(new ByteWriter().reset(retry), { clientConnectionId: CLIENT_ID, cookie: new Uint8Array(36).fill(9) });
    const decoded = [hello, retry, serverHello].map((payload) => decoder.decode({ payload }));
    expect(decoded.map(show)).toEqual([
      "; client; CLIENT_HELLO; from 0a0b0c0d, no cookie, AES-128-GCM or ChaCha20-Poly1305",
      "; server; RETRY; to 0a0b0c0d",
      "C1; server; SERVER_HELLO; to 0a0b0c0d from 01020304, AES-128-GCM",
    ]);
    expect(decoded[0]?.fields).toMatchObject({
      version: 1,
      clientRandom: hex(keys.clientRandom),
      clientConnectionId: "0a0b0c0d",
      keyShare: expect.stringMatching(/^04[0-9a-f]{128}$/),
      cookie: "",
      parameters: { maxMessageBytes: 4096 },
    });
    expect(decoded[2]?.fields).toMatchObject({
      suite: "AES-128-GCM",
      identityType: "raw-key",
      fingerprint: expect.stringMatching(/^SHA256:/),
      signature: expect.stringMatching(/^[0-9a-f]{128}$/),
    });
    const packet = decoder.decode({ payload: new Sender("client", keys).seal(0) });
    expect(show(packet)).toBe("C1; client; PROTECTED; number 0: PING");
  });

  it("of other versions, and refusals, are shown as far as all versions go", () => {
    const { hello } = handshake();
    const other = hello.slice();
    other[4] = 9;
    const reject = new Uint8Array(42);
    const { clientRandom } = decodeClientHello(hello) as ClientHello;
    const reason = RejectReason.Version;
    encodeReject(new ByteWriter().reset(reject), { clientConnectionId: CLIENT_ID, clientRandom, reason });
    reject[4] = 9;
    expect(decodeAll([other, reject])).toEqual([
      "; client; CLIENT_HELLO; from 0a0b0c0d, of version 9",
      "; server; REJECT; to 0a0b0c0d: version, version 9",
    ]);
  });

  it("with an identity that is no key are shown all the same", () => {
    const { serverHello } = handshake();
    const noKey = serverHello.slice();
    // The raw key stands before the signature.
    noKey.fill(1, noKey.length - 64 - 64, noKey.length - 64);
    const { packet, fields } = new DatagramDecoder(crypto).decode({ payload: noKey });
    expect(packet).toBe("SERVER_HELLO");
    expect(fields["fingerprint"]).toBe("none: expected a point on P-256, got one that is not on the curve");
  });

  it("that the capture has cut are not called damaged", () => {
    const { hello } = handshake();
    const decoded = new DatagramDecoder(crypto).decode({ payload: hello.subarray(0, 60), originalBytes: 1200 });
    expect(show(decoded)).toBe("; client; CLIENT_HELLO; cut by the capture; captured 60 of 1200 bytes");
    expect(decoded.fields).toEqual({});
  });

  it("that are damaged say how", () => {
    const { hello, serverHello } = handshake();
    const padded = hello.slice();
    padded[1199] = 1;
    expect(decodeAll([padded, serverHello.subarray(0, -1), Uint8Array.of(3, 1, 2, 3, 1), Uint8Array.of(1)])).toEqual([
      "; client; CLIENT_HELLO; malformed: non-canonical",
      "; server; SERVER_HELLO; malformed: truncated",
      "; -; UNKNOWN; no handshake packet: unknown-packet",
      "; -; UNKNOWN; no handshake packet: truncated",
    ]);
  });
});

describe("protected packets", () => {
  it("show every frame", () => {
    const frames: FrameWriter = (writer) => {
      encodePing(writer);
      encodeAck(writer, 20, 900, Uint8Array.of(0b0000_0111, 0b0010_0000), 2);
      encodeConnect(writer, Uint8Array.of(1, 2));
      encodeClose(writer, CloseCode.Kicked, encodeUtf8("go"));
      encodePathChallenge(writer, new Uint8Array(8).fill(4));
      encodePathResponse(writer, new Uint8Array(8).fill(5));
      encodeCredit(writer, 7, 1000, 5000);
      encodeMessage(writer, 0, 1, 0, Uint8Array.of(1));
      encodeMessage(writer, 4, 2, 300, Uint8Array.of(1, 2));
      encodeFragment(writer, 3, 3, 8, new Uint8Array(500), 100, 200);
      encodePadding(writer, 10);
    };
    const decoded = new DatagramDecoder(crypto, [entry]).decode({ payload: new Sender("client").seal(5, frames) });
    expect(decoded.summary.split(" | ")).toEqual([
      "number 5: PING",
      "ACK 17..20 6",
      "CONNECT, 2 bytes",
      'CLOSE kicked "go"',
      "PATH_CHALLENGE",
      "PATH_RESPONSE",
      "CREDIT channel 7 to 1000, connection to 5000",
      "MESSAGE unreliable channel 1, 1 bytes",
      "MESSAGE ordered channel 2 ID 300, 2 bytes",
      "FRAGMENT reliable channel 3 ID 8, bytes 100..199 of 500",
      "PADDING 10",
    ]);
    expect(decoded.fields).toMatchObject({ packetNumber: 5, generation: 0, connectionId: "01020304", keyPhase: 0 });
    const lines = treeOf(decoded.fields).join("\n");
    expect(lines).toContain(
      "frames 9\n  frame: MESSAGE\n  delivery: ordered\n  channel: 2\n  messageId: 300\n  length: 2",
    );
    expect(lines).toContain("acknowledged: 17..20, 6");
  });

  it("are told by their ID, whoever sends them from wherever", () => {
    const decoder = new DatagramDecoder(crypto, [entry]);
    const [client, server] = [new Sender("client"), new Sender("server")];
    const home = address("10.0.0.1", 4000);
    const away = address("10.0.0.9", 4001);
    const decode = (payload: Uint8Array, source: typeof home): string => show(decoder.decode({ payload, source }));
    expect(decode(client.seal(0), home)).toBe("C1; client; PROTECTED; number 0: PING");
    expect(decode(server.seal(0), address("10.0.0.2", 1474))).toBe("C1; server; PROTECTED; number 0: PING");
    expect(decode(client.seal(1), away)).toBe(
      "C1; client; PROTECTED; number 1: PING; the client moved from 10.0.0.1:4000 to 10.0.0.9:4001",
    );
    expect(decode(client.seal(2), away)).toBe("C1; client; PROTECTED; number 2: PING");
  });

  it("are followed over key updates, late ones included", () => {
    const [client, server] = [new Sender("client"), new Sender("server")];
    const packets = [client.seal(0), client.seal(1)];
    const late = client.seal(2);
    server.seal(0);
    client.update(server, 3, 1);
    packets.push(client.seal(4), late);
    client.update(server, 5, 2);
    packets.push(client.seal(6), server.seal(3));
    expect(decodeAll(packets)).toEqual([
      "C1; client; PROTECTED; number 0: PING",
      "C1; client; PROTECTED; number 1: PING",
      "C1; client; PROTECTED; number 4, generation 1: PING",
      "C1; client; PROTECTED; number 2: PING",
      "C1; client; PROTECTED; number 6, generation 2: PING",
      "C1; server; PROTECTED; number 3, generation 2: PING",
    ]);
  });

  it("are found where the capture begins late, and behind a gap over several updates", () => {
    const [client, server] = [new Sender("client"), new Sender("server")];
    client.seal(0);
    server.seal(0);
    for (let update = 0; update < 6; update++) client.update(server, 2 * update + 1, update + 1);
    const first = client.seal(20);
    for (let update = 6; update < 11; update++) client.update(server, 2 * update + 20, update + 1);
    expect(decodeAll([first, client.seal(100)])).toEqual([
      "C1; client; PROTECTED; number 20, generation 6: PING",
      "C1; client; PROTECTED; number 100, generation 11: PING",
    ]);
  });

  it("are seen to be repeated", () => {
    const packet = new Sender("client").seal(0);
    expect(decodeAll([packet, packet])[1]).toContain("; a packet with this number came before: receivers drop it");
  });

  it("are tried with all connections of their ID", () => {
    const other = { ...entry, clientSecret: new Uint8Array(32).fill(8), clientRandom: new Uint8Array(32).fill(7) };
    const packets = [new Sender("client").seal(0), new Sender("client", other).seal(0), new Sender("client").seal(1)];
    expect(decodeAll(packets, [entry, other])).toEqual([
      "C1; client; PROTECTED; number 0: PING",
      "C2; client; PROTECTED; number 0: PING",
      "C1; client; PROTECTED; number 1: PING",
    ]);
  });

  it("are tried with 16 connections of one ID, the newest", () => {
    const entries = Array.from({ length: 17 }, (_, index) => ({
      ...entry,
      clientRandom: new Uint8Array(32).fill(index),
      clientSecret: new Uint8Array(32).fill(index),
    }));
    const packets = entries.map((one) => new Sender("client", one).seal(0));
    const shown = decodeAll(packets, entries);
    expect(shown[0]).toContain("no logged key opens it");
    expect(shown.slice(1).filter((line) => line.includes("number 0: PING"))).toHaveLength(16);
  });

  it("are opened behind any number of forged handshakes with their IDs", () => {
    const real = handshake();
    const forged = Array.from({ length: 40 }, handshake).flatMap(({ hello, serverHello }) => [hello, serverHello]);
    const packets = [new Sender("client", real.keys).seal(0), new Sender("server", real.keys).seal(0)];
    const shown = decodeAll([real.hello, real.serverHello, ...forged, ...packets], [real.keys]);
    expect(shown.slice(-2)).toEqual(["C1; client; PROTECTED; number 0: PING", "C1; server; PROTECTED; number 0: PING"]);
  });

  it("are searched for 16 times among the later generations, where none has opened", () => {
    const [client, server] = [new Sender("client"), new Sender("server")];
    const start = client.seal(0);
    server.seal(0);
    for (let update = 0; update < 2; update++) client.update(server, 2 * update + 1, update + 1);
    const late = client.seal(20);
    const forged = late.slice();
    forged[25] = (forged[25] as number) ^ 1;
    const before = new Array<Uint8Array>(16).fill(forged);
    expect(decodeAll([...before.slice(1), late]).at(-1)).toBe("C1; client; PROTECTED; number 20, generation 2: PING");
    expect(decodeAll([...before, late]).at(-1)).toContain("no logged key opens it");
    expect(decodeAll([...before, start, late]).at(-1)).toContain("number 20, generation 2: PING");
  });

  it("without keys show their header, and whose they are if the handshake was seen", () => {
    const { serverHello, keys } = handshake();
    const packet = new Sender("server", keys).seal(0);
    expect(decodeAll([packet], [])).toEqual(["; -; PROTECTED; to 0a0b0c0d, number ..0, encrypted, 26 bytes"]);
    const shown = decodeAll([serverHello, packet, new Sender("client", keys).seal(9)], []);
    expect(shown.slice(1)).toEqual([
      "C1; server; PROTECTED; to 0a0b0c0d, number ..0, encrypted, 26 bytes",
      "C1; client; PROTECTED; to 01020304, number ..9, encrypted, 26 bytes",
    ]);
  });

  it("that are forged, cut, or of no legal form say so", () => {
    const packet = new Sender("client").seal(0);
    const forged = packet.slice();
    forged[12] = (forged[12] as number) ^ 1;
    const decoder = new DatagramDecoder(crypto, [entry]);
    expect(decodeAll([forged, packet])).toEqual([
      "C1; client; PROTECTED; to 01020304, number ..0, encrypted, 26 bytes; " +
        "no logged key opens it: forged, damaged, or of another connection",
      "C1; client; PROTECTED; number 0: PING",
    ]);
    expect(show(decoder.decode({ payload: packet.subarray(0, 20), originalBytes: 26 }))).toBe(
      "C1; client; PROTECTED; to 01020304, number ..0, encrypted, 20 bytes; captured 20 of 26 bytes",
    );
    expect(
      decodeAll([packet.subarray(0, 25), packet.subarray(0, 5), Uint8Array.of(0x42, 0), Uint8Array.of(0x80)]),
    ).toEqual([
      "C1; client; PROTECTED; to 01020304, number ..0, encrypted, 25 bytes; " +
        "shorter than any packet: dropped by receivers",
      "; -; UNKNOWN; shorter than a header",
      "; -; UNKNOWN; flags 0x42, illegal in version 1",
      "; -; UNKNOWN; first byte 0x80, not of this protocol",
    ]);
    expect(decodeAll([new Uint8Array(0), concat(packet, new Uint8Array(1500))])).toEqual([
      "; -; UNKNOWN; empty",
      expect.stringContaining("; larger than 1452 bytes, and no size is found that cuts it into packets"),
    ]);
  });

  it("whose frames do not decode show them as they are", () => {
    const packet = new Sender("client").seal(0, (writer) => writer.u8(0x09));
    const decoded = new DatagramDecoder(crypto, [entry]).decode({ payload: packet });
    expect(decoded.summary).toBe("number 0: malformed frames: unknown-frame");
    expect(decoded.fields).toMatchObject({ malformed: "unknown-frame", plaintext: "09" });
  });

  it("with the reset token of an ACCEPT are resets", () => {
    const token = new Uint8Array(16).fill(0xee);
    const accept = new Sender("server").seal(0, (writer) => encodeAccept(writer, new Uint8Array(16), token));
    const reset = concat(Uint8Array.of(0x40), new Uint8Array(4).fill(1), new Uint8Array(9), token);
    expect(decodeAll([reset, accept, reset])).toEqual([
      "; -; PROTECTED; to 01010101, number ..0, encrypted, 30 bytes",
      `C1; server; PROTECTED; number 0: ACCEPT session ${"00".repeat(16)}`,
      "C1; server; STATELESS_RESET; ends C1",
    ]);
  });
});

describe("isSortie", () => {
  it("is true for handshake packets and for known connections only", () => {
    const decoder = new DatagramDecoder(crypto, [entry]);
    const packet = new Sender("client").seal(0);
    const isSortie = (payload: Uint8Array): boolean => decoder.isSortie(payload);
    expect(isSortie(packet)).toBe(true);
    expect(new DatagramDecoder(crypto).isSortie(packet)).toBe(false);
    expect(isSortie(handshake().hello)).toBe(true);
    expect(isSortie(Uint8Array.of(1, 0, 0, 1, 0, 0, 0, 0, 0, 0))).toBe(false);
    expect(isSortie(packet.subarray(0, 8))).toBe(false);
    expect(isSortie(new Uint8Array(30).fill(0xff))).toBe(false);
  });
});

describe("a key log", () => {
  it("gives each connection once, and says which lines are damaged", () => {
    const line = `SORTIE_V1 ${"01".repeat(32)} 0a0b0c0d 01020304 02 ${"02".repeat(32)} ${"03".repeat(32)}`;
    const { entries, notes } = parseKeyLog(
      ["# mine", line, "", `${line}\r`, line.slice(0, 100), "CLIENT_RANDOM a b"].join("\n"),
    );
    expect(entries).toEqual([entry]);
    expect(notes).toEqual([expect.stringMatching(/^key log, line 5: "line" expected "SORTIE_V1"/)]);
  });

  it("tells of 100 damaged lines one by one, and counts the others", () => {
    const { notes } = parseKeyLog("SORTIE_V1 damaged\n".repeat(150));
    expect(notes).toHaveLength(101);
    expect(notes.slice(-2)).toEqual([
      expect.stringMatching(/^key log, line 100: /),
      "key log: 50 more lines are damaged",
    ]);
  });
});
