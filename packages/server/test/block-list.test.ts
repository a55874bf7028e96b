import { SocketAddress } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import { BlockList } from "../src/block-list.js";

function blocks(list: BlockList, host: string): boolean {
  return list.has(SocketAddress.parse(host, 1474));
}

describe("BlockList", () => {
  it("blocks nothing when it is empty", () => {
    expect(blocks(new BlockList(), "192.0.2.1")).toBe(false);
    expect(new BlockList().entries()).toEqual([]);
  });

  it("knows an IPv4 address in each of its spellings, whichever of them was blocked", () => {
    const spellings = ["192.0.2.1", "::ffff:192.0.2.1", "::ffff:c000:201", "0:0:0:0:0:ffff:c000:0201"];
    for (const blocked of spellings) {
      const list = new BlockList([blocked]);
      for (const host of spellings) expect(blocks(list, host)).toBe(true);
      expect(blocks(list, "192.0.2.2")).toBe(false);
      expect(list.entries()).toEqual(["192.0.2.1"]);
    }
  });

  it("blocks ranges to their edges, IPv4, IPv6 and mapped", () => {
    const list = new BlockList(["10.1.2.0/23", "2001:db8:aa00::/40", "::ffff:172.16.0.0/108"]);
    for (const host of ["10.1.2.0", "10.1.3.255", "2001:db8:aa00::", "2001:db8:aaff:ffff:ffff:ffff:ffff:ffff"]) {
      expect(blocks(list, host)).toBe(true);
    }
    for (const host of ["10.1.1.255", "10.1.4.0", "2001:db8:a9ff:ffff::1", "2001:db8:ab00::"]) {
      expect(blocks(list, host)).toBe(false);
    }
    expect(blocks(list, "172.31.255.255")).toBe(true);
    expect(blocks(list, "172.32.0.0")).toBe(false);
  });

  it("unblocks what was blocked, in any spelling, and only that", () => {
    const list = new BlockList(["192.0.2.0/24"]);
    list.add("192.0.2.9");
    expect(list.delete("192.0.2.8")).toBe(false);
    expect(list.delete("::ffff:192.0.2.77/120")).toBe(true);
    expect(blocks(list, "192.0.2.8")).toBe(false);
    expect(blocks(list, "192.0.2.9")).toBe(true);
    expect(list.delete("192.0.2.9")).toBe(true);
    expect(list.delete("192.0.2.9")).toBe(false);
  });

  it("names the parameter of what it was given, and itself where it is full", () => {
    const list = new BlockList();
    const message = '"ipOrCidr" expected an IP address or a range such as 10.0.0.0/8, got "localhost"';
    expect(() => list.add("localhost")).toThrow(new RangeError(message));
    expect(() => list.delete("localhost")).toThrow(new RangeError(message));
    for (let i = 0; i < 65_536; i++) list.add(`10.${i >> 16}.${(i >> 8) & 0xff}.${i & 0xff}`);
    expect(() => list.add("192.0.2.1")).toThrow('"blocked" expected at most 65536 entries, got one more');
  });

  it("does not let one address of a blocked range in: that entry is the range", () => {
    const list = new BlockList(["127.0.0.0/8"]);
    expect(list.delete("127.0.0.1")).toBe(false);
    expect(blocks(list, "127.0.0.1")).toBe(true);
  });

  it("counts its entries, one in two spellings once", () => {
    const list = new BlockList(["192.0.2.0/24", "192.0.2.9"]);
    expect(list.size).toBe(2);
    list.add("::ffff:192.0.2.9");
    expect(list.size).toBe(2);
    list.delete("192.0.2.9");
    list.delete("192.0.2.9");
    expect(list.size).toBe(1);
  });

  it("takes several, or none of them", () => {
    const list = new BlockList(["192.0.2.1"]);
    list.addAll(["192.0.2.1", "10.0.0.0/8"]);
    expect(list.entries()).toEqual(["10.0.0.0/8", "192.0.2.1"]);
    expect(() => list.addAll(["192.0.2.1", "192.0.2.2", "192.0.2"])).toThrow(/^"ipOrCidr" expected an IP address/);
    expect(list.entries()).toEqual(["10.0.0.0/8", "192.0.2.1"]);
  });

  it("takes all addresses of a family by their shortest range", () => {
    const four = new BlockList(["0.0.0.0/0"]);
    expect([blocks(four, "203.0.113.9"), blocks(four, "2001:db8::1")]).toEqual([true, false]);
    const all = new BlockList(["::/0"]);
    expect([blocks(all, "203.0.113.9"), blocks(all, "2001:db8::1")]).toEqual([true, true]);
  });

  it.each(["", "localhost", "1.2.3", "1.2.3.4/33", "1.2.3.4/", "::/129", "010.0.0.1", "1.2.3.4/08", "fe80::1%eth0"])(
    "refuses %j",
    (text) => {
      expect(() => new BlockList([text])).toThrow(RangeError);
      expect(() => new BlockList().add(text)).toThrow(/expected an IP address or a range/);
      expect(() => new BlockList().delete(text)).toThrow(RangeError);
    },
  );
});
