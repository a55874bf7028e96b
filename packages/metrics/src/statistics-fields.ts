import type { ConnectionStatistics } from "@sortie/connection";
import type { EndpointStatistics } from "@sortie/reliability";
import type { ServerStatistics, TickStatisticsSnapshot } from "@sortie/server";
import type { TransportStatistics } from "@sortie/transport";

/** How one statistic is exported. */
export interface Field {
  readonly kind: "counter" | "gauge";
  /** Without prefix. */
  readonly name: string;
  readonly help: string;
  /** What the statistic is multiplied by, to get Prometheus' base unit. Default 1. */
  readonly scale?: number;
}

/**
 * Every statistic has its line in one of these tables, so that the compiler finds one that was added and is exported
 * nowhere. "elsewhere": an instrument of its own in `instruments.ts`, or a mere view of another.
 */
type Fields<Statistics> = Readonly<Record<keyof Statistics, Field | "elsewhere">>;

function counter(name: string, help: string): Field {
  return { kind: "counter", name: `${name}_total`, help };
}

function gauge(name: string, help: string, scale: number = 1): Field {
  return { kind: "gauge", name, help, scale };
}

export const SERVER_FIELDS: Fields<ServerStatistics> = {
  crypto: "elsewhere",
  peers: gauge("server_peers", "Connected peers."),
  maxPeers: gauge("server_max_peers", "Peers that the server has room for."),
  halfOpen: gauge("server_half_open_connections", "Connections between the first keys and acceptance."),
  pendingAuthenticateCalls: gauge(
    "server_pending_authenticate_calls",
    "Calls of authenticate that have not answered, those included whose client has gone.",
  ),
  handshakes: counter("server_handshakes", "Public-key handshakes answered."),
  retriesSent: counter("server_retries_sent", "Cookies handed out to clients that had none."),
  rejectsSent: counter(
    "server_rejects_sent",
    "Hellos answered with a REJECT before any handshake; a client may send several.",
  ),
  rejects: "elsewhere",
  refused: "elsewhere",
  handshakesFailed: "elsewhere",
  peersAccepted: counter("server_peers_accepted", "Peers ever accepted."),
  listenerErrors: counter("server_listener_errors", "Exceptions of listeners and of authenticate."),
  draining: gauge("server_draining", "1 while newcomers are turned away because the server is about to end."),
  drops: "elsewhere",
  transport: "elsewhere",
  ticks: "elsewhere",
  certificateNotAfterMs: "elsewhere",
};

export const TRANSPORT_FIELDS: Fields<TransportStatistics> = {
  datagramsSent: counter("transport_datagrams_sent", "Datagrams handed to the network."),
  datagramsReceived: counter("transport_datagrams_received", "Datagrams received from the network."),
  bytesSent: counter("transport_sent_bytes", "Bytes of UDP payload handed to the network."),
  bytesReceived: counter("transport_received_bytes", "Bytes of UDP payload received from the network."),
  sendErrors: counter("transport_send_errors", "Datagrams that did not leave, too large ones included."),
  receiveErrors: counter("transport_receive_errors", "Faults while receiving."),
  truncated: counter("transport_truncated_datagrams", "Datagrams larger than the receive buffer."),
  tooLarge: counter(
    "transport_too_large_datagrams",
    "Of send errors: datagrams larger than the own link takes, as probes of a path's MTU may be.",
  ),
};

export const TICK_FIELDS: Fields<TickStatisticsSnapshot> = {
  intervalMs: gauge("tick_interval_seconds", "Time between two ticks.", 1e-3),
  ticks: counter("ticks", "Ticks run."),
  skipped: counter("ticks_skipped", "Ticks left out because the loop was held up for too long."),
  overruns: counter("ticks_overrun", "Ticks that took longer than their interval."),
  // Percentiles cannot be summed over servers; the histograms of the same times can.
  lateP50Ms: "elsewhere",
  lateP99Ms: "elsewhere",
  lateMaxMs: "elsewhere",
  busyP50Ms: "elsewhere",
  busyP99Ms: "elsewhere",
  busyMaxMs: "elsewhere",
};

export const CONNECTION_FIELDS: Fields<ConnectionStatistics> = {
  packetsSent: counter("connection_packets_sent", "Packets sent to peers, of all connections."),
  packetsReceived: counter("connection_packets_received", "Authentic packets received from peers."),
  packetsDropped: counter("connection_packets_dropped", "Packets that a connection dropped."),
  bytesSent: counter("connection_sent_bytes", "Bytes of UDP payload sent to peers."),
  bytesReceived: counter("connection_received_bytes", "Bytes of UDP payload received from peers."),
  rttMs: "elsewhere",
  rttVarianceMs: "elsewhere",
  // A floor that never rises again says little of a population; the JSON API has it for each peer.
  rttMinMs: "elsewhere",
  loss: "elsewhere",
  // A share of one connection; the JSON API has it for each peer.
  receiveLoss: "elsewhere",
  quality: "elsewhere",
  advice: "elsewhere",
  mtuBytes: "elsewhere",
  migrations: counter("connection_migrations", "Validated changes of a peer's address."),
  keyUpdates: counter("connection_key_updates", "Key updates."),
  seconds: "elsewhere",
  endpoint: "elsewhere",
};

