import { networkInterfaces } from "node:os";
import { SocketAddress, type TransportError } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import { AddressCache } from "../src/address-cache.js";
import { NodeDgramTransport } from "../src/dgram-transport.js";
import { createDgramTransport } from "../src/index.js";
import { InterfaceZones } from "../src/interface-zones.js";
import { inKnownZone, withNamedZone } from "../src/udp/zones.js";
import { fakeSockets } from "./fake-socket.js";
import { Recorder } from "./recorder.js";

type Interfaces = ReturnType<typeof networkInterfaces>;

const INTERFACES = {
  lo: [{ family: "IPv4", address: "127.0.0.1" }],
  eth0: [{ family: "IPv6", address: "fe80::1", scopeid: 4 }],
  "vpn+1": [
    { family: "IPv4", address: "192.0.2.1" },
    { family: "IPv6", address: "fe80::2", scopeid: 90_005 },
  ],
  "caf\u00e9": [{ family: "IPv6", address: "fe80::3", scopeid: 6 }],
  "7": [{ family: "IPv6", address: "fe80::4", scopeid: 8 }],
} as unknown as Interfaces;

const named = (host: string, platform = "linux"): string =>
  withNamedZone(SocketAddress.parse(host, 9), platform, () => INTERFACES).toString();

/** A link-local address of this machine, its interface and that one's number. */
const [own] = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
  addresses.flatMap((entry) =>
    entry.family === "IPv6" && entry.address.startsWith("fe80:") ? [{ ...entry, name }] : [],
  ),
);

