import type { LinkOptions } from "./link-options.js";

/** Names of the ready-made links, see {@link PRESETS}. */
export type PresetName = "lan" | "broadband" | "wifi" | "mobile-4g" | "congested" | "satellite" | "hostile";

/** bytes. IPv4 header (20, RFC 791) and UDP header (8, RFC 768). */
const IPV4_UDP_BYTES = 28;
/** bytes. Ethernet's payload (IEEE 802.3), headers included. */
const ETHERNET_MTU = 1500;
/** bytes. Smallest MTU of IPv6 (RFC 8200 section 5). */
const IPV6_MIN_MTU = 1280;

/** bytes/s of a rate in Mbit/s. */
function megabits(perSecond: number): number {
  return perSecond * 125_000;
}

/**
 * Ready-made links, one direction each; use the same one both ways unless told otherwise, since the rate is that of the
 * slower direction. A figure has its source beside it, rounded; what has none there is an estimate.
 */
export const PRESETS: Readonly<Record<PresetName, LinkOptions>> = Object.freeze({
  /** Switched Gigabit Ethernet (IEEE 802.3ab): round trip below a millisecond, practically no loss. */
  lan: Object.freeze({
    latencyMs: 0.2,
    jitterMs: 0.1,
    bandwidthBytesPerSecond: megabits(1000),
    queueBytes: 512 * 1024,
    mtu: ETHERNET_MTU,
    overheadBytes: IPV4_UDP_BYTES,
  }),
  /**
   * Wired home connection to a server in the region. Loss: below the 0.4 % that the FCC's "Measuring Broadband America"
   * fixed reports (eighth and later) take for good at peak hours. Delay: an estimate for cable and fibre, 30 ms of
   * round trip. Rate: the 20 Mbit/s of upload that the FCC proposed as a benchmark in its notice of inquiry of 2023.
   */
  broadband: Object.freeze({
    latencyMs: 15,
    delayTail: Object.freeze({ distribution: "gamma", meanMs: 2, deviationMs: 2, maxMs: 50, holdMs: 10 }),
    loss: 0.001,
    burst: 1.5,
    bandwidthBytesPerSecond: megabits(20),
    mtu: ETHERNET_MTU,
    overheadBytes: IPV4_UDP_BYTES,
  }),
  /**
   * The same over a busy Wi-Fi hop. Sui et al., "Characterizing and Improving WiFi Latency in Large-Scale Operational
   * Networks" (MobiSys 2016): the hop alone takes 3 ms in the median, 20 ms at the 90th and 250 ms at the 99th
   * percentile; Pei et al., "WiFi can be the weakest link of round trip network latency in the wild" (INFOCOM 2016) saw
   * more than 20 ms for half of the packets. Long delays and losses come together, in the bad state: a Gilbert-Elliott
   * model, whose form is that of Hasslinger and Hohlfeld (MMB 2008) and whose values are estimates: 1.3 % lost in all,
   * bad spells of 4 datagrams in the mean.
   */
  wifi: Object.freeze({
    latencyMs: 15,
    delayTail: Object.freeze({ distribution: "lognormal", meanMs: 6, deviationMs: 10, maxMs: 300, holdMs: 20 }),
    delayTailInBad: Object.freeze({ distribution: "lognormal", meanMs: 80, deviationMs: 80, maxMs: 300, holdMs: 20 }),
    gilbertElliott: Object.freeze({ goodToBad: 0.005, badToGood: 0.25, lossInGood: 0.001, lossInBad: 0.6 }),
    bandwidthBytesPerSecond: megabits(20),
    mtu: ETHERNET_MTU,
    overheadBytes: IPV4_UDP_BYTES,
  }),
  /**
   * LTE. Ofcom, "Measuring mobile broadband performance in the UK" (April 2015): mean round trip 53.1 ms, mean upload
   * 13.6 Mbit/s. The rest are estimates: link-layer retransmission hides most loss and shows as a tail of delay;
   * buffers are deep (308 ms when full, as RFC 8868 section 4 has for a usual router); fades as a Gilbert-Elliott
   * model, 0.5 % in all, spells of 8 datagrams; 1420 bytes are left within the operator's tunnel.
   */
  "mobile-4g": Object.freeze({
    latencyMs: 22,
    delayTail: Object.freeze({ distribution: "gamma", meanMs: 5, deviationMs: 5, maxMs: 200, holdMs: 8 }),
    delayTailInBad: Object.freeze({ distribution: "pareto", meanMs: 60, deviationMs: 90, maxMs: 500, holdMs: 8 }),
    gilbertElliott: Object.freeze({ goodToBad: 0.001, badToGood: 0.125, lossInGood: 0.0005, lossInBad: 0.6 }),
    bandwidthBytesPerSecond: megabits(13.6),
    queueBytes: 512 * 1024,
    mtu: 1420,
    overheadBytes: IPV4_UDP_BYTES,
  }),
  /**
   * An evening on an overbooked DSL line, all estimates: 2 Mbit/s behind a 64 KiB buffer (262 ms when full), loss from
   * elsewhere; 1492 bytes are left by PPPoE (RFC 2516).
   */
  congested: Object.freeze({
    latencyMs: 40,
    jitterMs: 30,
    loss: 0.03,
    burst: 2,
    bandwidthBytesPerSecond: megabits(2),
    queueBytes: 64 * 1024,
    mtu: 1492,
    overheadBytes: IPV4_UDP_BYTES,
  }),
  /**
   * Geostationary satellite. APNIC, "Testing LEO and GEO satellite services in Australia" (2022): at least 239 ms of
   * propagation each way, round trips near 600 ms. Rate, loss and buffer are estimates for a consumer's upload.
   */
  satellite: Object.freeze({
    latencyMs: 290,
    delayTail: Object.freeze({ distribution: "gamma", meanMs: 10, deviationMs: 10, maxMs: 200, holdMs: 20 }),
    loss: 0.005,
    burst: 3,
    bandwidthBytesPerSecond: megabits(3),
    queueBytes: 128 * 1024,
    mtu: ETHERNET_MTU,
    overheadBytes: IPV4_UDP_BYTES,
  }),
  /** Not a real network: every fault at once; loss at the upper end of what RFC 8868 asks to be tested. */
  hostile: Object.freeze({
    latencyMs: 100,
    jitterMs: 50,
    loss: 0.2,
    burst: 3,
    reorder: 0.3,
    duplicate: 0.1,
    corrupt: 0.05,
    bandwidthBytesPerSecond: megabits(1),
    queueBytes: 32 * 1024,
    mtu: IPV6_MIN_MTU,
    overheadBytes: IPV4_UDP_BYTES,
  }),
} satisfies Record<PresetName, LinkOptions>);