export const ENDPOINT_FIELDS: Fields<EndpointStatistics> = {
  packetsSent: counter("reliability_packets_sent", "Packets with frames, ACK-only ones included."),
  packetsAcked: counter("reliability_packets_acked", "Packets acknowledged."),
  packetsLost: counter("reliability_packets_lost", "Packets taken for lost."),
  spuriousLosses: counter("reliability_spurious_losses", "Packets taken for lost and acknowledged after all."),
  probeTimeouts: counter("reliability_probe_timeouts", "Probe timeouts (RFC 9002 section 6.2)."),
  messagesSent: "elsewhere",
  messagesReceived: "elsewhere",
  messagesRefused: counter("reliability_messages_refused", "Messages that send refused."),
  messagesDropped: counter("reliability_messages_dropped", "Sent messages whose outcome was dropped."),
  messagesShed: counter("reliability_messages_shed", "Unreliable messages that waited too long for their turn."),
  messagesSuperseded: counter("reliability_messages_superseded", "Sequenced messages replaced before they went."),
  messagesExpired: counter("reliability_messages_expired", "Sent messages whose outcome was expired."),
  retransmittedMessages: counter("reliability_retransmitted_messages", "Frames with message bytes sent again."),
  retransmittedBytes: counter("reliability_retransmitted_bytes", "Message bytes sent again."),
  fragmentsSent: counter("reliability_fragments_sent", "Pieces of large messages sent."),
  fragmentsReceived: counter("reliability_fragments_received", "Pieces of large messages received."),
  reassembliesActive: gauge("reliability_reassemblies", "Messages that are being put together."),
  reassembliesExpired: counter("reliability_reassemblies_expired", "Reassemblies given up for age or room."),
  reassembliesMismatched: counter("reliability_reassemblies_mismatched", "Reassemblies whose pieces disagreed."),
  duplicatesRejected: counter("reliability_duplicates_rejected", "Messages and pieces received before."),
  staleSequenced: counter("reliability_stale_sequenced", "Sequenced messages older than the newest."),
  inboxDropped: counter("reliability_inbox_dropped", "Unreliable messages dropped because the inbox was full."),
  packetsRefused: counter("reliability_packets_refused", "Packets refused because receive buffers were full."),
  packetsInFlight: gauge("reliability_in_flight_packets", "Packets neither acknowledged nor lost."),
  bytesInFlight: gauge("reliability_in_flight_bytes", "Bytes neither acknowledged nor lost."),
  blockedChannels: gauge("reliability_blocked_channels", "Channels that wait for the peer's application to read."),
  congestionWindowBytes: gauge("reliability_congestion_window_bytes", "Bytes that may be in flight, where limited."),
  paceBytesPerSecond: gauge("reliability_pace_bytes_per_second", "Rates at which packets are let through, summed."),
  bandwidthBytesPerSecond: gauge("reliability_bandwidth_bytes_per_second", "What all paths are thought to carry."),
  deliveryRateBytesPerSecond: gauge(
    "reliability_delivery_rate_bytes_per_second",
    "Rates at which data arrives, summed.",
  ),
  isAppLimited: gauge("reliability_app_limited_connections", "Connections that had no more data to send."),
  queuedBytes: gauge("reliability_queued_bytes", "Bytes that wait to be sent or acknowledged."),
  queuedMessages: gauge("reliability_queued_messages", "Messages that wait to be sent or acknowledged."),
  inboxMessages: gauge("reliability_inbox_messages", "Received messages that wait for the application."),
  inboxBytes: gauge("reliability_inbox_bytes", "Received bytes that wait for the application."),
  heldBytes: gauge("reliability_held_bytes", "Bytes held for messages not yet whole or in order."),
  receiveChannels: gauge("reliability_receive_channels", "Channels and modes on which something new was received."),
};

/** The exported statistics of a table, with their keys. */
export function exportedFields<Statistics>(fields: Fields<Statistics>): [keyof Statistics, Field][] {
  return (Object.entries(fields) as [keyof Statistics, Field | "elsewhere"][]).filter(
    (entry): entry is [keyof Statistics, Field] => entry[1] !== "elsewhere",
  );
}
