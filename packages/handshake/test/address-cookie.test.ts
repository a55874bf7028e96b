import { createHmac } from "node:crypto";
import { encodeClientHello } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { AddressCookie, type CookieSubject } from "../src/index.js";
import { altered, concat, flipped, hex, NO_BYTES, node, noble, providers, seededBytes, toHex } from "./support.js";

const bytes = seededBytes(16);
const ADDRESS = hex("00000000000000000000ffffc0000201");
const PORT = 50_123;
const HELLO: CookieSubject = { protocolId: bytes(8), clientRandom: bytes(32), clientConnectionId: 0xdeadbeef };

describe.each(providers)("T16 AddressCookie with the %s provider", (_, crypto) => {
  it("takes back what it issued, and nothing else", () => {
    const cookies = new AddressCookie(crypto);
    const cookie = cookies.issue(ADDRESS, PORT, HELLO, 12_000);
    expect(cookie).toHaveLength(36);
    expect(cookies.verify(cookie, ADDRESS, PORT, HELLO, 12_000)).toBe(true);
    const refused: Record<string, boolean> = {
      address: cookies.verify(cookie, flipped(ADDRESS, 15), PORT, HELLO, 12_000),
      "first byte of address": cookies.verify(cookie, flipped(ADDRESS, 0), PORT, HELLO, 12_000),
      port: cookies.verify(cookie, ADDRESS, PORT + 1, HELLO, 12_000),
      "high byte of port": cookies.verify(cookie, ADDRESS, PORT - 256, HELLO, 12_000),
      protocol: cookies.verify(cookie, ADDRESS, PORT, { ...HELLO, protocolId: flipped(HELLO.protocolId, 7) }, 12_000),
      random: cookies.verify(cookie, ADDRESS, PORT, { ...HELLO, clientRandom: flipped(HELLO.clientRandom, 0) }, 12_000),
      "connection ID": cookies.verify(cookie, ADDRESS, PORT, { ...HELLO, clientConnectionId: 0xdeadbeee }, 12_000),
      "another server": new AddressCookie(crypto).verify(cookie, ADDRESS, PORT, HELLO, 12_000),
    };
    for (const [what, accepted] of Object.entries(refused)) expect(accepted, what).toBe(false);
  });

  it("issues the same for a hello as it came, without its being decoded", () => {
    const cookies = new AddressCookie(crypto);
    const suites = Uint8Array.of(1);
    const [keyShare, none] = [bytes(65), new Uint8Array(0)];
    const datagram = encodeClientHello({ ...HELLO, suites, keyShare, cookie: none, parameters: none });
    const cookie = cookies.issueFor(ADDRESS, PORT, datagram, 12_000).slice();
    expect(toHex(cookie)).toBe(toHex(cookies.issue(ADDRESS, PORT, HELLO, 12_000)));
    cookies.issueFor(ADDRESS, PORT + 1, datagram, 12_000);
    expect(cookies.verify(cookie, ADDRESS, PORT, HELLO, 12_000)).toBe(true);
    expect(() => cookies.issueFor(ADDRESS, PORT, datagram.subarray(0, 48), 0)).toThrow('"datagram" expected 49 bytes');
    expect(() => cookies.issueFor(ADDRESS, 65_536, datagram, 0)).toThrow('"port" expected 0..65535, got 65536');
  });

  it("refuses a cookie with any byte changed, cut or longer", () => {
    const cookies = new AddressCookie(crypto);
    const cookie = cookies.issue(ADDRESS, PORT, HELLO, 12_000);
    for (let i = 0; i < cookie.length; i++) {
      expect(cookies.verify(flipped(cookie, i), ADDRESS, PORT, HELLO, 12_000)).toBe(false);
    }
    for (const length of [0, 1, 4, 35]) {
      expect(cookies.verify(cookie.subarray(0, length), ADDRESS, PORT, HELLO, 12_000)).toBe(false);
    }
    expect(cookies.verify(concat(cookie, Uint8Array.of(0)), ADDRESS, PORT, HELLO, 12_000)).toBe(false);
    expect(cookies.verify(new Uint8Array(36), ADDRESS, PORT, HELLO, 0)).toBe(false);
  });

  it("gives the same cookie for the same hello within a bucket", () => {
    const cookies = new AddressCookie(crypto);
    expect(toHex(cookies.issue(ADDRESS, PORT, HELLO, 10_000))).toBe(toHex(cookies.issue(ADDRESS, PORT, HELLO, 14_999)));
    expect(toHex(cookies.issue(ADDRESS, PORT, HELLO, 15_000))).not.toBe(
      toHex(cookies.issue(ADDRESS, PORT, HELLO, 14_999)),
    );
  });
});

