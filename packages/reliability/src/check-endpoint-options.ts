import {
  MAX_DATAGRAM_BYTES,
  MAX_MESSAGE_BYTES,
  MAX_PACKET_NUMBER,
  MIN_DATAGRAM_BYTES,
  PACKET_OVERHEAD_BYTES,
} from "@sortie/wire";
import type { EndpointOptions } from "./endpoint-options.js";
import { expectNumber } from "./expect-number.js";
import { DEFAULT_MAX_WAIT_MS } from "./left-over.js";
import { checkChannelWeights } from "./send-options.js";

/** @throws RangeError or TypeError that names the option, its range and what came */
export function checkEndpointOptions(options: EndpointOptions): void {
  expectNumber("maxDatagramBytes", options.maxDatagramBytes, MIN_DATAGRAM_BYTES, MAX_DATAGRAM_BYTES);
  expectNumber("peerMaxMessageBytes", options.peerMaxMessageBytes, 1, MAX_MESSAGE_BYTES);
  expectNumber("peerReceiveWindowBytes", options.peerReceiveWindowBytes, options.peerMaxMessageBytes, 2 ** 40);
  expectNumber("maxMessageBytes", options.maxMessageBytes, 1, MAX_MESSAGE_BYTES);
  expectNumber("usualDelayMs", options.usualDelayMs ?? 0, 0, Infinity);
  expectNumber("maxUnreliableWaitMs", options.maxUnreliableWaitMs ?? DEFAULT_MAX_WAIT_MS, 1, Infinity);
  checkChannelWeights(options.channelWeights);
  expectNumber("receiveWindowBytes", options.receiveWindowBytes, options.maxMessageBytes, 2 ** 40);
  expectNumber("packetOverheadBytes", options.packetOverheadBytes ?? PACKET_OVERHEAD_BYTES, 0, MIN_DATAGRAM_BYTES / 2);
  expectNumber("initialPacketNumber", options.initialPacketNumber ?? 0, 0, MAX_PACKET_NUMBER);
  expectNumber("initialMessageId", options.initialMessageId ?? 0, 0, 0xffff);
  for (const [name, value] of Object.entries(options.limits ?? {})) expectNumber(name, value, 1, Infinity);
}
