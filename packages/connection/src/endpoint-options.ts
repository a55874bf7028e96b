import { type ControlFrames, type EndpointOptions, ReliableEndpoint } from "@sortie/reliability";
import { MIN_DATAGRAM_BYTES, PACKET_OVERHEAD_BYTES } from "@sortie/wire";
import type { ConnectionOptions } from "./connection-options.js";

/** ms. First guess of the RTT: players' RTTs lie below; QUIC's 333 ms would make first losses cost a second. */
const DEFAULT_INITIAL_RTT_MS = 100;

/** bytes. What we send at the most: our own setting, and no more than the peer takes. */
export function largestDatagram({ settings, keys }: ConnectionOptions): number {
  return Math.min(settings.mtuBytes ?? MIN_DATAGRAM_BYTES, keys.peerParameters.maxDatagramBytes);
}

/** The reliability layer of a connection, from what both sides agreed to. */
export function createEndpoint(options: ConnectionOptions, control: ControlFrames): ReliableEndpoint {
  const { keys, localParameters, settings, resources } = options;
  const { peerParameters } = keys;
  const endpointOptions: EndpointOptions = {
    randomU32: () => resources.random.u32(),
    localMaxAckDelayMs: settings.ackDelayMs ?? localParameters.maxAckDelayMs,
    peerMaxAckDelayMs: peerParameters.maxAckDelayMs,
    initialRttMs: options.initialRttMs ?? DEFAULT_INITIAL_RTT_MS,
    maxDatagramBytes: largestDatagram(options),
    packetOverheadBytes: PACKET_OVERHEAD_BYTES,
    peerMaxMessageBytes: peerParameters.maxMessageBytes,
    peerReceiveWindowBytes: peerParameters.receiveWindowBytes,
    maxMessageBytes: localParameters.maxMessageBytes,
    receiveWindowBytes: localParameters.receiveWindowBytes,
    reassemblyBudget: resources.reassemblyBudget,
    control,
    ...(settings.limits === undefined ? {} : { limits: settings.limits }),
    ...(settings.createCongestionController === undefined ? {} : { congestion: settings.createCongestionController() }),
    ...(options.initialPacketNumber === undefined ? {} : { initialPacketNumber: options.initialPacketNumber }),
    ...(options.initialMessageId === undefined ? {} : { initialMessageId: options.initialMessageId }),
  };
  return new ReliableEndpoint(endpointOptions);
}
