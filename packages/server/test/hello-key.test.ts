import { createNodeProvider } from "@sortie/handshake/node";
import { SocketAddress } from "@sortie/transport";
import { type ClientHello, decodeClientHello, encodeClientHello } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { helloKeyOf } from "../src/hello-key.js";

const crypto = createNodeProvider();
const FROM = SocketAddress.parse("192.0.2.1", 5000);
const HELLO: ClientHello = {
  protocolId: new Uint8Array(8).fill(1),
  clientRandom: new Uint8Array(32).fill(2),
  clientConnectionId: 3,
  suites: Uint8Array.of(1, 2),
  keyShare: new Uint8Array(65).fill(4),
  cookie: new Uint8Array(36).fill(5),
  parameters: Uint8Array.of(6, 1, 7),
};

function keyOf(changes: Partial<ClientHello> = {}, from: SocketAddress = FROM): string {
  // As a transport hands it over: in the midst of a larger array.
  const memory = new Uint8Array(3000).fill(0xee);
  const datagram = memory.subarray(777, 777 + 1200);
  datagram.set(encodeClientHello({ ...HELLO, ...changes }));
  return helloKeyOf(crypto, datagram, decodeClientHello(datagram) as ClientHello, from);
}

describe("helloKeyOf", () => {
  it("is the same with another cookie, and without", () => {
    expect(keyOf()).toBe(keyOf());
    expect(keyOf({ cookie: new Uint8Array(36) })).toBe(keyOf());
    expect(keyOf({ cookie: new Uint8Array(0) })).toBe(keyOf());
  });

  it.each<[string, Partial<ClientHello>]>([
    ["protocol", { protocolId: new Uint8Array(8) }],
    ["random", { clientRandom: new Uint8Array(32) }],
    ["connection ID", { clientConnectionId: 4 }],
    ["order of suites", { suites: Uint8Array.of(2, 1) }],
    ["number of suites", { suites: Uint8Array.of(1) }],
    ["key share", { keyShare: HELLO.keyShare.map((byte, i) => (i === 64 ? byte ^ 1 : byte)) }],
    ["parameters", { parameters: Uint8Array.of(6, 1, 8) }],
    ["length of parameters", { parameters: new Uint8Array(0) }],
  ])("is another with another %s", (_what, changes) => {
    expect(keyOf(changes)).not.toBe(keyOf());
  });

  it("is another from another address or port", () => {
    expect(keyOf({}, SocketAddress.parse("192.0.2.1", 5001))).not.toBe(keyOf());
    expect(keyOf({}, SocketAddress.parse("192.0.2.2", 5000))).not.toBe(keyOf());
    expect(keyOf({}, SocketAddress.parse("::ffff:192.0.2.1", 5000))).toBe(keyOf());
  });
});
