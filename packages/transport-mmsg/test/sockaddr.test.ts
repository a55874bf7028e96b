import { SocketAddress } from "@sortie/transport";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sockaddrBuffer, SockaddrCodec, SockaddrParts } from "../src/sockaddr.js";

const SEED = 41;
const interfaces = new Map([
  ["eth0", 2],
  ["wlan0", 3],
]);
const asked: string[] = [];
const codec = new SockaddrCodec({
  interfaceIndex: (name) => {
    asked.push(name);
    return interfaces.get(name) ?? 0;
  },
  interfaceName: (index) => [...interfaces].find(([, each]) => each === index)?.[0],
});

function roundTrip(address: SocketAddress, family: 4 | 6): SocketAddress {
  const words = sockaddrBuffer();
  expect(codec.write(words, 0, family, address)).toBe(true);
  const parts = new SockaddrParts();
  expect(parts.read(words, 0)).toBe(true);
  return codec.addressOf(parts);
}

describe("struct sockaddr", () => {
  it("lies in memory as the kernel has it", () => {
    const words = sockaddrBuffer();
    codec.write(words, 0, 4, SocketAddress.parse("1.2.3.4", 0x1234));
    expect([...new Uint8Array(words.buffer, 0, 8)]).toEqual([2, 0, 0x12, 0x34, 1, 2, 3, 4]);
    codec.write(words, 0, 6, SocketAddress.parse("102:304:506:708:90a:b0c:d0e:f10%7", 0x1234));
    const expected = [10, 0, 0x12, 0x34, 0, 0, 0, 0, ...Array.from({ length: 16 }, (_, i) => i + 1), 7, 0, 0, 0];
    expect([...new Uint8Array(words.buffer, 0, 28)]).toEqual(expected);
    codec.write(words, 0, 6, SocketAddress.parse("1.2.3.4", 1));
    expect([...new Uint8Array(words.buffer, 8, 16)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 1, 2, 3, 4]);
  });

  it(`any address survives writing and reading (seed ${SEED})`, () => {
    const bytes = fc.uint8Array({ minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(bytes, fc.integer({ min: 0, max: 65_535 }), (ip, port) => {
        const address = SocketAddress.fromBytes(ip, port);
        expect(roundTrip(address, 6).equals(address)).toBe(true);
        const ipv4 = SocketAddress.parse(ip.subarray(0, 4).join("."), port);
        expect(roundTrip(ipv4, 4).equals(ipv4)).toBe(true);
        expect(roundTrip(ipv4, 6).equals(ipv4)).toBe(true);
      }),
      { seed: SEED, numRuns: 500 },
    );
  });

  it("zones are numbers to the kernel and names to people; an unknown name cannot be sent to", () => {
    expect(roundTrip(SocketAddress.parse("fe80::1%eth0", 1), 6).toString()).toBe("[fe80::1%eth0]:1");
    expect(roundTrip(SocketAddress.parse("fe80::1%3", 1), 6).toString()).toBe("[fe80::1%wlan0]:1");
    expect(roundTrip(SocketAddress.parse("fe80::1%99", 1), 6).toString()).toBe("[fe80::1%99]:1");
    expect(codec.write(sockaddrBuffer(), 0, 6, SocketAddress.parse("fe80::1%eth9", 1))).toBe(false);
  });

  it.each(["vpn+1", "caf\u00e9", "eth0#2", "7"])("the interface %j goes by its number, both ways", (name) => {
    interfaces.set(name, 2_147_483);
    const address = roundTrip(SocketAddress.parse("fe80::1%2147483", 1), 6);
    expect(address.toString()).toBe("[fe80::1%2147483]:1");
    expect(roundTrip(address, 6).equals(address)).toBe(true);
    interfaces.delete(name);
  });

  it("asks for a name once, and forgets names when there are too many", () => {
    asked.length = 0;
    const eth0 = SocketAddress.parse("fe80::2%eth0", 1);
    for (let i = 0; i < 3; i++) roundTrip(eth0, 6);
    expect(asked).toEqual([]); // known from the test before
    for (let i = 0; i < 64; i++) {
      interfaces.set(`veth${i}`, 100 + i);
      roundTrip(SocketAddress.parse(`fe80::2%veth${i}`, 1), 6);
    }
    roundTrip(eth0, 6);
    expect(asked.filter((name) => name === "eth0")).toEqual(["eth0"]);
  });

  it("asks again for another socket: an interface that came back has another number", () => {
    const tunnel = SocketAddress.parse("fe80::3%tun0", 1);
    const numberOf = (): number => {
      const words = sockaddrBuffer();
      codec.write(words, 0, 6, tunnel);
      return words[6]!;
    };
    interfaces.set("tun0", 11);
    expect(numberOf()).toBe(11);
    interfaces.set("tun0", 12);
    expect(numberOf()).toBe(11);
    codec.forgetZones();
    expect(numberOf()).toBe(12);
  });

  it("no other family is read", () => {
    const unix = new Uint32Array(8);
    unix[0] = 1;
    expect(new SockaddrParts().read(unix, 0)).toBe(false);
  });
});
