// What Linux lays down for 64-bit little-endian machines, the same on x86-64 and arm64 and whatever the C library:
// include/uapi/asm-generic/socket.h, include/linux/socket.h, include/uapi/linux/{in,in6,udp}.h of the kernel.

/** Numbers of system calls differ by architecture: arch/x86/entry/syscalls/syscall_64.tbl, asm-generic/unistd.h. */
export interface SystemCallNumbers {
  readonly recvmmsg: number;
  readonly sendmmsg: number;
}

/** By `process.arch`. */
export const SYSTEM_CALLS: ReadonlyMap<string, SystemCallNumbers> = new Map([
  ["x64", { recvmmsg: 299, sendmmsg: 307 }],
  ["arm64", { recvmmsg: 243, sendmmsg: 269 }],
]);

export const AF_INET = 2;
export const AF_INET6 = 10;
export const SOCK_DGRAM = 2;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;

export const SOL_SOCKET = 1;
export const SO_REUSEADDR = 2;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_REUSEPORT = 15;
/** A control message with the time of arrival comes with each datagram; also that message's type. */
export const SO_TIMESTAMPNS = 35;
export const CLOCK_REALTIME = 0;
export const IPPROTO_IP = 0;
export const IP_MTU_DISCOVER = 10;
export const IPPROTO_IPV6 = 41;
export const IPV6_MTU_DISCOVER = 23;
/**
 * Value of both: the bit DF is set, and only the own interface's MTU bounds a datagram, not what ICMP messages said
 * (IP_PMTUDISC_PROBE, IPV6_PMTUDISC_PROBE; man 7 ip).
 */
export const PMTUDISC_PROBE = 3;
export const IPV6_V6ONLY = 26;
/**
 * A control message with the local address comes with each datagram, and may go with one that is sent; the option and
 * its message have one number in IPv4 (man 7 ip), two in IPv6 (RFC 3542 section 6). An IPv6 socket has the latter for
 * IPv4 as well, mapped.
 */
export const IP_PKTINFO = 8;
export const IPV6_RECVPKTINFO = 49;
export const IPV6_PKTINFO = 50;
export const SOL_UDP = 17;
/** From Linux 4.18 on: a datagram that the kernel cuts into segments of a size. */
export const UDP_SEGMENT = 103;

/** A datagram was larger than its buffer. */
export const MSG_TRUNC = 0x20;

/** bytes. struct sockaddr_in. */
export const SOCKADDR_IN_BYTES = 16;
/** bytes. struct sockaddr_in6. */
export const SOCKADDR_IN6_BYTES = 28;
/** words of 4 bytes. Room for either, a multiple of 8 bytes. */
export const SOCKADDR_WORDS = 8;

/** words of 4 bytes. struct mmsghdr: a struct msghdr of 56 bytes, then msg_len, then padding. */
export const MMSGHDR_WORDS = 16;
/** words. Places in it; pointers and sizes take two. */
export const MMSGHDR = {
  name: 0,
  nameBytes: 2,
  iov: 4,
  iovCount: 6,
  control: 8,
  controlBytes: 10,
  flags: 12,
  length: 14,
} as const;

/** words of 4 bytes. struct iovec: base, then length, of 8 bytes each. */
export const IOVEC_WORDS = 4;

/**
 * A control message with a struct timespec (16 bytes). Places of its words, each of which takes two, of which the
 * second is 0 until the year 2106.
 */
export const STAMP = { space: 32, seconds: 4, nanoseconds: 6 } as const;

/** bytes. struct cmsghdr: size_t length, int level, int type; what follows begins at a multiple of 8. */
export const CMSG_BYTES = 16;
/** words of 4 bytes. Places in a control message. */
export const CMSG = { bytes: 0, level: 2, type: 3, data: 4 } as const;

/** bytes. CMSG_LEN and CMSG_SPACE of a control message with a segment's size, 2 bytes. */
export const SEGMENT_CONTROL = { bytes: 18, space: 24 } as const;
/** The same of struct in_pktinfo: int interface, struct in_addr local, struct in_addr of the header. */
export const IN_PKTINFO = { bytes: 28, space: 32, address: 5 } as const;
/** The same of struct in6_pktinfo: struct in6_addr, int interface. */
export const IN6_PKTINFO = { bytes: 36, space: 40, address: 4 } as const;
