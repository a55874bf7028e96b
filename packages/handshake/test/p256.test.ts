import { describe, expect, it } from "vitest";
import { createNobleProvider, type KeyPair } from "../src/index.js";
import { ascii, concat, flipped, hex, noble, node, providers, seededBytes, toHex } from "./support.js";

const ORDER = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
const FIELD = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";
/** y of the points with x = 0. */
const SQRT_B = hex("66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4");

function scalar(digits: string): Uint8Array {
  return hex(digits.padStart(64, "0"));
}

/** Project Wycheproof, testvectors_v1/ecdh_secp256r1_ecpoint_test.json: [tcId, public, shared], one private key. */
const EDGE_PRIVATE = "0a0d622a47e48f6bc1038ace438c6f528aa00ad2bd1da5f13ee46bf5f633d71a";
const ecdhEdges: readonly (readonly [number, string, string])[] = [
  [
    3,
    "0458fd4168a87795603e2b04390285bdca6e57de6027fe211dd9d25e2212d29e62" +
      "080d36bd224d7405509295eed02a17150e03b314f96da37445b0d1d29377d12c",
    "0000000000000000000000000000000000000000000000000000000000000000",
  ],
  [
    4,
    "04a1ecc24bf0d0053d23f5fd80ddf1735a1925039dc1176c581a7e795163c8b9ba" +
      "2cb5a4e4d5109f4527575e3137b83d79a9bcb3faeff90d2aca2bed71bb523e7e",
    "ffffffff00000001000000000000000000000000fffffffffffffffffffffffc",
  ],
  [
    5,
    "041b0e7437c33d379929430d3ec10df59bed7fe2a1d950c5791e1e9ddeef1f4d70" +
      "fbdb0e3bbce63a27f27838c685207f2ccaf689d25eb622744db1168ac92619e8",
    "0000000000000000000000000000000000000000000000000000000000010000",
  ],
  [
    8,
    "044c9695b7668434fc85769acb10f0edcf87a96b7d5dc347b46bb304b0b1d3267f" +
      "cf5d993bff2a8c774808231a34f41b33667d8ebeafd00689fa3a9bfa05a40c1c",
    "0000000000000000000000000000000000000001000000000000000000000000",
  ],
  [
    17,
    "040b9d56422ed9c2082dd9d46d231fd0141f92e79f5a12da4c77c488c87363f944" +
      "e6e3c2ec9779615f242bc30d1c28c1f984b8c252243f5f1eaa3d855e1cc2d8a6",
    "3333333333333333333333333333333333333333333333333333333333333333",
  ],
  [
    20,
    "04123b1921231bee315e1ea66cb95318d6392f85695bbec03c334740ce7add768e" +
      "fec9a108770ff0eb448eee9f06367416d74b22a2f38157bb00d8c0be44ebf152",
    "f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0",
  ],
];

