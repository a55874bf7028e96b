import { createCipheriv } from "node:crypto";
import { runInNewContext } from "node:vm";
import { CipherSuite, MAX_PACKET_NUMBER } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { derivePacketKey, OPEN_FAILED, PacketProtection } from "../src/index.js";
import {
  concat,
  connect,
  CONNECTION_ID,
  flipped,
  NO_BYTES,
  node,
  providers,
  type Sent,
  suites,
  toHex,
} from "./support.js";

const SECRET = new Uint8Array(32).fill(1);
const OTHER = new Uint8Array(32).fill(2);

function protection(localSecret = SECRET, remoteSecret = OTHER): PacketProtection {
  return new PacketProtection({ crypto: node, suite: CipherSuite.Aes128Gcm, localSecret, remoteSecret });
}

describe.each(providers)("PacketProtection with the %s provider", (_, crypto) => {
  it.each(suites)("carries packets of suite %i both ways", (suite) => {
    const { client, server } = connect({}, crypto, suite);
    for (let i = 0; i < 5; i++) {
      expect(server.receive(client.send())).toBe(true);
      expect(client.receive(server.send())).toBe(true);
    }
    expect(client.protection.statistics).toEqual({ keyPhase: 0, updates: 0, sealed: 5, failedOpens: 0 });
    expect(client.protection.exhausted).toBe(false);
  });

  it.each(suites)("T10 does not open what it sealed itself with suite %i", (suite) => {
    const { client } = connect({}, crypto, suite);
    expect(client.receive(client.send())).toBe(false);
    expect(client.protection.statistics.failedOpens).toBe(1);
  });
});

