import { type ControlFrames, type EndpointOptions, type EndpointTrace, ReliableEndpoint } from "@sortie/reliability";
import { PACKET_OVERHEAD_BYTES } from "@sortie/wire";
import type { ConnectionOptions } from "./connection-options.js";
import type { Lifecycle } from "./lifecycle.js";
import { MtuDiscovery } from "./mtu-discovery.js";
import { PathManager } from "./path-manager.js";
import type { TraceSink } from "./trace.js";

/** ms. First guess of the RTT: players' RTTs lie below; QUIC's 333 ms would make first losses cost a second. */
const DEFAULT_INITIAL_RTT_MS = 100;

/** A size that was set is kept to; else the path is asked, up to what both sides take. */
export function createMtuDiscovery({ settings, localParameters, keys }: ConnectionOptions): MtuDiscovery {
  const { maxDatagramBytes } = keys.peerParameters;
  const capBytes = Math.min(settings.mtuBytes ?? localParameters.maxDatagramBytes, maxDatagramBytes);
  return new MtuDiscovery({ capBytes, search: settings.mtuBytes === undefined });
}

/** The reliability layer of a connection, from what both sides agreed to. */
export function createEndpoint(
  options: ConnectionOptions,
  control: ControlFrames,
  mtu: MtuDiscovery,
): ReliableEndpoint {
  const { keys, localParameters, settings, resources } = options;
  const { peerParameters } = keys;
  const endpointOptions: EndpointOptions = {
    randomU32: () => resources.random.u32(),
    localMaxAckDelayMs: settings.ackDelayMs ?? localParameters.maxAckDelayMs,
    // What the peer was told has the tick in it, in which timeouts are served.
    usualDelayMs: localParameters.maxAckDelayMs,
    peerMaxAckDelayMs: peerParameters.maxAckDelayMs,
    peerTakesTimedAcks: peerParameters.timedAcks === 1,
    initialRttMs: options.initialRttMs ?? DEFAULT_INITIAL_RTT_MS,
    maxDatagramBytes: mtu.usableBytes,
    packetOverheadBytes: PACKET_OVERHEAD_BYTES,
    peerMaxMessageBytes: peerParameters.maxMessageBytes,
    peerReceiveWindowBytes: peerParameters.receiveWindowBytes,
    maxMessageBytes: localParameters.maxMessageBytes,
    receiveWindowBytes: localParameters.receiveWindowBytes,
    reassemblyBudget: resources.reassemblyBudget,
    control,
    fates: mtu,
    ...(settings.clockLead === undefined ? {} : { clockLead: settings.clockLead }),
    ...(settings.limits === undefined ? {} : { limits: settings.limits }),
    ...(settings.channelWeights === undefined ? {} : { channelWeights: settings.channelWeights }),
    ...(settings.maxUnreliableWaitMs === undefined ? {} : { maxUnreliableWaitMs: settings.maxUnreliableWaitMs }),
    ...(settings.createCongestionController === undefined ? {} : { congestion: settings.createCongestionController() }),
    ...(options.trace === undefined ? {} : { trace: traceOf(options.trace) }),
    ...(options.initialPacketNumber === undefined ? {} : { initialPacketNumber: options.initialPacketNumber }),
    ...(options.initialMessageId === undefined ? {} : { initialMessageId: options.initialMessageId }),
  };
  const endpoint = new ReliableEndpoint(endpointOptions);
  // A server's application hears nothing of a client before it has let it in.
  if (options.role === "server") endpoint.setReading(false);
  return endpoint;
}

/** What recovery and congestion control do, as events. */
function traceOf(sink: TraceSink): EndpointTrace {
  return {
    onPacketAcked: (packetNumber, atMs) => sink({ type: "packet-acked", atMs, packetNumber }),
    onPacketLost: (packetNumber, atMs) => sink({ type: "packet-lost", atMs, packetNumber }),
    onSpuriousLoss: (packetNumber, atMs) => sink({ type: "spurious-loss", atMs, packetNumber }),
    onProbeTimeout: (count, atMs) => sink({ type: "probe-timeout", atMs, count }),
    onCongestion: (sample, controller) =>
      sink({
        type: "congestion",
        atMs: sample.nowMs,
        windowBytes: controller.windowBytes,
        bytesInFlight: sample.bytesInFlight,
        paceBytesPerSecond: controller.paceBytesPerSecond,
        bandwidthBytesPerSecond: controller.bandwidthBytesPerSecond,
        deliveryRateBytesPerSecond: sample.deliveryRateBytesPerSecond,
        rttMs: sample.rttMs,
        smoothedRttMs: sample.smoothedRttMs,
        isAppLimited: sample.isAppLimited,
      }),
  };
}

export function createPathManager(
  options: ConnectionOptions,
  mtu: MtuDiscovery,
  endpoint: ReliableEndpoint,
  life: Lifecycle,
  onPathForgotten: () => void,
): PathManager {
  const { role, address, resources, trace } = options;
  const followsPeer = role === "server";
  return new PathManager({
    address,
    followsPeer,
    mtu,
    endpoint,
    crypto: resources.crypto,
    life,
    trace,
    onPathForgotten,
  });
}
