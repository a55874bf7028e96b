import { networkInterfaces } from "node:os";
import { SocketAddress, type TransportError } from "@sortie/transport";
import { describe, expect, it } from "vitest";
import { createDgramTransport } from "../src/index.js";
import { withNamedZone } from "../src/udp/zones.js";

type Interfaces = ReturnType<typeof networkInterfaces>;

const INTERFACES = {
  lo: [{ family: "IPv4", address: "127.0.0.1" }],
  eth0: [{ family: "IPv6", address: "fe80::1", scopeid: 4 }],
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
    expect(named("fe80::1%5")).toBe("[fe80::1%5]:9");
    expect(named("fe80::1%4", "win32")).toBe("[fe80::1%4]:9");
    expect(named("192.0.2.1")).toBe("192.0.2.1:9");
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
