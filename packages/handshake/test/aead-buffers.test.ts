import { CipherSuite } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { chachaVectors } from "./chacha-vectors.js";
import { concat, flipped, hex, providers, seededBytes, suites, toHex } from "./support.js";

const HEADER_BYTES = 9;
const TAG_BYTES = 16;
/** Around the sizes where an implementation copies, pads or switches. */
const BODY_BYTES = [0, 1, 15, 16, 17, 48, 63, 64, 65, 127, 128, 129, 191, 192, 193, 1426, 1427, 1500, 1501];
const MAX_BODY_BYTES = 65_507;

function keyOf(suite: CipherSuite, bytes: (length: number) => Uint8Array): Uint8Array {
  return bytes(suite === CipherSuite.Aes128Gcm ? 16 : 32);
}

describe.each(providers)("buffers of the AEADs of the %s provider", (name, crypto) => {
  it.each(chachaVectors)("$source", (vector) => {
    const [nonce, aad, plaintext] = [hex(vector.nonce), hex(vector.aad), hex(vector.plaintext)];
    const aead = crypto.createAead(vector.suite, hex(vector.key));
    const bodyEnd = aad.length + plaintext.length;
    const sealed = concat(aad, plaintext, new Uint8Array(TAG_BYTES));
    aead.seal(nonce, sealed, 0, aad.length, bodyEnd);
    expect(toHex(sealed)).toBe(vector.aad + vector.ciphertext + vector.tag);
    const out = new Uint8Array(plaintext.length);
    expect(aead.open(nonce, sealed, 0, aad.length, sealed.length, out)).toBe(plaintext.length);
    expect(toHex(out)).toBe(vector.plaintext);
  });

  it.each(suites)("suite %i: every size, at every alignment of packet and output", (suite) => {
    const bytes = seededBytes(21);
    const aead = crypto.createAead(suite, keyOf(suite, bytes));
    for (const length of BODY_BYTES) {
      const [nonce, header, body] = [bytes(12), bytes(HEADER_BYTES), bytes(length)];
      let expected: string | undefined;
      for (const shift of [0, 1, 3, 5, 8, 13]) {
        const memory = new Uint8Array(2048).fill(0xee);
        const packet = memory.subarray(shift, shift + HEADER_BYTES + length + TAG_BYTES);
        packet.set(header);
        packet.set(body, HEADER_BYTES);
        aead.seal(nonce, packet, 0, HEADER_BYTES, HEADER_BYTES + length);
        expected ??= toHex(packet);
        expect(toHex(packet)).toBe(expected);
        expect(memory.subarray(0, shift).every((byte) => byte === 0xee)).toBe(true);
        expect(memory.subarray(shift + packet.length).every((byte) => byte === 0xee)).toBe(true);
        const outMemory = new Uint8Array(2048).fill(0xdd);
        const out = outMemory.subarray(13 - shift);
        expect(aead.open(nonce, packet, 0, HEADER_BYTES, packet.length, out)).toBe(length);
        expect(toHex(out.subarray(0, length))).toBe(toHex(body));
        expect(out.subarray(length).every((byte) => byte === 0xdd)).toBe(true);
        expect(outMemory.subarray(0, 13 - shift).every((byte) => byte === 0xdd)).toBe(true);
        expect(toHex(packet)).toBe(expected);
      }
    }
  });

  it.each(suites)("suite %i: opens in place, and leaves a forged packet as it came", (suite) => {
    const bytes = seededBytes(22);
    const aead = crypto.createAead(suite, keyOf(suite, bytes));
    for (const length of BODY_BYTES) {
      const [nonce, packet] = [bytes(12), bytes(HEADER_BYTES + length + TAG_BYTES)];
      const body = packet.slice(HEADER_BYTES, HEADER_BYTES + length);
      aead.seal(nonce, packet, 0, HEADER_BYTES, HEADER_BYTES + length);
      const forged = flipped(packet, packet.length - 1, 0x80);
      const before = forged.slice();
      const open = (data: Uint8Array): number =>
        aead.open(nonce, data, 0, HEADER_BYTES, data.length, data.subarray(HEADER_BYTES));
      expect(open(forged)).toBe(-1);
      expect(forged).toEqual(before);
      expect(open(packet)).toBe(length);
      expect(toHex(packet.subarray(HEADER_BYTES, HEADER_BYTES + length))).toBe(toHex(body));
    }
  });

  it.each(suites)("suite %i: refuses each changed bit of the tag at every size, `out` untouched", (suite) => {
    const bytes = seededBytes(23);
    const aead = crypto.createAead(suite, keyOf(suite, bytes));
    for (const length of [0, 1, 64, 193, 1427]) {
      const [nonce, packet] = [bytes(12), bytes(HEADER_BYTES + length + TAG_BYTES)];
      aead.seal(nonce, packet, 0, HEADER_BYTES, HEADER_BYTES + length);
      const out = new Uint8Array(1500).fill(0xdd);
      for (let bit = 0; bit < TAG_BYTES * 8; bit++) {
        const forged = flipped(packet, HEADER_BYTES + length + (bit >> 3), 1 << (bit & 7));
        expect(aead.open(nonce, forged, 0, HEADER_BYTES, forged.length, out)).toBe(-1);
      }
      expect(out.every((byte) => byte === 0xdd)).toBe(true);
      expect(aead.open(nonce, packet, 0, HEADER_BYTES, packet.length, out)).toBe(length);
    }
  });

  // A second and more of plain JavaScript each, for nothing: no packet is that large.
  it.skipIf(name === "noble").each(suites)("suite %i: takes the largest datagram", (suite) => {
    const bytes = seededBytes(24);
    const aead = crypto.createAead(suite, keyOf(suite, bytes));
    const [nonce, header] = [bytes(12), bytes(256)];
    const packet = new Uint8Array(header.length + MAX_BODY_BYTES + TAG_BYTES).fill(0x5a);
    packet.set(header);
    aead.seal(nonce, packet, 0, header.length, packet.length - TAG_BYTES);
    const out = new Uint8Array(MAX_BODY_BYTES);
    expect(aead.open(nonce, packet, 0, header.length, packet.length, out)).toBe(MAX_BODY_BYTES);
    expect(out.every((byte) => byte === 0x5a)).toBe(true);
  });

  it.each(suites)("suite %i: keys and nonces of many AEADs in turn do not mix", (suite) => {
    const bytes = seededBytes(25);
    const sides = Array.from({ length: 8 }, () => {
      const key = keyOf(suite, bytes);
      return { seal: crypto.createAead(suite, key), open: crypto.createAead(suite, key) };
    });
    const out = new Uint8Array(1500);
    for (let i = 0; i < 64; i++) {
      const [nonce, packet] = [bytes(12), bytes(HEADER_BYTES + ((i * 23) % 1400) + TAG_BYTES)];
      const bodyEnd = packet.length - TAG_BYTES;
      const body = toHex(packet.subarray(HEADER_BYTES, bodyEnd));
      const side = sides[i % 8];
      side?.seal.seal(nonce, packet, 0, HEADER_BYTES, bodyEnd);
      const other = sides[(i + 1) % 8];
      expect(other?.open.open(nonce, packet, 0, HEADER_BYTES, packet.length, out)).toBe(-1);
      const length = side?.open.open(nonce, packet, 0, HEADER_BYTES, packet.length, out);
      expect(toHex(out.subarray(0, length))).toBe(body);
    }
  });
});

