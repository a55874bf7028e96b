import { constants } from "node:os";
import { SocketAddress } from "@sortie/transport";
import {
  IOVEC_WORDS,
  MMSGHDR,
  MMSGHDR_WORDS,
  SOCKADDR_IN6_BYTES,
  SOCKADDR_IN_BYTES,
  SOCKADDR_WORDS,
} from "./linux-abi.js";
import { type LinuxSockets, systemCallError } from "./linux-sockets.js";
import { NativeMemory, writePointer } from "./native-memory.js";
import { sockaddrBuffer, SockaddrCodec, SockaddrParts } from "./sockaddr.js";

/** bytes of the datagram that is sent for a try. */
const PROBE_BYTES = 5;
const MEMORY_BYTES = 256;
const WORD = 4;
/** A machine may have either without the other. */
const LOOPBACKS = { 4: "127.0.0.1", 6: "::1" } as const;
/** What opening and binding fail with where a family of addresses is not there. Other failures are those of a call. */
const NOT_THERE: readonly unknown[] = ["EADDRNOTAVAIL", "EAFNOSUPPORT"];

/**
 * Tries everything once before anything depends on it: a datagram goes through the kernel to the same socket by
 * sendmmsg and recvmmsg, and a poll handle watches and stops. A sandbox that forbids a call (seccomp), a libc or a
 * koffi that differs shows here, not in a game. By IPv6 where there is no IPv4. Throws Error with what differed.
 */
export function checkSystem(sockets: LinuxSockets, tryPoll: (fd: number) => void): void {
  try {
    return checkFamily(sockets, 4, tryPoll);
  } catch (error) {
    if (!isNotThere(error)) throw error;
  }
  try {
    checkFamily(sockets, 6, tryPoll);
  } catch (error) {
    if (!isNotThere(error)) throw error;
    throw new Error(`neither 127.0.0.1 nor ::1 is there, is "lo" up? (${(error as Error).message})`);
  }
}

function isNotThere(error: unknown): boolean {
  return NOT_THERE.includes((error as { code?: unknown } | null)?.code);
}

function checkFamily(sockets: LinuxSockets, family: 4 | 6, tryPoll: (fd: number) => void): void {
  const fd = sockets.open(family);
  try {
    const codec = new SockaddrCodec(sockets);
    const name = sockaddrBuffer();
    codec.write(name, 0, family, SocketAddress.parse(LOOPBACKS[family], 0));
    sockets.bind(fd, name, family);
    const local = sockets.localAddress(fd).slice();
    tryPoll(fd);
    exchange(sockets, fd, family, local);
  } finally {
    sockets.close(fd);
  }
}

/** One header that finds nothing, sends, then receives: content, length and source must be those that were sent. */
function exchange(sockets: LinuxSockets, fd: number, family: 4 | 6, local: Uint32Array): void {
  const nameBytes = family === 4 ? SOCKADDR_IN_BYTES : SOCKADDR_IN6_BYTES;
  const memory = new NativeMemory(sockets.koffi, MEMORY_BYTES);
  const words = memory.words(0, MEMORY_BYTES / WORD);
  const nameAt = MMSGHDR_WORDS;
  const vectorAt = nameAt + SOCKADDR_WORDS;
  const sentAt = vectorAt + IOVEC_WORDS;
  const receivedAt = sentAt + 2;
  const bytes = new Uint8Array(memory.buffer);
  bytes.set([115, 111, 114, 116, 105], sentAt * WORD);
  words.set(local, nameAt);
  writePointer(words, MMSGHDR.name, memory.address + nameAt * WORD);
  words[MMSGHDR.nameBytes] = nameBytes;
  writePointer(words, MMSGHDR.iov, memory.address + vectorAt * WORD);
  writePointer(words, MMSGHDR.iovCount, 1);
  writePointer(words, vectorAt, memory.address + sentAt * WORD);
  words[vectorAt + 2] = PROBE_BYTES;
  const empty = sockets.receive(fd, memory.address, 1);
  expectSame("recvmmsg of an empty socket", empty < 0 ? -sockets.lastError : empty, -constants.errno.EAGAIN);
  words[MMSGHDR.nameBytes] = nameBytes;
  if (sockets.send(fd, memory.address, 1) !== 1) throw notPassed(family, sockets.lastError, "sendmmsg");
  words.fill(0, nameAt, vectorAt);
  words[MMSGHDR.length] = 0;
  writePointer(words, vectorAt, memory.address + receivedAt * WORD);
  if (sockets.receive(fd, memory.address, 1) !== 1) throw notPassed(family, sockets.lastError, "recvmmsg");
  expectSame("length of the datagram", words[MMSGHDR.length], PROBE_BYTES);
  for (let i = 0; i < PROBE_BYTES; i++) {
    expectSame(`byte ${i} of the datagram`, bytes[receivedAt * WORD + i], bytes[sentAt * WORD + i]);
  }
  const [source, target] = [new SockaddrParts(), new SockaddrParts()];
  source.read(words, nameAt);
  target.read(local, 0);
  for (const word of ["a", "b", "c", "d"] as const) expectSame("source address", source[word], target[word]);
  expectSame("source port", source.port, target.port);
}

/** The calls are there, but the datagram did not come: that the interface is down is likelier than anything else. */
function notPassed(family: 4 | 6, errno: number, call: string): Error {
  const { message } = systemCallError(errno, call);
  return new Error(`a datagram to ${LOOPBACKS[family]} did not pass the loopback interface, is "lo" up? (${message})`);
}

function expectSame(what: string, actual: number | undefined, expected: number | undefined): void {
  if (actual !== expected) throw new Error(`${what}: expected ${expected}, got ${actual}`);
}
