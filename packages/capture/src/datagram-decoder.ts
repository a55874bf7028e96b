import type { CryptoProvider, KeyLogEntry } from "@sortie/handshake";
import type { SocketAddress } from "@sortie/transport";
import {
  datagramKind,
  decodeClientHello,
  decodeServerHello,
  HandshakeType,
  isLegalProtectedFlags,
  keyPhaseOf,
  MAX_DATAGRAM_BYTES,
  MIN_PROTECTED_BYTES,
  PacketFrames,
  FrameKind,
  peekHandshakeType,
  PACKET_HEADER_BYTES,
  readConnectionId,
  readTruncatedPacketNumber,
  RESET_TOKEN_BYTES,
} from "@sortie/wire";
import { expectBytes, expectCrypto, expectKeys, expectObject } from "./argument-checks.js";
import { type CapturedConnection, ConnectionDirectory, type Side } from "./connection-directory.js";
import { describeFrame } from "./describe-frame.js";
import { describeHandshake } from "./describe-handshake.js";
import { type Fields, idText, toHex } from "./fields.js";
import type { OpenedPacket } from "./packet-flow.js";
import { cutRun, type DatagramPiece, type PacketJudge, type RunPlace } from "./uncut-run.js";

/** Names of docs/PROTOCOL.md; "UNKNOWN" for what is none of them. */
export type PacketName =
  "CLIENT_HELLO" | "RETRY" | "SERVER_HELLO" | "REJECT" | "PROTECTED" | "STATELESS_RESET" | "UNKNOWN";

/** What a datagram holds. */
export interface DecodedDatagram {
  readonly packet: PacketName;
  /** "C1" and so on, in the order in which connections are seen; empty where none is known. */
  readonly connection: string;
  /** Who sent it, where that is known. */
  readonly sender: Side | undefined;
  /** For one line, without the packet's name. */
  readonly summary: string;
  readonly fields: Fields;
  /** What is out of the ordinary. */
  readonly notes: readonly string[];
  /** A protected packet that was opened. */
  readonly opened: OpenedPacket | undefined;
}

/** A datagram to decode. */
export interface DatagramInput {
  readonly payload: Uint8Array;
  /** bytes on the link, where less was captured. */
  readonly originalBytes?: number | undefined;
  readonly source?: SocketAddress | undefined;
  /** Its place in a run, as `cut` gives it. */
  readonly run?: RunPlace | undefined;
}

const HANDSHAKE_NAMES: Readonly<Record<HandshakeType, PacketName>> = {
  [HandshakeType.ClientHello]: "CLIENT_HELLO",
  [HandshakeType.Retry]: "RETRY",
  [HandshakeType.ServerHello]: "SERVER_HELLO",
  [HandshakeType.Reject]: "REJECT",
};

/** On the sender's machine alone it may be a run of datagrams; receivers drop it. */
const TOO_LARGE = `larger than ${MAX_DATAGRAM_BYTES} bytes, and no size is found that cuts it into packets`;

/** Reset tokens, and addresses of sides, that are remembered. The oldest are forgotten. */
const MAX_REMEMBERED = 65_536;

/**
 * Decodes the datagrams of a capture one after the other, in the order in which they were captured. With the keys of a
 * key log it opens protected packets, and follows key updates and changes of address. Nothing in a datagram makes it
 * throw; its methods throw TypeError for what is none.
 */
