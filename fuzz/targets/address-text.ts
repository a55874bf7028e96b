import { isIP } from "node:net";
import { parseIp, SocketAddress } from "@sortie/transport";
import { addressWords } from "../lib/address-words.js";
import { check, equalBytes, type FuzzTarget } from "../lib/target.js";

/**
 * Texts of addresses: never throws where it must not, takes what node:net takes and nothing else, and the canonical
 * text means the same address and is its own canonical text.
 */
export const addressText: FuzzTarget = {
  name: "address-text",
  maxBytes: 64,
  dictionary: addressWords(),
  seeds: addressWords,
  run(input) {
    const text = Buffer.from(input.buffer, input.byteOffset, input.length).toString("latin1");
    const bytes = parseIp(text);
    // node:net takes a zone as well, which is no part of an address here.
    const isAddress = !text.includes("%") && isIP(text) !== 0;
    check((bytes !== undefined) === isAddress, `${JSON.stringify(text)} is ${isAddress ? "an" : "no"} address`);
    const address = SocketAddress.tryParse(text, 1474);
    if (address === undefined) {
      check(bytes === undefined, "an address without a socket address");
      let thrown: unknown;
      try {
        SocketAddress.parse(text, 1474);
      } catch (error) {
        thrown = error;
      }
      if (!(thrown instanceof RangeError)) throw thrown ?? new Error("parse took what tryParse refused");
      return;
    }
    const zone = address.scope === "" ? "" : `%${address.scope}`;
    const again = SocketAddress.parse(address.host + zone, 1474);
    check(again.equals(address) && again.host === address.host, `${address.host} is not canonical`);
    check(isIP(address.host) === address.family, `${address.host} is not of family ${address.family}`);
    // Without the zone: node:net knows no "_" in one, but names of interfaces have it.
    check(isIP(address.ipv6Host.replace(/%.*/, "")) === 6, `${address.ipv6Host} is no IPv6 address`);
    check(SocketAddress.fromBytes(address.bytes, 1474, address.scope).equals(address), "the bytes are another address");
    if (bytes !== undefined) check(equalBytes(bytes, address.bytes), "two parsers disagree");
  },
};
