import { derivePacketKey, keyLogLine, nextSecret } from "@sortie/handshake";
import { CipherSuite, PACKET_HEADER_BYTES, TAG_BYTES, writePacketHeader } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { ConnectionDirectory } from "../src/connection-directory.js";
import { parseKeyLog } from "../src/key-log.js";
import { PacketFlow } from "../src/packet-flow.js";
import { crypto } from "./support.js";

const SECRET = new Uint8Array(32).fill(7);
const REMEMBERED = 65_536;

describe("what a capture may cost", () => {
  it("a key log has at most as many connections as asked for, a million by default", () => {
    const line = (id: number): string =>
      keyLogLine({
        clientRandom: new Uint8Array(32),
        clientConnectionId: id,
        serverConnectionId: 1,
        suite: CipherSuite.Aes128Gcm,
        clientSecret: SECRET,
        serverSecret: SECRET,
      });
    const text = Array.from({ length: 11 }, (_, id) => line(id)).join("\n");
    expect(parseKeyLog(text, 11).entries).toHaveLength(11);
    expect(() => parseKeyLog(text, 10)).toThrow(new RangeError('"text" expected at most 10 connections'));
    for (const bad of [0, 1.5, 1_000_001, Number.NaN]) {
      expect(() => parseKeyLog("", bad)).toThrow(
        new RangeError(`"maxEntries" expected an integer in 1..1000000, got ${bad}`),
      );
    }
  });

  it("connections without keys, and hellos, are forgotten from the oldest on", () => {
    const directory = new ConnectionDirectory(crypto, []);
    for (let id = 1; id <= REMEMBERED + 1; id++) {
      directory.onClientHello(id, new Uint8Array(1).fill(id & 0xff));
      directory.onServerHello(id, REMEMBERED + 1 + id);
    }
    expect(directory.find(1)).toEqual([]);
    expect(directory.find(2)).toHaveLength(1);
    expect(directory.find(REMEMBERED + 1)).toHaveLength(1);
    // The newest connection is found again by its hello, and keeps its name.
    const name = directory.find(REMEMBERED + 1)[0]?.connection.name;
    expect(directory.onServerHello(REMEMBERED + 1, 2 * REMEMBERED + 2).name).toBe(name);
  });

  it.each([
    [62, true],
    [63, true],
    [64, false],
    [65, false],
  ])("a flow that begins in generation %d is opened: %s", (generation, isOpened) => {
    const flow = new PacketFlow(crypto, CipherSuite.ChaCha20Poly1305, SECRET);
    const packet = sealed(generation, 5);
    expect(flow.open(packet, false)).toBeUndefined();
    expect(flow.open(packet, true)?.generation).toBe(isOpened ? generation : undefined);
  });
});

/** A packet with one PING, under the keys of a generation. */
function sealed(generation: number, packetNumber: number): Uint8Array {
  let secret: Uint8Array = SECRET;
  for (let i = 0; i < generation; i++) secret = nextSecret(crypto, secret);
  const { key, iv } = derivePacketKey(crypto, CipherSuite.ChaCha20Poly1305, secret);
  const nonce = Uint8Array.from(iv);
  nonce[11] = (nonce[11] as number) ^ packetNumber;
  const packet = new Uint8Array(PACKET_HEADER_BYTES + 1 + TAG_BYTES);
  writePacketHeader(packet, 0, (generation & 1) as 0 | 1, 9, packetNumber);
  packet[PACKET_HEADER_BYTES] = 1;
  const aead = crypto.createAead(CipherSuite.ChaCha20Poly1305, key);
  aead.seal(nonce, packet, 0, PACKET_HEADER_BYTES, PACKET_HEADER_BYTES + 1);
  return packet;
}