describe.each(providers)("ECDH of the %s provider", (_, crypto) => {
  it("RFC 5903 section 8.1", () => {
    const i = crypto.importPrivateKey(hex("c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433"));
    const r = crypto.importPrivateKey(hex("c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53"));
    expect(toHex(i.publicKey)).toBe(
      "04dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c3772581180" +
        "5271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3",
    );
    expect(toHex(r.publicKey)).toBe(
      "04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63" +
        "56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab",
    );
    const shared = "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de";
    expect(toHex(crypto.sharedSecret(i.privateKey, r.publicKey) as Uint8Array)).toBe(shared);
    expect(toHex(crypto.sharedSecret(r.privateKey, i.publicKey) as Uint8Array)).toBe(shared);
  });

  it("Wycheproof ecdh_secp256r1_ecpoint tcId 1", () => {
    const { privateKey } = crypto.importPrivateKey(
      scalar("0612465c89a023ab17855b0a6bcebfd3febb53aef84138647b5352e02c10c346"),
    );
    const shared = crypto.sharedSecret(
      privateKey,
      hex(
        "0462d5bd3372af75fe85a040715d0f502428e07046868b0bfdfa61d731afe44f26" +
          "ac333a93a9e70a81cd5a95b5bf8d13990eb741c8c38872b4a07d275a014e30cf",
      ),
    );
    expect(toHex(shared as Uint8Array)).toBe("53020d908b0219328b658b525f26780e3ae12bcd952bb25a93bc0895e1714285");
  });

  it.each(ecdhEdges)("Wycheproof ecdh_secp256r1_ecpoint tcId %i", (_tcId, publicKey, shared) => {
    const { privateKey } = crypto.importPrivateKey(hex(EDGE_PRIVATE));
    expect(toHex(crypto.sharedSecret(privateKey, hex(publicKey)) as Uint8Array)).toBe(shared);
  });

  it("T24 refuses points off the curve, infinity, other encodings and lengths", () => {
    const { privateKey, publicKey } = crypto.importPrivateKey(scalar("01"));
    const y = publicKey.subarray(33);
    const parity = (y[31] as number) & 1;
    const refused: Record<string, Uint8Array> = {
      "y changed": flipped(publicKey, 64),
      "x changed": flipped(publicKey, 32),
      "all zero": new Uint8Array(65),
      "zero coordinates": concat(Uint8Array.of(4), new Uint8Array(64)),
      infinity: Uint8Array.of(0),
      empty: new Uint8Array(0),
      compressed: concat(Uint8Array.of(2 + parity), publicKey.subarray(1, 33)),
      hybrid: concat(Uint8Array.of(6 + parity), publicKey.subarray(1)),
      "hybrid, other parity": concat(Uint8Array.of(7 - parity), publicKey.subarray(1)),
      "one byte short": publicKey.subarray(0, 64),
      "one byte long": concat(publicKey, Uint8Array.of(0)),
      // x = 0 has the points with y = sqrt(b); the same x written as p is a second spelling of it.
      "x not reduced": concat(Uint8Array.of(4), hex(FIELD), SQRT_B),
      "y not reduced": concat(Uint8Array.of(4), publicKey.subarray(1, 33), new Uint8Array(32).fill(0xff)),
    };
    for (const [name, point] of Object.entries(refused)) {
      expect(crypto.sharedSecret(privateKey, point), name).toBeUndefined();
      expect(crypto.verify(point, ascii("x"), new Uint8Array(64).fill(1)), name).toBe(false);
    }
    expect(crypto.sharedSecret(privateKey, publicKey)).toHaveLength(32);
    const xZero = concat(Uint8Array.of(4), new Uint8Array(32), SQRT_B);
    expect(crypto.sharedSecret(privateKey, xZero)).toEqual(new Uint8Array(32));
  });

  it("imports no scalar that is no bytes, and does not show it", () => {
    const given = ["1".repeat(32), new Array<number>(32).fill(1), Promise.resolve(scalar("01")), { length: 32 }];
    const got = ["a string", "an array", "a promise", "an object"];
    given.forEach((value, i) => {
      const expected = new TypeError(`"scalar" expected 32 bytes, got ${got[i]}`);
      expect(() => crypto.importPrivateKey(value as Uint8Array)).toThrow(expected);
    });
  });

  it("imports scalars of 1..n-1 only, and never says which it refused", () => {
    expect(toHex(crypto.importPrivateKey(scalar("01")).publicKey)).toBe(
      "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296" +
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
    );
    expect(crypto.importPrivateKey(flipped(hex(ORDER), 31)).publicKey).toHaveLength(65);
    for (const bad of [scalar("00"), hex(ORDER), flipped(hex(ORDER), 31, 3), new Uint8Array(32).fill(0xff)]) {
      expect(() => crypto.importPrivateKey(bad)).toThrow('"scalar" expected 1..n-1 of P-256, got a value outside');
    }
    expect(() => crypto.importPrivateKey(new Uint8Array(31).fill(1))).toThrow('"scalar" expected 32 bytes, got 31');
  });

  it.each([
    ["bytes", scalar],
    // Its slice() shares its memory.
    ["a Buffer", (text: string): Buffer => Buffer.from(scalar(text))],
  ])("keeps its own copy of a scalar imported as %s, and signs with one that starts with zeros", (_kind, make) => {
    const bytes = make("0123456789");
    const pair = crypto.importPrivateKey(bytes);
    const again = crypto.importPrivateKey(bytes);
    bytes.fill(0xff);
    const message = ascii("leading zeros");
    expect(crypto.verify(again.publicKey, message, crypto.sign(pair.privateKey, message))).toBe(true);
  });

  it("shows no scalar in logs or JSON", () => {
    const { privateKey } = crypto.importPrivateKey(hex(EDGE_PRIVATE));
    expect(JSON.stringify(privateKey)).toBe("{}");
    expect(Object.keys(privateKey)).toEqual([]);
  });
});

