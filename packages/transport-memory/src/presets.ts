import { checkLinkOptions, type LinkOptions, type LinkParameters } from "./link-options.js";

/** Names of the ready-made links, see {@link PRESETS}. */
export type PresetName = "lan" | "broadband" | "wifi" | "mobile-4g" | "congested" | "satellite" | "hostile";

/** How a link is described: options, or the name of a preset. */
export type LinkSpec = LinkOptions | PresetName;

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
 * slower direction. Figures are typical values from the source beside each, rounded; jitter and queue are estimates
 * where the source gives none.
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
   * Wired home connection to a server in the region. FCC, "Measuring Broadband America", fixed broadband reports: idle
   * round trips of some 10 to 40 ms on fibre and cable, loss of most subscribers below 0.4 % at peak hours; 20 Mbit/s
   * is a usual upload.
   */
  broadband: Object.freeze({
    latencyMs: 15,
    jitterMs: 3,
    loss: 0.001,
    burst: 1.5,
    bandwidthBytesPerSecond: megabits(20),
    mtu: ETHERNET_MTU,
    overheadBytes: IPV4_UDP_BYTES,
  }),
  /**
   * Home broadband over a busy Wi-Fi hop. Pei et al., "WiFi can be the weakest link of round trip network latency in
   * the wild" (INFOCOM 2016): the hop alone takes over 20 ms for half and over 100 ms for a tenth of the packets on a
   * campus; a home is milder. Losses come while the channel is bad: a Gilbert-Elliott model, 1.3 % in all, bad spells
   * of 4 datagrams in the mean (the form, not these values, from Hasslinger and Hohlfeld, MMB 2008).
   */
  wifi: Object.freeze({
    latencyMs: 17,
    jitterMs: 25,
    gilbertElliott: Object.freeze({ goodToBad: 0.005, badToGood: 0.25, lossInGood: 0.001, lossInBad: 0.6 }),
    bandwidthBytesPerSecond: megabits(20),
    mtu: ETHERNET_MTU,
    overheadBytes: IPV4_UDP_BYTES,
  }),
  /**
   * LTE. Ofcom, "Measuring mobile broadband performance in the UK" (2015): mean round trip 53 ms, mean upload
   * 13.6 Mbit/s. Link-layer retransmission hides most loss and shows as jitter; deep buffers ("nominal" drop-tail of
   * RFC 8868, 300 to 500 ms). Fades as a Gilbert-Elliott model: 0.5 % in all, spells of 8 datagrams.
   */
  "mobile-4g": Object.freeze({
    latencyMs: 27,
    jitterMs: 20,
    gilbertElliott: Object.freeze({ goodToBad: 0.001, badToGood: 0.125, lossInGood: 0.0005, lossInBad: 0.6 }),
    bandwidthBytesPerSecond: megabits(13.6),
    queueBytes: 512 * 1024,
    mtu: 1420,
    overheadBytes: IPV4_UDP_BYTES,
  }),
  /** An evening on an overbooked DSL line: 2 Mbit/s behind a 64 KiB buffer (262 ms when full), loss from elsewhere. */
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
   * propagation each way, round trips near 600 ms; uploads of consumer plans are about 3 Mbit/s.
   */
  satellite: Object.freeze({
    latencyMs: 290,
    jitterMs: 15,
    loss: 0.005,
    burst: 3,
    bandwidthBytesPerSecond: megabits(3),
    queueBytes: 128 * 1024,
    mtu: ETHERNET_MTU,
    overheadBytes: IPV4_UDP_BYTES,
  }),
  /** Not a real network: every fault at once, near the upper ends of what RFC 8868 asks to be tested. */
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

/** Options of a spec, checked. Throws a RangeError for an unknown preset or an option out of range. */
export function linkParameters(spec: LinkSpec): LinkParameters {
  if (typeof spec !== "string") return checkLinkOptions(spec);
  if (!Object.hasOwn(PRESETS, spec)) {
    throw new RangeError(`"link" expected one of ${Object.keys(PRESETS).join(", ")}, got "${spec}"`);
  }
  return checkLinkOptions(PRESETS[spec]);
}