describe("zones of addresses", () => {
  it("are named as the system names them in what comes from there", () => {
    expect(named("fe80::1%4")).toBe("[fe80::1%eth0]:9");
    expect(named("fe80::1%eth0")).toBe("[fe80::1%eth0]:9");
    expect(named("fe80::1%99")).toBe("[fe80::1%99]:9");
    expect(named("fe80::1%4", "win32")).toBe("[fe80::1%4]:9");
    expect(named("192.0.2.1")).toBe("192.0.2.1:9");
  });

  it.each([
    ["vpn+1", 90_005],
    ["caf\u00e9", 6],
    ["7", 8],
  ])("an interface %j, whose name cannot stand in an address, goes by its number", (name, index) => {
    const asked = { times: 0 };
    const zones = new InterfaceZones("linux", () => {
      asked.times++;
      return INTERFACES;
    });
    expect(named(`fe80::9%${index}`)).toBe(`[fe80::9%${index}]:9`);
    // Node gives the bytes of the name one by one.
    const written = Buffer.from(name).toString("latin1");
    const cache = new AddressCache(zones);
    const from = cache.get(`fe80::9%${written}`, 9)!;
    expect(from.toString()).toBe(`[fe80::9%${index}]:9`);
    expect(cache.get(`fe80::9%${written}`, 9)).toBe(from);
    for (let port = 10; port < 20; port++) expect(cache.get(`fe80::9%${written}`, port)?.scope).toBe(String(index));
    expect(asked.times).toBe(1);
    for (let i = 0; i < 5; i++) expect(zones.ipv6HostOf(from)).toBe(`fe80::9%${name}`);
    expect(asked.times).toBe(2);
  });

  it("zones that have a name or are none's stay as they are, as do all on Windows", () => {
    const zones = new InterfaceZones("linux", () => INTERFACES);
    expect(String(zones.parse("fe80::1%eth0", 9))).toBe("[fe80::1%eth0]:9");
    expect(String(zones.parse("fe80::1%99", 9))).toBe("[fe80::1%99]:9");
    expect(zones.parse("fe80::1%no+1", 9)).toBeUndefined();
    expect(String(zones.parse("192.0.2.1", 9))).toBe("192.0.2.1:9");
    for (const host of ["fe80::1%eth0", "fe80::1%99", "2001:db8::1", "::ffff:192.0.2.1"]) {
      expect(zones.ipv6HostOf(SocketAddress.parse(host, 9))).toBe(host);
    }
    const windows = new InterfaceZones("win32", () => INTERFACES);
    expect(String(windows.parse("fe80::1%7", 9))).toBe("[fe80::1%7]:9");
    expect(windows.ipv6HostOf(SocketAddress.parse("fe80::1%4", 9))).toBe("fe80::1%4");
  });

  it("a source of a strange interface is answered at that interface, and what is no address is counted", async () => {
    const { factory, sockets } = fakeSockets();
    const zones = new InterfaceZones("linux", () => INTERFACES);
    const transport = new NodeDgramTransport({ host: "fe80::2%90005" }, factory, zones);
    const recorder = new Recorder();
    expect(String(await transport.open(recorder))).toBe("[fe80::2%90005]:40000");
    const socket = sockets[0]!;
    expect(socket.boundTo).toMatchObject({ address: "fe80::2%vpn+1" });
    socket.receive("lost", { address: "fe80::9%gone+1" });
    socket.receive("hello", { address: "fe80::9%vpn+1" });
    expect(recorder.log).toEqual(["datagram hello from [fe80::9%90005]:9"]);
    expect(transport.statistics.receiveErrors).toBe(1);
    const batch = transport.acquireBatch()!;
    batch.commit(3, recorder.sources[0]!);
    transport.send(batch);
    expect(socket.pending).toMatchObject([{ host: "fe80::9%vpn+1", port: 9 }]);
    socket.complete();
    await transport.close();
  });

  it.runIf(own !== undefined && process.platform !== "win32")("may be given as numbers", async () => {
    const { address, scopeid, name } = own!;
    const transport = createDgramTransport({ host: `${address}%${scopeid}` });
    const silent = { onDatagram: () => {}, onBatchEnd: () => {}, onError: () => {}, onWritable: () => {} };
    const local = await transport.open(silent);
    expect(local.scope).toBe(name);
    expect(await transport.resolve!(`${address}%${scopeid}`)).toEqual([`${address}%${name}`]);
    expect((await transport.rebind!()).scope).toBe(name);
    await transport.close();
  });

  it("of an address that is sent to must be those of an interface that is up", async () => {
    const known = (host: string, platform = "linux"): string =>
      inKnownZone(SocketAddress.parse(host, 9), platform, () => INTERFACES).toString();
    expect(known("fe80::1%eth0")).toBe("[fe80::1%eth0]:9");
    expect(known("fe80::1%4")).toBe("[fe80::1%eth0]:9");
    expect(known("fe80::1%90005")).toBe("[fe80::1%90005]:9");
    expect(known("fe80::1")).toBe("[fe80::1]:9");
    expect(known("fe80::1%99", "win32")).toBe("[fe80::1%99]:9");
    const what = (zone: string): string =>
      `no network interface that is up is called "${zone}": this machine has 7, lo, eth0, vpn+1, caf\u00e9`;
    for (const zone of ["eth9", "99", "toString"]) {
      expect(() => known(`fe80::1%${zone}`)).toThrow(expect.objectContaining({ message: what(zone) }));
    }
    const transport = createDgramTransport();
    const error = await transport.resolve!("fe80::1%nosuch0").catch((reason: unknown) => reason as TransportError);
    expect(error).toMatchObject({ name: "TransportError", code: "name-not-found" });
    expect((error as TransportError).message).toContain('is called "nosuch0"');
  });

  it("that do not exist are named by the error", async () => {
    const transport = createDgramTransport({ host: "fe80::1%nosuch0" });
    const silent = { onDatagram: () => {}, onBatchEnd: () => {}, onError: () => {}, onWritable: () => {} };
    const error = await transport.open(silent).catch((reason: unknown) => reason as TransportError);
    expect(error).toMatchObject({
      code: "address-not-available",
      message: 'fe80::1 is not an address of this machine at an interface "nosuch0"',
    });
  });
});
