import { describe, expect, it } from "vitest";
import { ConnectionPair } from "../src/index.js";

describe("datagrams that a ConnectionPair is given", () => {
  it.each<[string, (pair: ConnectionPair, datagram: Buffer) => Uint8Array | undefined]>([
    ["an interceptor gives it", (_, datagram) => datagram],
    ["it is injected", (pair, datagram) => void pair.inject(datagram, "server", pair.clientAddress, 10)],
  ])("are copied, one in a Buffer too, whose memory is wiped before it arrives: %s", (_, give) => {
    const pair = new ConnectionPair({ seed: 4, link: { latencyMs: 10 } });
    expect(pair.runUntil(() => pair.client.state === "connected", 1000)).toBe(true);
    pair.run(100);
    const given: Buffer[] = [];
    pair.interceptor = (datagram, to) => {
      if (to === "client") return datagram;
      const buffer = Buffer.from(datagram);
      given.push(buffer);
      return give(pair, buffer);
    };
    pair.client.send(Uint8Array.of(7), undefined, pair.nowMs);
    pair.run(1);
    expect(given).toHaveLength(1);
    given[0]?.fill(0);
    pair.run(20);
    expect(pair.server.pollMessage()?.payload).toEqual(Uint8Array.of(7));
  });

  it.each<[unknown, string]>([
    [undefined, "undefined"],
    ["hello", "a string"],
    [9, "a number"],
    [Promise.resolve(new Uint8Array(9)), "a promise"],
  ])("are refused where they are no bytes: %o", (datagram, got) => {
    const pair = new ConnectionPair({ seed: 5 });
    const inject = (): void => pair.inject(datagram as Uint8Array, "server", pair.clientAddress);
    expect(inject).toThrow(new TypeError(`"datagram" expected a Uint8Array, got ${got}`));
    expect(pair.inFlight).toBe(0);
  });

  it.each<[unknown, string]>([
    ["sever", '"sever"'],
    [undefined, "undefined"],
    ["toString", '"toString"'],
  ])("go to no side, and come from none, but client and server: %o", (side, got) => {
    const pair = new ConnectionPair({ seed: 6 });
    const message = (label: string): string => `"${label}" expected "client" or "server", got ${got}`;
    const inject = (): void => pair.inject(new Uint8Array(9), side as "client", pair.clientAddress);
    expect(inject).toThrow(new TypeError(message("to")));
    const forge = (): void => pair.injectForged(side as "client", 5, Uint8Array.of(0));
    expect(forge).toThrow(new TypeError(message("as")));
    expect(pair.inFlight).toBe(0);
  });
});
