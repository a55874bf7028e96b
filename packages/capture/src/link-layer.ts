/** LINKTYPE_ numbers (tcpdump.org/linktypes.html) that are read. */
export const LinkType = {
  /** BSD loopback: address family in the byte order of the capturing machine. */
  Null: 0,
  Ethernet: 1,
  /** Raw IP; two old numbers of the same. */
  RawBsd: 12,
  RawOpenBsd: 14,
  Raw: 101,
  /** OpenBSD loopback: address family big-endian. */
  Loop: 108,
  /** Linux "any" device, and its second version. */
  LinuxSll: 113,
  Ipv4: 228,
  Ipv6: 229,
  LinuxSll2: 276,
} as const;

const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
/** 802.1Q, 802.1ad, and its older number. */
const VLAN_TAGS: ReadonlySet<number> = new Set([0x8100, 0x88a8, 0x9100]);
/** Tags in tags: no network has more. */
const MAX_VLAN_TAGS = 4;

/** AF_INET, and AF_INET6 of Linux, OpenBSD and NetBSD, FreeBSD, Darwin. */
const FAMILY_IPV4 = 2;
const FAMILIES_IPV6: ReadonlySet<number> = new Set([10, 24, 28, 30]);

/** Where the IP packet of a frame begins; or why there is none. */
export function findIp(linkType: number, frame: Uint8Array): number | string {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  switch (linkType) {
    case LinkType.Raw:
    case LinkType.RawBsd:
    case LinkType.RawOpenBsd:
    case LinkType.Ipv4:
    case LinkType.Ipv6:
      return 0;
    case LinkType.Ethernet:
      return frame.length < 14 ? "a frame that is too short" : behindEtherType(view, 12);
    case LinkType.LinuxSll:
      return frame.length < 16 ? "a frame that is too short" : behindEtherType(view, 14);
    case LinkType.LinuxSll2:
      if (frame.length < 20) return "a frame that is too short";
      return isIp(view.getUint16(0)) ? 20 : otherType(view.getUint16(0));
    case LinkType.Null:
    case LinkType.Loop: {
      if (frame.length < 4) return "a frame that is too short";
      const big = view.getUint32(0);
      const family = linkType === LinkType.Null && big > 0xffff ? view.getUint32(0, true) : big;
      return family === FAMILY_IPV4 || FAMILIES_IPV6.has(family) ? 4 : `address family ${family}, not IP`;
    }
    default:
      return `link type ${linkType}, which is not read`;
  }
}

/** Passes over VLAN tags, of four bytes each. */
function behindEtherType(view: DataView, at: number): number | string {
  for (let tags = 0; at + 2 <= view.byteLength; tags++, at += 4) {
    const type = view.getUint16(at);
    if (isIp(type)) return at + 2;
    if (!VLAN_TAGS.has(type) || tags === MAX_VLAN_TAGS) return otherType(type);
  }
  return "a frame that is too short";
}

function isIp(etherType: number): boolean {
  return etherType === ETHERTYPE_IPV4 || etherType === ETHERTYPE_IPV6;
}

function otherType(etherType: number): string {
  return `ether type 0x${etherType.toString(16).padStart(4, "0")}, not IP`;
}
