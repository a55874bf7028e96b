import { MAX_DATAGRAM_BYTES, MAX_MESSAGE_BYTES, MAX_PACKET_NUMBER, MIN_DATAGRAM_BYTES } from "@sortie/wire";
import type { EndpointOptions } from "./endpoint-options.js";
import { expectNumber } from "./expect-number.js";
import { checkChannelWeights } from "./send-options.js";

/** @throws RangeError or TypeError that names the option, its range and what came */
export function checkEndpointOptions(options: EndpointOptions): void {
  expectNumber("maxDatagramBytes", options.maxDatagramBytes, MIN_DATAGRAM_BYTES, MAX_DATAGRAM_BYTES);
  expectNumber("peerMaxMessageBytes", options.peerMaxMessageBytes, 1, MAX_MESSAGE_BYTES);
  expectNumber("peerReceiveWindowBytes", options.peerReceiveWindowBytes, options.peerMaxMessageBytes, 2 ** 40);
  expectNumber("maxMessageBytes", options.maxMessageBytes, 1, MAX_MESSAGE_BYTES);
  expectOptional("usualDelayMs", options.usualDelayMs, 0, Infinity);
  expectOptional("maxUnreliableWaitMs", options.maxUnreliableWaitMs, 1, Infinity);
  checkChannelWeights(options.channelWeights);
  expectNumber("receiveWindowBytes", options.receiveWindowBytes, options.maxMessageBytes, 2 ** 40);
  expectOptional("packetOverheadBytes", options.packetOverheadBytes, 0, MIN_DATAGRAM_BYTES / 2);
  expectOptional("initialPacketNumber", options.initialPacketNumber, 0, MAX_PACKET_NUMBER);
  expectOptional("initialMessageId", options.initialMessageId, 0, 0xffff);
  for (const [name, value] of Object.entries(options.limits ?? {})) expectNumber(name, value, 1, Infinity);
}

/** Left out alone asks for the default: null is a mistake. */
function expectOptional(label: string, value: number | undefined, lowest: number, highest: number): void {
  if (value !== undefined) expectNumber(label, value, lowest, highest);
}
