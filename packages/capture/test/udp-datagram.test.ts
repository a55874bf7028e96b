import { describe, expect, it } from "vitest";
import { LinkType, pcapHeader, pcapRecord, readCapture, type CaptureRecord, readDatagram } from "../src/index.js";
import { address, concat, hex, ipv4, ipv6, recordOf, udp } from "./support.js";

const PAYLOAD = Uint8Array.of(0xaa, 0xbb, 0xcc);
const V4 = "10.0.0.1:40000 > 10.0.0.2:1474 aabbcc/3";
const V6 = "[fd00::1]:40000 > [fd00::2]:1474 aabbcc/3";

function read(linkType: number, bytes: Uint8Array): string {
  const datagram = readDatagram(recordOf(linkType, bytes));
  if (typeof datagram === "string") return datagram;
  const { source, destination, payload, originalBytes } = datagram;
  return `${source.toString()} > ${destination.toString()} ${hex(payload)}/${originalBytes}`;
}

const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);
const ethernet = (...type: readonly number[]): Uint8Array => bytes(...new Array<number>(12).fill(2), ...type);

describe("a datagram", () => {
  it.each([
    ["Ethernet", LinkType.Ethernet, ethernet(8, 0)],
    ["Ethernet with a VLAN tag", LinkType.Ethernet, ethernet(0x81, 0, 0, 7, 8, 0)],
    ["Ethernet with two VLAN tags", LinkType.Ethernet, ethernet(0x88, 0xa8, 0, 7, 0x81, 0, 0, 9, 8, 0)],
    ["raw IP", LinkType.Raw, bytes()],
    ["raw IP of BSD", LinkType.RawBsd, bytes()],
    ["raw IP of OpenBSD", LinkType.RawOpenBsd, bytes()],
    ["IPv4", LinkType.Ipv4, bytes()],
    ["BSD loopback, big-endian", LinkType.Null, bytes(0, 0, 0, 2)],
    ["BSD loopback, little-endian", LinkType.Null, bytes(2, 0, 0, 0)],
    ["OpenBSD loopback", LinkType.Loop, bytes(0, 0, 0, 2)],
    ["Linux cooked", LinkType.LinuxSll, bytes(...new Array<number>(14).fill(0), 8, 0)],
    ["Linux cooked 2", LinkType.LinuxSll2, bytes(8, 0, ...new Array<number>(18).fill(0))],
  ])("of IPv4 is found behind %s", (_name, linkType, header) => {
    expect(read(linkType, concat(header, ipv4(PAYLOAD)))).toBe(V4);
    for (let length = 0; length < header.length; length++) {
      expect(read(linkType, header.subarray(0, length))).toBe("a frame that is too short");
    }
  });

  it.each([
    ["Ethernet", LinkType.Ethernet, ethernet(0x86, 0xdd)],
    ["raw IP", LinkType.Raw, bytes()],
    ["IPv6", LinkType.Ipv6, bytes()],
    ["loopback of macOS", LinkType.Null, bytes(30, 0, 0, 0)],
    ["loopback of FreeBSD", LinkType.Null, bytes(0, 0, 0, 28)],
    ["Linux cooked 2", LinkType.LinuxSll2, bytes(0x86, 0xdd, ...new Array<number>(18).fill(0))],
  ])("of IPv6 is found behind %s", (_name, linkType, header) => {
    expect(read(linkType, concat(header, ipv6(PAYLOAD)))).toBe(V6);
  });

  it("is found behind IP options and extension headers, and before padding", () => {
    const options = concat(bytes(0x46), ipv4(PAYLOAD, { 3: 35 }).subarray(1, 20), bytes(1, 1, 1, 1), udp(PAYLOAD));
    expect(read(LinkType.Raw, options)).toBe(V4);
    expect(read(LinkType.Raw, concat(ipv4(PAYLOAD), new Uint8Array(20)))).toBe(V4);
    const eight = [0, 1, 4, 0, 0, 0, 0];
    const sixteen = [1, 1, 12, ...new Array<number>(12).fill(0)];
    const atomic = [0, 0, 0, 1, 2, 3, 4];
    expect(
      read(
        LinkType.Raw,
        ipv6(PAYLOAD, [
          [0, eight],
          [60, sixteen],
          [44, atomic],
        ]),
      ),
    ).toBe(V6);
  });

  it("says how much of it was captured", () => {
    expect(read(LinkType.Raw, ipv4(PAYLOAD).subarray(0, -2))).toBe("10.0.0.1:40000 > 10.0.0.2:1474 aa/3");
    // large packets that the network card cuts itself
    expect(read(LinkType.Raw, ipv4(PAYLOAD, { 2: 0, 3: 0 }))).toBe(V4);
  });

  it.each([
    ["another ether type", LinkType.Ethernet, ethernet(8, 6, 1, 2), "ether type 0x0806, not IP"],
    [
      "too many tags",
      LinkType.Ethernet,
      ethernet(...new Array(6).fill([0x81, 0, 0, 1]).flat()),
      "ether type 0x8100, not IP",
    ],
    ["another family", LinkType.Null, bytes(0, 0, 0, 7, 1), "address family 7, not IP"],
    ["another link", 105, bytes(1, 2, 3), "link type 105, which is not read"],
    ["no IP", LinkType.Raw, bytes(0x50), "no IP packet"],
    ["nothing", LinkType.Raw, bytes(), "no IP packet"],
    ["TCP", LinkType.Raw, ipv4(PAYLOAD, { 9: 6 }), "IP protocol 6, not UDP"],
    ["a fragment", LinkType.Raw, ipv4(PAYLOAD, { 7: 1 }), "a fragment of an IP packet: fragments are not put together"],
    [
      "a first fragment",
      LinkType.Raw,
      ipv4(PAYLOAD, { 6: 0x20 }),
      "a fragment of an IP packet: fragments are not put together",
    ],
    ["a small header", LinkType.Raw, ipv4(PAYLOAD, { 0: 0x44 }), "a damaged IPv4 header"],
    ["a small total", LinkType.Raw, ipv4(PAYLOAD, { 3: 10 }), "a damaged IPv4 header"],
    ["a cut IPv4 header", LinkType.Raw, ipv4(PAYLOAD).subarray(0, 19), "a packet that is cut before its datagram"],
    ["a cut UDP header", LinkType.Raw, ipv4(PAYLOAD).subarray(0, 27), "a packet that is cut before its datagram"],
    ["a cut IPv6 header", LinkType.Raw, ipv6(PAYLOAD).subarray(0, 39), "a packet that is cut before its datagram"],
    [
      "a cut extension",
      LinkType.Raw,
      ipv6(PAYLOAD, [[0, [0, 1, 4, 0, 0, 0, 0]]]).subarray(0, 44),
      "a packet that is cut before its datagram",
    ],
    ["ICMPv6", LinkType.Raw, ipv6(PAYLOAD, [[58, [0, 0, 0, 0, 0, 0, 0]]]), "IP protocol 58, not UDP"],
    [
      "a fragment of IPv6",
      LinkType.Raw,
      ipv6(PAYLOAD, [[44, [0, 0, 8, 0, 0, 0, 1]]]),
      "a fragment of an IP packet: fragments are not put together",
    ],
    [
      "endless extensions",
      LinkType.Raw,
      ipv6(PAYLOAD, new Array(9).fill([60, [0, 1, 4, 0, 0, 0, 0]])),
      "too many IPv6 extension headers",
    ],
    [
      "a UDP length that is none",
      LinkType.Raw,
      concat(ipv4(PAYLOAD).subarray(0, 20), udp(PAYLOAD, 7)),
      "a datagram with a length of 7",
    ],
    [
      "a UDP length beyond IP's",
      LinkType.Raw,
      concat(ipv4(PAYLOAD).subarray(0, 20), udp(PAYLOAD, 12)),
      "a datagram of 12 bytes in an IP packet that has room for 11",
    ],
  ] as const)("is not found in %s", (_name, linkType, frame, why) => {
    expect(read(linkType, frame)).toBe(why);
  });
});