describe("T16 the life of a cookie", () => {
  it.each([0, 1, 2500.5, 4999, 55_000, 59_999.9, 60_000, 3_600_000 - 1])(
    "issued at %d ms it is good in its bucket of 5 s and the next",
    (issuedAt) => {
      const cookies = new AddressCookie(node);
      const cookie = cookies.issue(ADDRESS, PORT, HELLO, issuedAt);
      const bucketStart = Math.floor(issuedAt / 5000) * 5000;
      for (const [nowMs, good] of [
        [issuedAt, true],
        [bucketStart + 5000, true],
        [bucketStart + 9999.9, true],
        [bucketStart + 10_000, false],
        [bucketStart + 60_000, false],
        [bucketStart + 4_000_000, false],
      ] as const) {
        expect(cookies.verify(cookie, ADDRESS, PORT, HELLO, nowMs), `at ${nowMs}`).toBe(good);
      }
    },
  );

  it("refuses a bucket of the future", () => {
    const cookies = new AddressCookie(node);
    const cookie = cookies.issue(ADDRESS, PORT, HELLO, 20_000);
    expect(cookies.verify(cookie, ADDRESS, PORT, HELLO, 19_999)).toBe(false);
  });

  it("rotates the secret each minute, keeps the previous one, and forgets it then", () => {
    const drawn: Uint8Array[] = [];
    const crypto = altered(node, {
      randomBytes: (length) => {
        const secret = node.randomBytes(length);
        drawn.push(secret);
        return secret;
      },
    });
    const cookies = new AddressCookie(crypto);
    const early = cookies.issue(ADDRESS, PORT, HELLO, 59_000);
    const late = cookies.issue(ADDRESS, PORT, HELLO, 60_000);
    expect(drawn).toHaveLength(2);
    expect(cookies.verify(early, ADDRESS, PORT, HELLO, 64_999)).toBe(true);
    expect(cookies.verify(late, ADDRESS, PORT, HELLO, 64_999)).toBe(true);
    for (let nowMs = 60_000; nowMs < 120_000; nowMs += 1000) cookies.issue(ADDRESS, PORT, HELLO, nowMs);
    expect(drawn).toHaveLength(2);
    cookies.issue(ADDRESS, PORT, HELLO, 600_000);
    expect(drawn).toHaveLength(3);
  });

  it("is the HMAC that docs/PROTOCOL.md gives", () => {
    const secret = new Uint8Array(32).fill(7);
    const cookies = new AddressCookie(altered(noble, { randomBytes: () => secret }));
    const bucket = hex("00000002");
    const message = concat(ADDRESS, hex("c3cb"), HELLO.protocolId, HELLO.clientRandom, hex("deadbeef"), bucket);
    const mac = createHmac("sha256", secret).update(message).digest("hex");
    expect(toHex(cookies.issue(ADDRESS, PORT, HELLO, 12_000))).toBe(toHex(bucket) + mac);
  });

  it("T41 fails closed when there is no entropy for a secret", () => {
    const cookies = new AddressCookie(
      altered(node, {
        randomBytes: () => {
          throw new Error("no entropy");
        },
      }),
    );
    expect(() => cookies.issue(ADDRESS, PORT, HELLO, 0)).toThrow("no entropy");
    expect(() => cookies.verify(new Uint8Array(36), ADDRESS, PORT, HELLO, 0)).toThrow("no entropy");
  });

  it("costs no HMAC for a cookie out of time", () => {
    let macs = 0;
    const cookies = new AddressCookie(
      altered(node, {
        hmacSha256: (key, ...parts) => {
          macs += 1;
          return node.hmacSha256(key, ...parts);
        },
      }),
    );
    const cookie = cookies.issue(ADDRESS, PORT, HELLO, 0);
    expect(macs).toBe(1);
    cookies.verify(cookie, ADDRESS, PORT, HELLO, 10_000);
    cookies.verify(new Uint8Array(3), ADDRESS, PORT, HELLO, 0);
    expect(macs).toBe(1);
  });

  it("takes other times, and refuses impossible ones and arguments of the wrong size", () => {
    const cookies = new AddressCookie(node, { bucketMs: 100, secretLifetimeMs: 300 });
    const cookie = cookies.issue(ADDRESS, PORT, HELLO, 250);
    expect(cookies.verify(cookie, ADDRESS, PORT, HELLO, 399)).toBe(true);
    expect(cookies.verify(cookie, ADDRESS, PORT, HELLO, 400)).toBe(false);
    expect(() => new AddressCookie(node, { bucketMs: 0 })).toThrow('"bucketMs" expected an integer of 1 or more');
    expect(() => new AddressCookie(node, { secretLifetimeMs: 7000 })).toThrow('"secretLifetimeMs" expected a multiple');
    expect(() => cookies.issue(new Uint8Array(4), PORT, HELLO, 0)).toThrow('"address16" expected 16 bytes, got 4');
    for (const port of [-1, 65_536, 1.5]) {
      expect(() => cookies.issue(ADDRESS, port, HELLO, 0)).toThrow('"port" expected 0..65535, got');
    }
    const short = { ...HELLO, clientRandom: new Uint8Array(31) };
    expect(() => cookies.issue(ADDRESS, PORT, short, 0)).toThrow('"clientRandom" expected 32 bytes, got 31');
    expect(() => cookies.issue(ADDRESS, PORT, { ...HELLO, protocolId: bytes(9) }, 0)).toThrow('"protocolId"');
    for (const protocolId of ["protocol", Promise.resolve(bytes(8)), undefined]) {
      const hello = { ...HELLO, protocolId: protocolId as never };
      expect(() => cookies.issue(ADDRESS, PORT, hello, 0)).toThrow('"protocolId" expected 8 bytes, got');
      expect(() => cookies.verify(cookie, ADDRESS, PORT, hello, 399)).toThrow(TypeError);
    }
    for (const nowMs of [-1, Number.NaN, Number.POSITIVE_INFINITY, 100 * 2 ** 32]) {
      expect(() => cookies.issue(ADDRESS, PORT, HELLO, nowMs)).toThrow('"nowMs" expected');
    }
  });
});