describe.each(providers)("ECDSA of the %s provider", (_, crypto) => {
  const publicKey = hex(
    "042927b10512bae3eddcfe467828128bad2903269919f7086069c8c4df6c732838" +
      "c7787964eaac00e5921fb1498a60f4606766b3d9685001558d1a974e7341513e",
  );
  const message = hex("313233343030");
  const r = "2ba3a8be6b94d5ec80a6d9d1190a436effe50d85a1eee859b8cc6af9bd5c2e18";
  const s = "b329f479a2bbd0a5c384ee1493b1f5186a87139cac5df4087c134b49156847db";

  it("accepts Wycheproof ecdsa_secp256r1_sha256_p1363 tcId 1, s in its lower and in its upper half", () => {
    const low = "4cd60b855d442f5b3c7b11eb6c4e0ae7525fe710fab9aa7c77a67f79e6fadd76";
    expect(crypto.verify(publicKey, message, hex(r + low))).toBe(true);
    expect(crypto.verify(publicKey, message, hex(r + s))).toBe(true);
  });

  it("refuses Wycheproof ecdsa_secp256r1_sha256_p1363 tcId 2 to 26", () => {
    const zero = "0".repeat(64);
    const one = "1".padStart(64, "0");
    const special = [zero, one, ORDER, `${ORDER.slice(0, -1)}0`, `${ORDER.slice(0, -1)}2`, FIELD].concat(
      "ffffffff00000001000000000000000000000001000000000000000000000000",
    );
    const invalid = [
      // tcId 2 to 10: r or s with a multiple of n, 2^256 or 2^320 added, or r replaced by n - r.
      `012ba3a8bd6b94d5ed80a6d9d1190a436ebccc0833490686deac8635bcb9bf536900${s}`,
      `01002ba3a7be6b94d6ec80a6d9d1190a432be6dfbb2cb98d6d4d72972df620817f180000${s}`,
      `d45c5740946b2a147f59262ee6f5bc90bd01ed280528b62b3aed5fc93f06f739${s}`,
      `01${r}00${s}`,
      `010000000000000000${r}000000000000000000${s}`,
      ...[zero, one, ORDER].flatMap((first) => special.map((second) => first + second)),
    ];
    for (const signature of invalid) expect(crypto.verify(publicKey, message, hex(signature))).toBe(false);
  });

  it("refuses what is changed or malformed, and never throws", () => {
    const signature = hex(r + s);
    for (let i = 0; i < 64; i += 7) expect(crypto.verify(publicKey, message, flipped(signature, i))).toBe(false);
    expect(crypto.verify(publicKey, flipped(message, 0), signature)).toBe(false);
    expect(crypto.verify(noble.importPrivateKey(scalar("05")).publicKey, message, signature)).toBe(false);
    expect(crypto.verify(publicKey, message, signature.subarray(0, 63))).toBe(false);
    expect(crypto.verify(publicKey, message, new Uint8Array(0))).toBe(false);
    expect(crypto.verify(new Uint8Array(0), message, signature)).toBe(false);
    expect(crypto.verify(flipped(publicKey, 64), message, signature)).toBe(false);
    expect(crypto.verify(publicKey, message, signature)).toBe(true);
  });

  it("verifies RFC 6979 A.2.5", () => {
    const pair = crypto.importPrivateKey(hex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"));
    expect(toHex(pair.publicKey)).toBe(
      "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6" +
        "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
    );
    for (const [text, signature] of rfc6979) {
      expect(crypto.verify(pair.publicKey, ascii(text), hex(signature))).toBe(true);
    }
  });
});

const rfc6979: readonly (readonly [string, string])[] = [
  [
    "sample",
    "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716" +
      "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
  ],
  [
    "test",
    "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367" +
      "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083",
  ],
];

describe("both providers", () => {
  it("noble signs as RFC 6979 A.2.5 has it", () => {
    const { privateKey } = noble.importPrivateKey(
      hex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"),
    );
    for (const [text, signature] of rfc6979) expect(toHex(noble.sign(privateKey, ascii(text)))).toBe(signature);
  });

  it("agree on public keys, secrets and signatures of seeded scalars", () => {
    const bytes = seededBytes(23);
    for (let i = 0; i < 12; i++) {
      const [mine, theirs, message] = [bytes(32), bytes(32), bytes(i * 9)];
      const a: [KeyPair, KeyPair] = [noble.importPrivateKey(mine), node.importPrivateKey(mine)];
      const b: [KeyPair, KeyPair] = [noble.importPrivateKey(theirs), node.importPrivateKey(theirs)];
      expect(toHex(a[0].publicKey)).toBe(toHex(a[1].publicKey));
      const secret = noble.sharedSecret(a[0].privateKey, b[0].publicKey) as Uint8Array;
      expect(secret).toHaveLength(32);
      expect(toHex(node.sharedSecret(b[1].privateKey, a[1].publicKey) as Uint8Array)).toBe(toHex(secret));
      expect(node.verify(a[0].publicKey, message, noble.sign(a[0].privateKey, message))).toBe(true);
      expect(noble.verify(a[1].publicKey, message, node.sign(a[1].privateKey, message))).toBe(true);
    }
  });

  it("generate pairs that work together and differ", () => {
    const [a, b] = [noble.generateKeyPair(), node.generateKeyPair()];
    expect(toHex(a.publicKey)).not.toBe(toHex(b.publicKey));
    expect(toHex(noble.sharedSecret(a.privateKey, b.publicKey) as Uint8Array)).toBe(
      toHex(node.sharedSecret(b.privateKey, a.publicKey) as Uint8Array),
    );
  });

  it("refuse each other's private keys", () => {
    const [ofNoble, ofNode] = [noble.generateKeyPair(), node.generateKeyPair()];
    expect(() => node.sign(ofNoble.privateKey, ascii("x"))).toThrow(TypeError);
    expect(() => noble.sign(ofNode.privateKey, ascii("x"))).toThrow(TypeError);
    expect(() => node.sharedSecret(ofNoble.privateKey, ofNode.publicKey)).toThrow(TypeError);
    expect(() => noble.sharedSecret(ofNode.privateKey, ofNode.publicKey)).toThrow(TypeError);
  });

  it("give random bytes of the length asked for, each time others", () => {
    for (const [, crypto] of providers) {
      expect(crypto.randomBytes(32)).toHaveLength(32);
      expect(toHex(crypto.randomBytes(32))).not.toBe(toHex(crypto.randomBytes(32)));
    }
  });
});

describe("an injected generator", () => {
  it("makes keys repeatable", () => {
    const pair = (seed: number): string =>
      toHex(createNobleProvider({ randomBytes: seededBytes(seed) }).generateKeyPair().publicKey);
    expect(pair(1)).toBe(pair(1));
    expect(pair(1)).not.toBe(pair(2));
  });

  it("T41 that fails or falls short makes everything fail closed", () => {
    const failing = createNobleProvider({
      randomBytes: () => {
        throw new Error("no entropy");
      },
    });
    expect(() => failing.randomBytes(4)).toThrow("no entropy");
    expect(() => failing.generateKeyPair()).toThrow("no entropy");
    const short = createNobleProvider({ randomBytes: (length) => new Uint8Array(length - 1) });
    expect(() => short.randomBytes(8)).toThrow('"randomBytes" expected 8 bytes of the generator, got 7');
    expect(() => short.generateKeyPair()).toThrow("of the generator");
  });
});
