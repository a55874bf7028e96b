import {
  issueAuthority,
  issueServerCertificate,
  withCertificates,
  createCertificateVerifier,
} from "@sortie/certificates";
import { pcapHeader, pcapRecord } from "@sortie/capture";
import { ConnectError } from "@sortie/client";
import { type KeyLogEntry, PacketProtection } from "@sortie/handshake";
import { createNodeProvider, generateIdentity } from "@sortie/handshake/node";
import type { Delivery } from "@sortie/reliability";
import { SocketAddress } from "@sortie/transport";
import {
  ByteWriter,
  CipherSuite,
  CloseCode,
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
  encodeUtf8,
  MAX_PACKET_NUMBER,
  PACKET_HEADER_BYTES,
} from "@sortie/wire";
import { GameNetwork } from "../support/game-network.js";
import { createSeededNodeCrypto } from "../support/hostile-crypto.js";

/** A capture, and the key log for it. */
export interface Recording {
  readonly capture: Uint8Array;
  readonly keyLog: string;
}

/**
 * A game in virtual time whose datagrams are recorded as they leave: messages of all modes, in pieces too, a client
 * that moves and one that is not let in, an identity with certificates, refusals before keys, closes of all sides.
 */
export async function recordGame(): Promise<Recording> {
  const seed = 11;
  const lines: string[] = [];
  const keyLog = (line: string): void => void lines.push(line);
  const [authorityKey, serverKey] = [generateIdentity(), generateIdentity()];
  const authority = issueAuthority({ key: authorityKey, name: "test", days: 40 });
  const hostnames = ["game.example"];
  const certificate = { authority, authorityKey, publicKey: serverKey.publicKey, hostnames, days: 30 };
  const game = new GameNetwork({
    seed,
    link: { latencyMs: 20, loss: 0.02 },
    crypto: createSeededNodeCrypto(seed),
    server: {
      keyLog,
      identity: withCertificates(serverKey, issueServerCertificate(certificate)),
      authenticate: ({ payload }) =>
        payload.length > 3 ? { accept: false, reason: "täglich nur drei" } : { accept: true },
    },
  });
  const records: Uint8Array[] = [pcapHeader()];
  game.network.tap((payload, source, destination, verdict, nowMs) => {
    if (verdict !== "sent") return;
    records.push(pcapRecord({ timeNs: BigInt(Math.floor(nowMs * 1e6)), source, destination, payload }));
  });
  const modes: readonly Delivery[] = ["unreliable", "sequenced", "bestEffort", "reliable", "ordered"];
  game.server.on("connect", (peer) => {
    for (const [channel, delivery] of modes.entries())
      peer.send(new Uint8Array(10).fill(channel), { delivery, channel });
  });
  game.server.on("message", (peer, { payload, delivery, channel }) => void peer.send(payload, { delivery, channel }));
  await game.listen();

  const trust = createCertificateVerifier({ ca: authority, hostname: "game.example" });
  const { serverKey: _pinned, ...open } = game.clientOptions();
  const byAuthority = await game.connectWith({ ...open, trust, transport: game.network.createTransport() });
  const transport = game.network.createTransport();
  const pinned = { serverKey: serverKey.publicKey, transport, payload: "ann" };
  const moving = await game.connect(pinned);
  for (const client of [byAuthority, moving]) {
    for (const [channel, delivery] of modes.entries()) {
      for (const bytes of [0, 1, 60, 900, 5000]) client.send(new Uint8Array(bytes).fill(bytes), { delivery, channel });
    }
  }
  await game.run(1500);
  await game.settle(transport.rebind("10.9.9.9"));
  moving.send("from elsewhere", { delivery: "ordered" });
  await game.run(1500);
  const others = { serverKey: serverKey.publicKey };
  for (const wrong of [{ payload: "four" }, { protocol: "other/1" }]) {
    const outcome = await game.connect({ ...others, ...wrong }).catch((error: unknown) => error);
    if (!(outcome instanceof ConnectError)) throw new Error("a client was let in that should not be");
  }
  await game.end();
  return { capture: new Uint8Array(Buffer.concat(records)), keyLog: lines.join("\n") };
}

/** Of `handMadePackets`. */
export const HAND_MADE_KEYS: KeyLogEntry = {
  clientRandom: new Uint8Array(32),
  clientConnectionId: 0xffff_ffff,
  serverConnectionId: 0x0102_0304,
  suite: CipherSuite.Aes128Gcm,
  clientSecret: new Uint8Array(32).fill(1),
  serverSecret: new Uint8Array(32).fill(2),
};

/** Packets of a client with frames that games rarely have, and numbers at the ends of their ranges. */
export function handMadePackets(): Uint8Array[] {
  const frames: readonly (readonly ((writer: ByteWriter) => void)[])[] = [
    [encodePing, (writer) => encodePadding(writer, 7)],
    [(writer) => encodePadding(writer, 1)],
    [(writer) => encodeAck(writer, MAX_PACKET_NUMBER, 2 ** 53 - 1, new Uint8Array(128).fill(0xa5), 128)],
    [(writer) => encodeAck(writer, 0, 0, new Uint8Array(0), 0), encodePing],
    [(writer) => encodeAck(writer, 5, 7, Uint8Array.of(0b101), 1, 2 ** 32 - 1), encodePing],
    [
      (writer) => encodeConnect(writer, new Uint8Array(0)),
      (writer) => encodeConnect(writer, new Uint8Array(1024).fill(3)),
    ],
    [(writer) => encodeAccept(writer, new Uint8Array(16).fill(4), new Uint8Array(16).fill(5))],
    ...Object.values(CloseCode).map((code) => [
      (writer: ByteWriter) => encodeClose(writer, code, encodeUtf8(code === 0 ? "" : "tschüß, €uropa")),
    ]),
    [
      (writer) => encodePathChallenge(writer, new Uint8Array(8).fill(6)),
      (writer) => encodePathResponse(writer, new Uint8Array(8).fill(7)),
    ],
    [63, 64, 16_383, 16_384, 2 ** 30 - 1, 2 ** 30, 2 ** 32, 2 ** 53 - 1].map(
      (limit, channel) => (writer: ByteWriter) => encodeCredit(writer, channel, limit, limit),
    ),
    [
      ...([0, 1, 2, 3, 4] as const).flatMap((delivery) => [
        (writer: ByteWriter) => encodeMessage(writer, delivery, 255, 65_535, new Uint8Array(70).fill(8)),
        (writer: ByteWriter) => encodeFragment(writer, delivery, 9, 1, new Uint8Array(20_000).fill(9), 16_384, 16_390),
      ]),
      encodePing,
    ],
  ];
  const { clientSecret: localSecret, serverSecret: remoteSecret, suite, serverConnectionId } = HAND_MADE_KEYS;
  const protection = new PacketProtection({ crypto: createNodeProvider(), suite, localSecret, remoteSecret });
  return frames.map((list, index) => {
    const bytes = new Uint8Array(1452);
    const writer = new ByteWriter().reset(bytes, PACKET_HEADER_BYTES);
    for (const write of list) write(writer);
    return bytes.slice(0, protection.seal(bytes, 0, writer.offset, serverConnectionId, index, 0));
  });
}

/** A capture of one direction with these payloads. */
export function captureOf(payloads: readonly Uint8Array[]): Uint8Array {
  const source = SocketAddress.parse("fd00::1", 4000);
  const destination = SocketAddress.parse("fd00::2", 1474);
  const records = payloads.map((payload, index) => pcapRecord({ timeNs: BigInt(index), source, destination, payload }));
  return new Uint8Array(Buffer.concat([pcapHeader(), ...records]));
}