describe("the sealed packet", () => {
  it("is header, ciphertext and tag as docs/PROTOCOL.md has it, nonce = IV xor packet number", () => {
    const packetNumber = 0xab_cdef_0123_45;
    const frames = Uint8Array.of(1, 2, 3, 4, 5);
    const bytes = new Uint8Array(100).fill(0xee);
    bytes.set(frames, 20 + 9);
    expect(protection().seal(bytes, 20, 34, CONNECTION_ID, packetNumber, 0)).toBe(50);

    const { key, iv } = derivePacketKey(node, CipherSuite.Aes128Gcm, SECRET);
    const number = BigInt(packetNumber);
    const nonce = iv.map((byte, i) => byte ^ Number((number >> BigInt(8 * (11 - i))) & 0xffn));
    const header = Uint8Array.of(0x40, 0xc0, 0xff, 0xee, 0x01, 0xef, 0x01, 0x23, 0x45);
    const cipher = createCipheriv("aes-128-gcm", key, nonce, { authTagLength: 16 });
    cipher.setAAD(header);
    const body = cipher.update(frames);
    cipher.final();
    expect(toHex(bytes.subarray(20, 50))).toBe(toHex(concat(header, body, cipher.getAuthTag())));
    expect([...bytes.subarray(0, 20), ...bytes.subarray(50)].every((byte) => byte === 0xee)).toBe(true);
  });

  const numbers = [0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 7, MAX_PACKET_NUMBER];
  it.each(numbers)("T07 opens at packet number %i", (packetNumber) => {
    const { client, server } = connect();
    client.nextPacketNumber = packetNumber;
    expect(server.receive(client.send())).toBe(true);
  });

  it("does not open under another packet number with the same low 32 bits", () => {
    const { client, server } = connect();
    const sent = client.send();
    expect(server.receive({ ...sent, packetNumber: sent.packetNumber + 2 ** 32 })).toBe(false);
    expect(server.receive(sent)).toBe(true);
  });

  it("T11 does not open with any bit flipped, and the true packet opens after", () => {
    const { client, server } = connect();
    server.send();
    const sent = client.send();
    for (let bit = 0; bit < sent.bytes.length * 8; bit++) {
      expect(server.receive({ ...sent, bytes: flipped(sent.bytes, bit >> 3, 1 << (bit & 7)) })).toBe(false);
    }
    expect(server.receive(sent)).toBe(true);
    expect(server.protection.statistics.updates).toBe(0);
  });

  it("stays as it is when opened, and is not written to when it fails", () => {
    const { client, server } = connect();
    const sent = client.send();
    const before = sent.bytes.slice();
    server.out.fill(0xdd);
    expect(server.receive({ ...sent, packetNumber: 99 })).toBe(false);
    expect([...server.out].every((byte) => byte === 0xdd)).toBe(true);
    expect(server.receive(sent)).toBe(true);
    expect(sent.bytes).toEqual(before);
  });

  it("T08 has other keys in each connection, and T05 a failed tag changes nothing", () => {
    const { client } = connect();
    const stranger = protection(new Uint8Array(32).fill(5), new Uint8Array(32).fill(6));
    const sent = client.send();
    expect(stranger.open(sent.bytes, 0, new Uint8Array(1500), 0)).toBe(OPEN_FAILED);
    const { server } = connect();
    expect(server.receive({ ...sent, bytes: flipped(sent.bytes, 25) })).toBe(false);
    expect(server.receive(sent)).toBe(true);
    expect(server.receive({ ...sent, bytes: flipped(sent.bytes, 25) })).toBe(false);
  });

  it.each([
    ["bytes", (secret: Uint8Array) => new Uint8Array(secret)],
    // Its slice() shares its memory.
    ["a Buffer", (secret: Uint8Array) => Buffer.from(secret)],
  ])("depends on copies of secrets given as %s: an update wipes its own, the caller may wipe his", (_kind, copy) => {
    const [mine, theirs] = [copy(SECRET), copy(OTHER)];
    const [side, peer] = [protection(mine, theirs), protection(OTHER, SECRET)];
    const [bytes, out] = [new Uint8Array(26), new Uint8Array(1500)];
    const pass = (packetNumber: number, from: PacketProtection, to: PacketProtection): number => {
      from.seal(bytes, 0, 10, CONNECTION_ID, packetNumber, 0);
      const length = to.open(bytes, packetNumber, out, 0);
      from.onAcked(packetNumber);
      return length;
    };
    expect([pass(0, side, peer), pass(0, peer, side)]).toEqual([1, 1]);
    mine.fill(0);
    expect(side.initiateUpdate(0)).toBe(true);
    expect([pass(1, side, peer), pass(1, peer, side)]).toEqual([1, 1]);
    expect(toHex(theirs)).toBe(toHex(OTHER));
    expect(side.statistics).toMatchObject({ keyPhase: 1, updates: 1, failedOpens: 0 });
  });
});

describe("T21 datagrams that are no protected packet", () => {
  it("fail without a trial and without an exception", () => {
    const { client, server } = connect();
    const { bytes } = client.send();
    const odd: readonly Uint8Array[] = [
      new Uint8Array(0),
      bytes.subarray(0, 1),
      bytes.subarray(0, 25),
      new Uint8Array(1453).fill(0x40),
      new Uint8Array(65_507).fill(0x40),
      ...[0x00, 0x01, 0x3f, 0x42, 0x44, 0x60, 0x80, 0xc0, 0xff].map((flags) => {
        const copy = bytes.slice();
        copy[0] = flags;
        return copy;
      }),
    ];
    for (const datagram of odd) expect(server.protection.open(datagram, 0, server.out, 0)).toBe(OPEN_FAILED);
    for (const number of [-1, Number.NaN, MAX_PACKET_NUMBER + 1, Number.POSITIVE_INFINITY]) {
      expect(server.protection.open(bytes, number, server.out, 0)).toBe(OPEN_FAILED);
    }
    expect(server.protection.statistics.failedOpens).toBe(0);
  });

  it("opens the smallest and the largest packet", () => {
    const { client, server } = connect();
    expect(server.receive(client.send())).toBe(true);
    const bytes = new Uint8Array(1452);
    expect(client.protection.seal(bytes, 0, 1436, CONNECTION_ID, 1, 0)).toBe(1452);
    expect(server.protection.open(bytes, 1, new Uint8Array(1427), 0)).toBe(1427);
  });
});