/** More for a long run: `SORTIE_CROSS_CHECK=1,20000 npx vitest run packages/handshake/test/aead-buffers.test.ts`. */
const [SEED, PACKETS] = (process.env["SORTIE_CROSS_CHECK"] ?? "26,100").split(",").map(Number) as [number, number];

describe("all providers", () => {
  const title = `seal suite %i to the same bytes and open each other's: ${PACKETS} random packets, seed ${SEED}`;
  it.each(suites)(title, { timeout: 20_000 + 20 * PACKETS }, (suite) => {
    const bytes = seededBytes(SEED);
    const out = new Uint8Array(1500);
    for (let i = 0; i < PACKETS; i++) {
      const random = bytes(4);
      const length = ((random[0] as number) * 256 + (random[1] as number)) % 1428;
      const headerBytes = (random[2] as number) % 33;
      const [key, nonce, header, body] = [keyOf(suite, bytes), bytes(12), bytes(headerBytes), bytes(length)];
      const shift = (random[3] as number) & 15;
      const sealed = providers.map(([, crypto]) => {
        const packet = new Uint8Array(shift + headerBytes + length + TAG_BYTES).subarray(shift);
        packet.set(header);
        packet.set(body, headerBytes);
        crypto.createAead(suite, key).seal(nonce, packet, 0, headerBytes, headerBytes + length);
        return packet;
      });
      const [first] = sealed as [Uint8Array];
      for (const [at, [name, crypto]] of providers.entries()) {
        expect(Buffer.compare(sealed[at] as Uint8Array, first), `packet ${i} by ${name}`).toBe(0);
        const opened = crypto.createAead(suite, key).open(nonce, first, 0, headerBytes, first.length, out);
        expect(opened, `packet ${i} by ${name}`).toBe(length);
        expect(Buffer.compare(out.subarray(0, length), body)).toBe(0);
      }
    }
  });
});
