import { inspect } from "node:util";
import fc from "fast-check";
import { isIPv4, isIPv6 } from "node:net";
import { describe, expect, it } from "vitest";
import { isZone, parseIp, SocketAddress } from "../src/index.js";

const hex = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString("hex");

describe("parseIp", () => {
  it.each([
    ["1.2.3.4", "00000000000000000000ffff01020304"],
    ["255.255.255.255", "00000000000000000000ffffffffffff"],
    ["0.0.0.0", "00000000000000000000ffff00000000"],
    ["::", "00000000000000000000000000000000"],
    ["::1", "00000000000000000000000000000001"],
    ["1::", "00010000000000000000000000000000"],
    ["1:2:3:4:5:6:7:8", "00010002000300040005000600070008"],
    ["1:2:3:4:5:6:7::", "00010002000300040005000600070000"],
    ["::2:3:4:5:6:7:8", "00000002000300040005000600070008"],
    ["2001:DB8::a0B", "20010db8000000000000000000000a0b"],
    ["2001:0db8:0000:0000:0000:0000:0000:0001", "20010db8000000000000000000000001"],
    ["::ffff:1.2.3.4", "00000000000000000000ffff01020304"],
    ["::FFFF:102:304", "00000000000000000000ffff01020304"],
    ["0:0:0:0:0:ffff:1.2.3.4", "00000000000000000000ffff01020304"],
    ["::1.2.3.4", "00000000000000000000000001020304"],
    ["64:ff9b::192.0.2.33", "0064ff9b0000000000000000c0000221"],
    ["1:2:3:4:5:6:255.255.255.255", "000100020003000400050006ffffffff"],
    ["0000:0000:0000:0000:0000:ffff:255.255.255.255", "00000000000000000000ffffffffffff"],
  ])("reads %s", (text, expected) => {
    expect(hex(parseIp(text))).toBe(expected);
  });

  it.each([
    "",
    " ",
    "1",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.",
    ".1.2.3",
    "1..2.3",
    "01.2.3.4",
    "1.2.3.04",
    "0x1.2.3.4",
    "1.2.3.256",
    "1.2.3.4 ",
    " 1.2.3.4",
    "1.2.3.4\n",
    "+1.2.3.4",
    "1.2.3.-4",
    "1.2.3.4444",
    "1.2.3.4/8",
    "1e1.2.3.4",
    "16909060",
    "١.2.3.4",
    ":",
    ":::",
    "::1::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7:8::",
    "::1:2:3:4:5:6:7:8",
    "1:2:3:4::5:6:7:8",
    ":1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:",
    "12345::",
    "::g",
    "::1%eth0",
    "[::1]",
    "::1.2.3",
    "::1.2.3.4.5",
    "::1.2.3.256",
    "::01.2.3.4",
    "::1.2.3.4:5",
    "1:2:3:4:5:6:7:1.2.3.4",
    "1.2.3.4::",
    "::-1",
    "::1/64",
    "::ffff:1.2.3.4 ",
    "0000:0000:0000:0000:0000:ffff:255.255.255.2555",
  ])("refuses %j", (text) => {
    expect(parseIp(text)).toBeUndefined();
  });

  it("agrees with Node on random texts of the right characters", () => {
    const part = fc.constantFrom("0", "1", "ff", "abcd", "12345", ":", "::", ".", "1.2.3.4", "255", "256", "g", "%1");
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        const text = parts.join("");
        const expected = !text.includes("%") && (isIPv4(text) || isIPv6(text));
        expect(parseIp(text) !== undefined).toBe(expected);
      }),
      { numRuns: 3000 },
    );
  });
});

