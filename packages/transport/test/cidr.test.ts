import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CidrSet, parseIp, SocketAddress } from "../src/index.js";

const at = (host: string): SocketAddress => SocketAddress.parse(host, 1234);

function setOf(...ranges: string[]): CidrSet {
  const set = new CidrSet();
  for (const range of ranges) set.add(range);
  return set;
}

describe("CidrSet", () => {
  it("has nothing when empty", () => {
    const set = new CidrSet();
    expect(set.has(at("1.2.3.4"))).toBe(false);
    expect(set.has(at("::"))).toBe(false);
    expect(set.size).toBe(0);
    expect(set.entries()).toEqual([]);
    expect(set.delete("1.2.3.4")).toBe(false);
  });

  it.each([
    ["10.0.0.0/8", ["10.0.0.0", "10.255.255.255"], ["9.255.255.255", "11.0.0.0", "::a00:0"]],
    ["192.0.2.128/25", ["192.0.2.128", "192.0.2.255"], ["192.0.2.127", "192.0.3.0"]],
    ["192.0.2.7", ["192.0.2.7"], ["192.0.2.6", "192.0.2.8", "::c000:207"]],
    ["192.0.2.7/31", ["192.0.2.6", "192.0.2.7"], ["192.0.2.5", "192.0.2.8"]],
    ["0.0.0.0/0", ["0.0.0.0", "255.255.255.255"], ["::", "::1", "2001:db8::1"]],
    ["::/0", ["0.0.0.0", "::", "ffff::"], []],
    ["2001:db8::/32", ["2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"], ["2001:db7:ffff::", "2001:db9::"]],
    ["2001:db8::/33", ["2001:db8:7fff::"], ["2001:db8:8000::"]],
    ["2001:db8::1", ["2001:db8::1"], ["2001:db8::", "2001:db8::2"]],
  ])("%s contains its edges and nothing beside them", (range, inside, outside) => {
    const set = setOf(range);
    for (const host of inside) expect(set.has(at(host)), host).toBe(true);
    for (const host of outside) expect(set.has(at(host)), host).toBe(false);
  });

  it("T38: another spelling of a blocked address is the same address", () => {
    const mapped = setOf("::ffff:10.0.0.0/104");
    expect(mapped.has(at("10.1.2.3"))).toBe(true);
    expect(mapped.has(at("11.1.2.3"))).toBe(false);
    const plain = setOf("10.1.2.3");
    expect(plain.has(at("::ffff:10.1.2.3"))).toBe(true);
    expect(plain.has(at("0:0:0:0:0:FFFF:0a01:0203"))).toBe(true);
    expect(plain.has(parseIp("::ffff:a01:203") as Uint8Array)).toBe(true);
    expect(setOf("fe80::1").has(at("fe80::1%eth0"))).toBe(true);
  });

  it("keeps one entry for one range, whatever its spelling", () => {
    const set = setOf("10.0.0.1/8", "10.0.0.0/8", "::ffff:10.0.0.0/104", "::ffff:a00:0/104");
    expect(set.entries()).toEqual(["10.0.0.0/8"]);
    expect(set.size).toBe(1);
    expect(set.delete("10.9.9.9/8")).toBe(true);
    expect(set.size).toBe(0);
    expect(set.has(at("10.0.0.1"))).toBe(false);
  });

  it("writes entries in canonical form and order of address", () => {
    const set = setOf("2001:DB8::5/32", "1.2.3.4/32", "::ffff:0:0/95", "255.0.0.0/8", "::1/128", "1.2.3.0/24", "::/0");
    expect(set.entries()).toEqual([
      "::/0",
      "::1",
      "::fffe:0:0/95",
      "1.2.3.0/24",
      "1.2.3.4",
      "255.0.0.0/8",
      "2001:db8::/32",
    ]);
  });

  it("writes the first entries alone where it is given a limit", () => {
    const set = setOf("10.0.0.3", "10.0.0.0/8", "10.0.0.1");
    expect(set.entries(2)).toEqual(["10.0.0.0/8", "10.0.0.1"]);
    expect(set.entries(0)).toEqual([]);
    expect(set.entries(4)).toEqual(set.entries());
    for (const limit of [-1, 0.5, NaN, "2" as never]) expect(() => set.entries(limit)).toThrow(/"limit" expected/);
  });

  it("an entry at a branch shows without the bits below it", () => {
    const set = setOf("10.64.0.0/16", "10.128.0.0/16", "10.0.0.0/8");
    expect(set.entries()).toEqual(["10.0.0.0/8", "10.64.0.0/16", "10.128.0.0/16"]);
  });

  it("deletes one of two nested ranges and keeps the other", () => {
    const set = setOf("10.0.0.0/8", "10.1.0.0/16", "10.1.2.3");
    expect(set.delete("10.0.0.0/8")).toBe(true);
    expect(set.has(at("10.2.0.1"))).toBe(false);
    expect(set.has(at("10.1.9.9"))).toBe(true);
    expect(set.delete("10.1.0.0/16")).toBe(true);
    expect(set.has(at("10.1.9.9"))).toBe(false);
    expect(set.has(at("10.1.2.3"))).toBe(true);
    expect(set.delete("10.1.0.0/16")).toBe(false);
    expect(set.delete("10.1.2.0/24")).toBe(false);
    expect(set.entries()).toEqual(["10.1.2.3"]);
  });

  it.each([
    "",
    "/",
    "/8",
    "10.0.0.0/",
    "10.0.0.0/33",
    "10.0.0.0/-1",
    "10.0.0.0/08",
    "10.0.0.0/8.0",
    "10.0.0.0/ 8",
    "10.0.0.0/8 ",
    "10.0.0.0/8/8",
    "10.0.0/8",
    "::/129",
    "::/1000",
    "::1%eth0",
    "fe80::%eth0/10",
    "localhost",
    "10.0.0.0/255.0.0.0",
  ])("throws a RangeError with the text for %j", (text) => {
    const set = new CidrSet();
    expect(() => set.add(text)).toThrow(RangeError);
    expect(() => set.add(text)).toThrow(JSON.stringify(text));
    expect(() => set.delete(text)).toThrow(RangeError);
    expect(set.size).toBe(0);
  });

  it("says of what is no text what it is, and shows nothing of it", () => {
    const peer: { data: object; self?: object } = { data: { password: "hunter2" } };
    peer.self = peer;
    for (const [range, got] of [
      [peer, "an object"],
      [Promise.resolve("10.0.0.1"), "a promise"],
      [["10.0.0.1"], "an array"],
      [undefined, "undefined"],
      [10n, "10"],
    ] as const) {
      const message = `"range" expected an IP address or a range such as 10.0.0.0/8, got ${got}`;
      expect(() => new CidrSet().add(range as never)).toThrow(new RangeError(message));
    }
  });

  it("throws on bytes of another length", () => {
    expect(() => new CidrSet().has(new Uint8Array(4))).toThrow('"bytes" expected 16 bytes, got 4');
  });

  it("holds 65536 entries, refuses one more, and takes it after one is gone", () => {
    const set = new CidrSet();
    for (let i = 0; i < 65_536; i++) set.add(`10.${i >> 8}.${i & 255}.1`);
    expect(set.size).toBe(65_536);
    expect(() => set.add("192.0.2.1")).toThrow(RangeError);
    set.add("10.0.0.1"); // there already
    expect(set.has(at("192.0.2.1"))).toBe(false);
    expect(set.has(at("10.255.255.1"))).toBe(true);
    expect(set.has(at("10.255.255.2"))).toBe(false);
    expect(set.delete("10.0.0.1")).toBe(true);
    set.add("192.0.2.1");
    expect(set.has(at("192.0.2.1"))).toBe(true);
    expect(set.has(at("10.0.0.1"))).toBe(false);
  });

  it("agrees with a plain list of ranges under random adds and deletes", () => {
    // Few distinct bits, so that ranges nest, split and collide.
    const byte = fc.constantFrom(0, 1, 128, 255);
    const v4 = fc.tuple(byte, byte, byte, byte).map((b) => b.join("."));
    const v6 = fc.tuple(byte, byte, byte).map(([a, b, c]) => `${a.toString(16)}:${b.toString(16)}::${c.toString(16)}`);
    const range = fc.oneof(
      fc.tuple(v4, fc.constantFrom(0, 1, 7, 8, 9, 15, 16, 24, 25, 31, 32)).map(([ip, bits]) => `${ip}/${bits}`),
      fc.tuple(v6, fc.constantFrom(0, 8, 9, 16, 31, 32, 64, 127, 128)).map(([ip, bits]) => `${ip}/${bits}`),
    );
    const step = fc.record({ add: fc.boolean(), range });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.array(fc.oneof(v4, v6), { maxLength: 20 }), (steps, probes) => {
        const set = new CidrSet();
        const model = new Set<string>();
        for (const { add, range: text } of steps) {
          const canonical = setOf(text).entries()[0] as string;
          if (add) {
            set.add(text);
            model.add(canonical);
          } else {
            expect(set.delete(text)).toBe(model.delete(canonical));
          }
        }
        expect(set.size).toBe(model.size);
        const entries = set.entries();
        expect(new Set(entries)).toEqual(model);
        for (const limit of [0, 1, 3, 99]) expect(set.entries(limit)).toEqual(entries.slice(0, limit));
        for (const host of probes) {
          const address = at(host);
          expect(set.has(address)).toBe([...model].some((entry) => contains(entry, address)));
        }
      }),
      { numRuns: 500 },
    );
  });
});

/** The second opinion: one 128-bit number masked and compared. */
function contains(entry: string, address: SocketAddress): boolean {
  const [ip, length] = entry.split("/") as [string, string | undefined];
  const bits = length === undefined ? 128 : Number(length) + (ip.includes(":") ? 0 : 96);
  const open = BigInt(128 - bits);
  return toBigInt(at(ip)) >> open === toBigInt(address) >> open;
}

function toBigInt(address: SocketAddress): bigint {
  return address.bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}
