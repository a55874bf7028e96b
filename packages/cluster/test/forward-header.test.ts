import { SocketAddress } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import { readForwarded, writeForwarded } from "../src/forward-header.js";
import { ForwardedSources } from "../src/forwarded-sources.js";

describe("a forwarded datagram", () => {
  it.each([
    ["192.0.2.7", 1, 0],
    ["2001:db8::7", 65_535, 0xffff_ffff],
    ["fe80::1%eth0", 1474, 0x0102_0304],
    ["::", 49_152, 7],
  ])("from %s, port %d, sequence %d comes out as it went in", (host, port, sequence) => {
    const from = SocketAddress.parse(host, port);
    const datagram = Uint8Array.from({ length: 1452 }, (_, i) => i * 7);
    const out = new Uint8Array(1600).fill(0xee);
    const length = writeForwarded(out, 50, 1500, { sequence, from, datagram });
    expect(length).toBe(23 + from.scope.length + 1452);
    const read = readForwarded(out.subarray(50, 50 + length), new ForwardedSources());
    expect(read?.sequence).toBe(sequence);
    expect(read?.from.equals(from)).toBe(true);
    expect(read?.datagram).toEqual(datagram);
    expect(out[49]).toBe(0xee);
    expect(out[50 + length]).toBe(0xee);
  });

  it.each([
    ["192.0.2.7", "198.51.100.1"],
    ["2001:db8::7", "2001:db8::1"],
  ])("from %s says that %s was asked", (host, local) => {
    const from = SocketAddress.parse(host, 7);
    from.arrivedAt = SocketAddress.parse(local, 1474);
    const datagram = new Uint8Array(1452).fill(3);
    const out = new Uint8Array(1500);
    const length = writeForwarded(out, 0, 1500, { sequence: 1, from, datagram });
    expect(length).toBe(23 + 16 + 1452);
    const read = readForwarded(out.subarray(0, length), new ForwardedSources());
    expect(read?.from.equals(from)).toBe(true);
    expect(read?.from.arrivedAt?.host).toBe(local);
    expect(read?.datagram).toEqual(datagram);
    for (let cut = 23; cut < 39; cut++)
      expect(readForwarded(out.subarray(0, cut), new ForwardedSources()), `${cut}`).toBeUndefined();
  });

  it("is told from others by the object of its source, for each local address one", () => {
    const sources = new ForwardedSources();
    const read = (host: string, port: number, local?: string): SocketAddress | undefined => {
      const from = SocketAddress.parse(host, port);
      if (local !== undefined) from.arrivedAt = SocketAddress.parse(local, 1474);
      const out = new Uint8Array(100);
      const length = writeForwarded(out, 0, 100, { sequence: 1, from, datagram: Uint8Array.of(1) });
      return readForwarded(out.subarray(0, length), sources)?.from;
    };
    const first = read("192.0.2.7", 7, "198.51.100.1");
    expect(read("192.0.2.7", 7, "198.51.100.1")).toBe(first);
    const others = [
      read("192.0.2.7", 7, "198.51.100.2"),
      read("192.0.2.7", 7),
      read("192.0.2.7", 8, "198.51.100.1"),
      read("192.0.2.8", 7, "198.51.100.1"),
    ];
    expect(new Set([first, ...others]).size).toBe(5);
    expect(read("192.0.2.7", 7, "198.51.100.1")).toBe(first);
    // The system no longer sends from there, and the transport has noted it.
    if (first !== undefined) first.arrivedAt = undefined;
    const again = read("192.0.2.7", 7, "198.51.100.1");
    expect(again).not.toBe(first);
    expect(again?.arrivedAt?.host).toBe("198.51.100.1");
    // More sources than there is room for are each what they are.
    for (let port = 1; port < 20_000; port++) expect(read("2001:db8::7", port, "2001:db8::1")?.port).toBe(port);
  });

  it("from an address with a zone says which, not what was asked", () => {
    const from = SocketAddress.parse("fe80::1%eth0", 7);
    from.arrivedAt = SocketAddress.parse("fe80::2", 1474);
    const out = new Uint8Array(100);
    const length = writeForwarded(out, 0, 100, { sequence: 1, from, datagram: Uint8Array.of(1) });
    const read = readForwarded(out.subarray(0, length), new ForwardedSources());
    expect(read?.from.equals(from)).toBe(true);
    expect(read?.from.arrivedAt).toBeUndefined();
  });

  it("is not written where it does not fit", () => {
    const from = SocketAddress.parse("fe80::1%a-zone-with-a-long-name-of-38-characters", 1474);
    const out = new Uint8Array(1500);
    const datagram = new Uint8Array(1452);
    expect(writeForwarded(out, 0, 1500, { sequence: 0, from, datagram })).toBe(0);
    expect(out.every((byte) => byte === 0)).toBe(true);
    expect(writeForwarded(out, 0, 1500, { sequence: 0, from, datagram: datagram.subarray(15) })).toBeGreaterThan(0);
  });

  it("is not read from anything else", () => {
    const out = new Uint8Array(100);
    const from = SocketAddress.parse("fe80::1%eth0", 1474);
    writeForwarded(out, 0, 100, { sequence: 0, from, datagram: Uint8Array.of(1, 2, 3) });
    for (let length = 0; length < 27; length++)
      expect(readForwarded(out.subarray(0, length), new ForwardedSources()), `${length}`).toBeUndefined();
    expect(readForwarded(out.subarray(0, 27), new ForwardedSources())?.datagram).toHaveLength(0);
    out[6] = 255; // a zone longer than what follows
    expect(readForwarded(out.subarray(0, 30), new ForwardedSources())).toBeUndefined();
    out[6] = 4;
    out[23] = 0x20; // a zone with a space in it
    expect(readForwarded(out.subarray(0, 30), new ForwardedSources())).toBeUndefined();
  });
});