export class DatagramDecoder {
  readonly #crypto: CryptoProvider;
  readonly #directory: ConnectionDirectory;
  readonly #frames: PacketFrames = new PacketFrames();
  /** Connections by the reset token of their ACCEPT. */
  readonly #tokens = new Map<string, CapturedConnection>();
  /** Where each side of a connection last sent from. */
  readonly #sources = new Map<string, SocketAddress>();
  readonly #judge: PacketJudge = {
    isKnown: (id) => this.#directory.find(id).length > 0,
    hasKeys: (id) => this.#directory.find(id).some(({ connection }) => connection.hasKeys),
    isPacket: (datagram) => this.#isPacket(datagram),
  };

  /** Throws TypeError for what is no crypto provider, or no entries of a key log. */
  constructor(crypto: CryptoProvider, keys: readonly KeyLogEntry[] = []) {
    expectCrypto(crypto);
    expectKeys(keys);
    this.#crypto = crypto;
    this.#directory = new ConnectionDirectory(crypto, keys);
  }

  /** Whether the bytes are Sortie's for certain: a handshake packet, or one of a connection that is known. */
  isSortie(payload: Uint8Array): boolean {
    expectBytes("payload", payload);
    if (payload.length < PACKET_HEADER_BYTES) return false;
    const kind = datagramKind(payload[0] as number);
    if (kind === "handshake") return typeof peekHandshakeType(payload) === "number";
    return kind === "protected" && this.#directory.find(readConnectionId(payload)).length > 0;
  }

  /**
   * The datagrams in a payload: itself, or those of a run that the sender's kernel had not yet cut (UDP_SEGMENT), which
   * a capture on the sender's machine has as one datagram of up to 65 kB. For `decode`, one after the other. Those of
   * which nothing was captured are left out.
   */
  cut(datagram: DatagramInput): readonly DatagramPiece[] {
    checkInput(datagram);
    const { payload, originalBytes = payload.length } = datagram;
    return cutRun(payload, originalBytes, this.#judge);
  }

  /** Decodes one datagram; what is larger than any can be is taken for one that `cut` found no size for. */
  decode(datagram: DatagramInput): DecodedDatagram {
    checkInput(datagram);
    const { payload, originalBytes = payload.length, source, run } = datagram;
    const notes: string[] = [];
    if (run !== undefined) notes.push(`${run.number} of ${run.count} that the sender's kernel had not yet cut`);
    if (payload.length < originalBytes) notes.push(`captured ${payload.length} of ${originalBytes} bytes`);
    if (originalBytes > MAX_DATAGRAM_BYTES) notes.push(TOO_LARGE);
    if (payload.length === 0) return unknown("empty", notes);
    const first = payload[0] as number;
    switch (datagramKind(first)) {
      case "handshake":
        return this.#decodeHandshake(payload, payload.length === originalBytes, notes);
      case "protected":
        if (!isLegalProtectedFlags(first)) return unknown(`flags 0x${first.toString(16)}, illegal in version 1`, notes);
        if (payload.length < PACKET_HEADER_BYTES) return unknown("shorter than a header", notes);
        return this.#decodeProtected(payload, payload.length === originalBytes, source, notes);
      case "unknown":
        return unknown(`first byte 0x${first.toString(16)}, not of this protocol`, notes);
    }
  }

  /** Handshake packets that decode, and protected ones that a likely key opens. Changes nothing. */
  #isPacket(datagram: Uint8Array): boolean {
    if (datagramKind(datagram[0] as number) === "handshake") {
      const type = peekHandshakeType(datagram);
      return typeof type === "number" && typeof describeHandshake(this.#crypto, type, datagram) !== "string";
    }
    if (datagram.length < MIN_PROTECTED_BYTES) return false;
    const candidates = this.#directory.find(readConnectionId(datagram));
    return candidates.some(({ connection, sender }) => connection.flowOf(sender)?.opens(datagram) === true);
  }

  #decodeHandshake(datagram: Uint8Array, isWhole: boolean, notes: string[]): DecodedDatagram {
    const type = peekHandshakeType(datagram);
    if (typeof type === "string") return unknown(`no handshake packet: ${type}`, notes);
    const packet = HANDSHAKE_NAMES[type];
    const sender = type === HandshakeType.ClientHello ? "client" : "server";
    const described = describeHandshake(this.#crypto, type, datagram);
    const base = { packet, connection: "", sender, notes, opened: undefined } as const;
    if (typeof described === "string") {
      // What the capture has cut is no fault of the packet.
      if (!isWhole) return { ...base, summary: "cut by the capture", fields: {} };
      return { ...base, summary: `malformed: ${described}`, fields: { malformed: described } };
    }
    const connection = this.#followHandshake(type, datagram);
    return { ...base, connection: connection?.name ?? "", ...described };
  }

  #followHandshake(type: HandshakeType, datagram: Uint8Array): CapturedConnection | undefined {
    if (type === HandshakeType.ClientHello) {
      const hello = decodeClientHello(datagram);
      if (typeof hello !== "string") this.#directory.onClientHello(hello.clientConnectionId, hello.clientRandom);
    } else if (type === HandshakeType.ServerHello) {
      const hello = decodeServerHello(datagram);
      if (typeof hello !== "string") {
        return this.#directory.onServerHello(hello.clientConnectionId, hello.serverConnectionId);
      }
    }
    return undefined;
  }

  #decodeProtected(
    datagram: Uint8Array,
    isWhole: boolean,
    source: SocketAddress | undefined,
    notes: string[],
  ): DecodedDatagram {
    const id = readConnectionId(datagram);
    const number = readTruncatedPacketNumber(datagram);
    const header = { keyPhase: keyPhaseOf(datagram[0] as number), connectionId: idText(id), packetNumberLow: number };
    const isOpenable = isWhole && datagram.length >= MIN_PROTECTED_BYTES && datagram.length <= MAX_DATAGRAM_BYTES;
    if (isWhole && datagram.length < MIN_PROTECTED_BYTES) notes.push("shorter than any packet: dropped by receivers");
    const candidates = this.#directory.find(id);
    // What is likely in all connections of this ID, before what is not in the first.
    for (const isSearch of isOpenable ? [false, true] : []) {
      for (const { connection, sender } of candidates) {
        const opened = connection.flowOf(sender)?.open(datagram, isSearch);
        if (opened !== undefined) return this.#describeOpened(connection, sender, header, opened, source, notes);
      }
    }
    const reset = isOpenable ? this.#tokens.get(toHex(datagram.subarray(-RESET_TOKEN_BYTES))) : undefined;
    if (reset !== undefined) {
      const fields = { ...header, resetToken: toHex(datagram.subarray(-RESET_TOKEN_BYTES)) };
      const summary = `ends ${reset.name}`;
      return {
        packet: "STATELESS_RESET",
        connection: reset.name,
        sender: "server",
        summary,
        fields,
        notes,
        opened: undefined,
      };
    }
    const [likeliest] = candidates;
    if (isOpenable && candidates.some(({ connection }) => connection.hasKeys)) {
      notes.push("no logged key opens it: forged, damaged, or of another connection");
    }
    const connection = likeliest === undefined ? "" : this.#directory.named(likeliest.connection).name;
    const summary = `to ${header.connectionId}, number ..${number}, encrypted, ${datagram.length} bytes`;
    const fields = { ...header, encrypted: true };
    return { packet: "PROTECTED", connection, sender: likeliest?.sender, summary, fields, notes, opened: undefined };
  }

  #describeOpened(
    found: CapturedConnection,
    sender: Side,
    header: Fields,
    opened: OpenedPacket,
    source: SocketAddress | undefined,
    notes: string[],
  ): DecodedDatagram {
    const connection = this.#directory.named(found).name;
    const { packetNumber, generation, plaintext } = opened;
    if (opened.isRepeated) notes.push("a packet with this number came before: receivers drop it");
    if (source !== undefined) this.#followAddress(connection, sender, source, notes);
    const numbers = { ...header, packetNumber, generation };
    const base = { packet: "PROTECTED", connection, sender, notes, opened } as const;
    const start = `number ${packetNumber}${generation === 0 ? "" : `, generation ${generation}`}`;
    const malformed = this.#frames.decode(plaintext, 0, plaintext.length);
    if (malformed !== undefined) {
      const fields = { ...numbers, malformed, plaintext: toHex(plaintext) };
      return { ...base, summary: `${start}: malformed frames: ${malformed}`, fields };
    }
    const frames = Array.from({ length: this.#frames.count }, (_, index) => this.#frames.at(index));
    for (const frame of frames) {
      if (frame.kind !== FrameKind.Accept || sender !== "server") continue;
      remember(this.#tokens, toHex(plaintext.subarray(frame.end - RESET_TOKEN_BYTES, frame.end)), found);
    }
    const described = frames.map((frame) => describeFrame(frame, plaintext));
    const summary = `${start}: ${described.map((frame) => frame.summary).join(" | ")}`;
    return { ...base, summary, fields: { ...numbers, frames: described.map(({ fields }) => fields) } };
  }

  #followAddress(connection: string, sender: Side, source: SocketAddress, notes: string[]): void {
    const key = `${connection} ${sender}`;
    const before = this.#sources.get(key);
    if (before !== undefined && !before.equals(source)) {
      notes.push(`the ${sender} moved from ${before.toString()} to ${source.toString()}`);
    }
    if (before === undefined || !before.equals(source)) remember(this.#sources, key, source);
  }
}

function checkInput(datagram: DatagramInput): void {
  expectObject("datagram", datagram);
  expectBytes("payload", datagram.payload);
}

function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > MAX_REMEMBERED) map.delete(map.keys().next().value as string);
}

function unknown(summary: string, notes: readonly string[]): DecodedDatagram {
  return { packet: "UNKNOWN", connection: "", sender: undefined, summary, fields: {}, notes, opened: undefined };
}