describe.each(providers)("T16 servers with one cookie key, with the %s provider", (_, crypto) => {
  const sharedKey = seededBytes(17)(32);

  it("take each other's cookies, whenever they started and whatever their clocks say", () => {
    const first = new AddressCookie(crypto, { sharedKey });
    // Started at the others' 59,000 ms: in the generation of secrets before the one in which it is asked.
    const second = new AddressCookie(crypto, { sharedKey, clockOffsetMs: 59_000 });
    const cookie = first.issue(ADDRESS, PORT, HELLO, 59_900);
    expect(second.verify(cookie, ADDRESS, PORT, HELLO, 1100)).toBe(true);
    expect(second.verify(cookie, ADDRESS, PORT + 1, HELLO, 1100)).toBe(false);
    expect(second.verify(cookie, ADDRESS, PORT, HELLO, 12_000)).toBe(false);
    const back = second.issue(ADDRESS, PORT, HELLO, 1100);
    expect(first.verify(back, ADDRESS, PORT, HELLO, 60_200)).toBe(true);
  });

  it("have copies of it, of a Buffer too: the caller may wipe his", () => {
    const given = Buffer.from(sharedKey);
    const first = new AddressCookie(crypto, { sharedKey: given });
    given.fill(0);
    const second = new AddressCookie(crypto, { sharedKey });
    expect(second.verify(first.issue(ADDRESS, PORT, HELLO, 0), ADDRESS, PORT, HELLO, 0)).toBe(true);
  });

  it("take none of a server with another key, and change secrets as ever", () => {
    const first = new AddressCookie(crypto, { sharedKey });
    const other = new AddressCookie(crypto, { sharedKey: flipped(sharedKey, 31) });
    const cookie = first.issue(ADDRESS, PORT, HELLO, 12_000);
    expect(other.verify(cookie, ADDRESS, PORT, HELLO, 12_000)).toBe(false);
    const later = first.issue(ADDRESS, PORT, HELLO, 72_000);
    expect(toHex(later.subarray(4))).not.toBe(toHex(cookie.subarray(4)));
  });

  it("refuses a key of another length, one that is no bytes, and an offset that is no number", () => {
    expect(() => new AddressCookie(crypto, { sharedKey: sharedKey.subarray(1) })).toThrow(
      '"sharedKey" expected 32 bytes',
    );
    for (const [given, got] of NO_BYTES) {
      const expected = new TypeError(`"sharedKey" expected 32 bytes, got ${got}`);
      expect(() => new AddressCookie(crypto, { sharedKey: given as Uint8Array })).toThrow(expected);
    }
    expect(() => new AddressCookie(crypto, { clockOffsetMs: Infinity })).toThrow('"clockOffsetMs" expected a finite');
  });
});