describe("a capture that is written", () => {
  it.each([
    ["10.0.0.1", "192.168.1.2"],
    ["fd00::1", "2001:db8::2"],
  ])("is read again: %s to %s", (from, to) => {
    const [source, destination] = [address(from, 40_000), address(to, 1474)];
    const timeNs = 1_700_000_000_123_456_789n;
    const payload = Uint8Array.of(1, 2, 3, 4, 5);
    const file = concat(pcapHeader(), pcapRecord({ timeNs, source, destination, payload }));
    const records = [...readCapture(file)] as CaptureRecord[];
    expect(records.map((record) => record.timeNs)).toEqual([timeNs]);
    const datagram = readDatagram(records[0] as CaptureRecord);
    if (typeof datagram === "string") throw new Error(datagram);
    expect(datagram.source.equals(source) && datagram.destination.equals(destination)).toBe(true);
    expect([hex(datagram.payload), datagram.originalBytes]).toEqual(["0102030405", 5]);
    const packet = (records[0] as CaptureRecord).bytes;
    expect(source.family === 4 ? onesComplement(packet.subarray(0, 20)) : 0xffff).toBe(0xffff);
    const udpAt = source.family === 4 ? 20 : 40;
    const addresses = packet.subarray(source.family === 4 ? 12 : 8, udpAt);
    const pseudo = Uint8Array.of(0, 17, 0, packet.length - udpAt);
    expect(onesComplement(concat(addresses, pseudo, packet.subarray(udpAt)))).toBe(0xffff);
  });

  it.each([
    ["two families", "10.0.0.1", "fd00::1", 5],
    ["two families, the other way round", "fd00::1", "10.0.0.1", 5],
    ["more than IPv4 carries", "10.0.0.1", "10.0.0.2", 65_508],
    ["all that IPv6 carries", "fd00::1", "fd00::2", 65_527],
  ])("has what a hostile one may hold: %s", (_name, from, to, length) => {
    const [source, destination] = [address(from, 40_000), address(to, 1474)];
    const record = pcapRecord({ timeNs: 0n, source, destination, payload: new Uint8Array(length).fill(7) });
    expect(record).toHaveLength(16 + 48 + length);
    const [again] = [...readCapture(concat(pcapHeader(), record))] as CaptureRecord[];
    const datagram = readDatagram(again as CaptureRecord);
    if (typeof datagram === "string") throw new Error(datagram);
    expect(datagram.source.equals(source) && datagram.destination.equals(destination)).toBe(true);
    expect([datagram.payload.length, datagram.payload.at(-1), datagram.originalBytes]).toEqual([length, 7, length]);
  });

  it.each([
    ["IPv4", "10.0.0.1", "10.0.0.2", 20],
    ["IPv6", "fd00::1", "fd00::2", 40],
  ])("tells of the bytes that another capture has cut off: %s", (_name, from, to, ipBytes) => {
    const [source, destination] = [address(from, 40_000), address(to, 1474)];
    const payload = new Uint8Array(68).fill(7);
    const record = pcapRecord({ timeNs: 0n, source, destination, payload, originalBytes: 1200 });
    const [again] = [...readCapture(concat(pcapHeader(), record))] as CaptureRecord[];
    expect([again?.bytes.length, again?.originalBytes]).toEqual([ipBytes + 8 + 68, ipBytes + 8 + 1200]);
    const datagram = readDatagram(again as CaptureRecord);
    expect(datagram).toMatchObject({ payload, originalBytes: 1200 });
    const base = { timeNs: 0n, source, destination, payload };
    for (const bad of [67, 65_528, 100.5, Number.NaN]) {
      expect(() => pcapRecord({ ...base, originalBytes: bad })).toThrow(
        new RangeError(`"originalBytes" expected an integer in 68..65527, got ${bad}`),
      );
    }
  });

  it("writes times before 1970, which pcap has not, as 0", () => {
    const source = address("10.0.0.1", 1);
    const record = pcapRecord({ timeNs: -1_500_000_000n, source, destination: source, payload: new Uint8Array(10) });
    const [again] = [...readCapture(concat(pcapHeader(), record))] as CaptureRecord[];
    expect(again?.timeNs).toBe(0n);
  });

  it("refuses what no packet can be", () => {
    const source = address("10.0.0.1", 1);
    const base = { timeNs: 0n, source, destination: source, payload: new Uint8Array(65_507) };
    expect(pcapRecord(base)).toHaveLength(16 + 65_535);
    expect(() => pcapRecord({ ...base, payload: new Uint8Array(65_528) })).toThrow(
      '"payload" expected at most 65527 bytes, got 65528',
    );
  });
});

/** 0xffff for what carries a right checksum (RFC 1071). */
function onesComplement(data: Uint8Array): number {
  let total = 0;
  for (let i = 0; i < data.length; i += 2) total += ((data[i] as number) << 8) | (data[i + 1] ?? 0);
  while (total > 0xffff) total = (total & 0xffff) + (total >> 16);
  return total;
}