describe("SocketAddress", () => {
  it.each([
    ["1.2.3.4", 5, "1.2.3.4", 4, "1.2.3.4:5", "::ffff:1.2.3.4"],
    ["::ffff:1.2.3.4", 0, "1.2.3.4", 4, "1.2.3.4:0", "::ffff:1.2.3.4"],
    ["::ffff:0:0", 65_535, "0.0.0.0", 4, "0.0.0.0:65535", "::ffff:0.0.0.0"],
    ["::1", 5, "::1", 6, "[::1]:5", "::1"],
    ["::", 5, "::", 6, "[::]:5", "::"],
    ["::1.2.3.4", 5, "::102:304", 6, "[::102:304]:5", "::102:304"],
    ["fe80::1%eth0", 5, "fe80::1", 6, "[fe80::1%eth0]:5", "fe80::1%eth0"],
    // RFC 5952 sections 4.1 to 4.3
    ["2001:0DB8::0001", 5, "2001:db8::1", 6, "[2001:db8::1]:5", "2001:db8::1"],
    ["2001:db8:0:0:0:0:2:1", 5, "2001:db8::2:1", 6, "[2001:db8::2:1]:5", "2001:db8::2:1"],
    ["2001:db8:0:1:1:1:1:1", 5, "2001:db8:0:1:1:1:1:1", 6, "[2001:db8:0:1:1:1:1:1]:5", "2001:db8:0:1:1:1:1:1"],
    ["2001:0:0:1:0:0:0:1", 5, "2001:0:0:1::1", 6, "[2001:0:0:1::1]:5", "2001:0:0:1::1"],
    ["2001:db8:0:0:1:0:0:1", 5, "2001:db8::1:0:0:1", 6, "[2001:db8::1:0:0:1]:5", "2001:db8::1:0:0:1"],
    ["1:0:0:0:0:0:0:0", 5, "1::", 6, "[1::]:5", "1::"],
  ] as const)("%s is %s", (text, port, host, family, shown, ipv6Host) => {
    const address = SocketAddress.parse(text, port);
    expect(address.host).toBe(host);
    expect(address.port).toBe(port);
    expect(address.family).toBe(family);
    expect(address.toString()).toBe(shown);
    expect(address.ipv6Host).toBe(ipv6Host);
  });

  it("comes back from its own text for every 16 bytes", () => {
    const zeroHeavy = fc.oneof(fc.constant(0), fc.constant(255), fc.nat(255));
    fc.assert(
      fc.property(fc.array(zeroHeavy, { minLength: 16, maxLength: 16 }), fc.nat(65_535), (list, port) => {
        const address = SocketAddress.fromBytes(Uint8Array.from(list), port);
        const again = SocketAddress.parse(address.host, port);
        expect(again.equals(address)).toBe(true);
        expect(again.host).toBe(address.host);
        if (address.family === 6) expect(new URL(`http://[${address.host}]`).hostname).toBe(`[${address.host}]`);
      }),
      { numRuns: 2000 },
    );
  });

  it("equals by address, port and zone", () => {
    const address = SocketAddress.parse("1.2.3.4", 5);
    expect(address.equals(address)).toBe(true);
    expect(address.equals(SocketAddress.parse("::ffff:102:304", 5))).toBe(true);
    expect(address.equals(SocketAddress.parse("1.2.3.4", 6))).toBe(false);
    expect(address.equals(SocketAddress.parse("1.2.3.5", 5))).toBe(false);
    expect(address.equals(SocketAddress.parse("::102:304", 5))).toBe(false);
    const zoned = SocketAddress.parse("fe80::1%a", 5);
    expect(zoned.equals(SocketAddress.parse("fe80::1%a", 5))).toBe(true);
    expect(zoned.equals(SocketAddress.parse("fe80::1%b", 5))).toBe(false);
    expect(zoned.equals(SocketAddress.parse("fe80::1", 5))).toBe(false);
  });

  it("copies the bytes it is made of", () => {
    const bytes = new Uint8Array(16).fill(7);
    const address = SocketAddress.fromBytes(bytes, 1, "eth0");
    bytes.fill(8);
    expect(address.toString()).toBe("[707:707:707:707:707:707:707:707%eth0]:1");
  });

  it("throws on a caller's mistakes with what was expected and what came", () => {
    expect(() => SocketAddress.parse("localhost", 1)).toThrow(
      '"host" expected an IPv4 or IPv6 address, got "localhost"',
    );
    expect(() => SocketAddress.parse("1.2.3.4", 70_000)).toThrow(
      new RangeError('"port" expected an integer in 0..65535, got 70000'),
    );
    for (const port of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => SocketAddress.parse("1.2.3.4", port)).toThrow(RangeError);
      expect(SocketAddress.tryParse("1.2.3.4", port)).toBeUndefined();
    }
    expect(() => SocketAddress.fromBytes(new Uint8Array(4), 1)).toThrow('"bytes" expected 16 bytes, got 4');
    expect(() => SocketAddress.fromBytes(new Uint8Array(16), -1)).toThrow(RangeError);
    expect(() => SocketAddress.fromBytes(new Uint8Array(16), 1, "a b")).toThrow('"scope" expected');
    expect(() => SocketAddress.fromBytes(SocketAddress.parse("1.2.3.4", 1).bytes, 1, "eth0")).toThrow(
      '"scope" expected',
    );
  });

  it.each([
    ["1.2.3.4", "1.2.3.4:5", 4],
    ["fe80::1%eth0", "[fe80::1%eth0]:5", 6],
  ] as const)("shows %s in JSON and to people, and not its bytes", (host, text, family) => {
    const address = SocketAddress.parse(host, 5);
    expect(JSON.parse(JSON.stringify({ address }))).toEqual({ address: { host, port: 5, family } });
    expect(SocketAddress.parse(address.toJSON().host, 5).equals(address)).toBe(true);
    expect(inspect({ address })).toBe(`{ address: ${text} }`);
  });

  it("says what can be a zone: ASCII that needs no escaping", () => {
    for (const zone of ["eth0", "3", "wlan0.5~a_b-c"]) expect(isZone(zone)).toBe(true);
    for (const zone of ["", "vpn+1", "caf\u00e9", "eth0#2", "a b", "a%b", "a".repeat(65)])
      expect(isZone(zone)).toBe(false);
  });

  it.each(["fe80::1%", "fe80::1%a%b", "fe80::1%a b", "1.2.3.4%eth0", "::ffff:1.2.3.4%eth0", "%eth0"])(
    "refuses the zone in %j",
    (text) => {
      expect(SocketAddress.tryParse(text, 1)).toBeUndefined();
      expect(() => SocketAddress.parse(text, 1)).toThrow(RangeError);
    },
  );
});