describe("mistakes of the caller", () => {
  it("a packet number that does not rise, so that no nonce ever repeats", () => {
    const side = protection();
    const bytes = new Uint8Array(100);
    side.seal(bytes, 0, 10, 1, 5, 0);
    for (const number of [5, 4, 0, -1, 5.5, Number.NaN]) {
      expect(() => side.seal(bytes, 0, 10, 1, number, 0)).toThrow('"packetNumber" expected an integer above 5, got');
    }
    expect(side.seal(bytes, 0, 10, 1, 6, 0)).toBe(26);
    expect(side.statistics.sealed).toBe(2);
  });

  it.each(["localSecret", "remoteSecret"])("a %s that is not 32 bytes, whose packets others could open", (name) => {
    const make = (secret: unknown): unknown =>
      new PacketProtection({
        crypto: node,
        suite: CipherSuite.Aes128Gcm,
        ...{ localSecret: SECRET, remoteSecret: OTHER },
        [name]: secret,
      });
    for (const [secret, got] of [...NO_BYTES, [undefined, "undefined"]]) {
      expect(() => make(secret)).toThrow(new TypeError(`"${name}" expected 32 bytes, got ${got}`));
    }
    const gone = new Uint8Array(32);
    structuredClone(gone, { transfer: [gone.buffer] });
    for (const secret of [gone, new Uint8Array(0), new Uint8Array(31), Buffer.alloc(33)]) {
      expect(() => make(secret)).toThrow(new RangeError(`"${name}" expected 32 bytes, got ${secret.length}`));
    }
    expect(() => make(runInNewContext("new Uint8Array(32).fill(1)"))).not.toThrow();
  });

  it("a packet without a frame, or without room for the tag", () => {
    const side = protection();
    const bytes = new Uint8Array(40);
    expect(() => side.seal(bytes, 0, 9, 1, 0, 0)).toThrow('"framesEnd" expected 10..24, got 9');
    expect(() => side.seal(bytes, 0, 25, 1, 0, 0)).toThrow('"framesEnd" expected 10..24, got 25');
    expect(() => side.seal(bytes, -1, 20, 1, 0, 0)).toThrow(RangeError);
    expect(() => side.seal(bytes, 0, Number.NaN, 1, 0, 0)).toThrow(RangeError);
    expect(side.seal(bytes, 0, 24, 1, 0, 0)).toBe(40);
  });

  it("a connection ID, an output, a limit or a probe timeout that cannot be", () => {
    const { client, server } = connect();
    const sent: Sent = client.send();
    const bytes = new Uint8Array(40);
    for (const id of [-1, 2 ** 32, 1.5]) {
      expect(() => client.protection.seal(bytes, 0, 10, id, 9, 0)).toThrow('"connectionId" expected 0..4294967295');
    }
    expect(() => server.protection.open(sent.bytes, 0, new Uint8Array(0), 0)).toThrow(
      '"out" expected at least 1 bytes, got 0',
    );
    for (const ms of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => client.protection.setProbeTimeoutMs(ms)).toThrow('"probeTimeoutMs" expected');
    }
    for (const maxPacketsPerKey of [0, -1, 1.5, Number.NaN, 2 ** 23 + 1]) {
      expect(() => connect({ maxPacketsPerKey })).toThrow('"maxPacketsPerKey" expected an integer in 1..8388608');
    }
    expect(() => connect({ maxFailedOpens: 2 ** 52 })).not.toThrow();
    expect(() => connect({ maxFailedOpens: 2 ** 36 + 1 }, node, CipherSuite.ChaCha20Poly1305)).toThrow(RangeError);
  });
});
