import { constants } from "node:os";
import { SocketAddress } from "@sortie/transport";
import { IOVEC_WORDS, MMSGHDR, MMSGHDR_WORDS, SOCKADDR_IN_BYTES, SOCKADDR_WORDS } from "./linux-abi.js";
import { type LinuxSockets, systemCallError } from "./linux-sockets.js";
import { NativeMemory, writePointer } from "./native-memory.js";
import { sockaddrBuffer, SockaddrCodec, SockaddrParts } from "./sockaddr.js";

/** bytes of the datagram that is sent for a try. */
const PROBE_BYTES = 5;
const MEMORY_BYTES = 256;
const WORD = 4;

/**
 * Tries everything once before anything depends on it: a datagram goes through the kernel to the same socket by
 * sendmmsg and recvmmsg, and a poll handle watches and stops. A sandbox that forbids a call (seccomp), a libc or a
 * koffi that differs shows here, not in a game. Throws Error with what differed.
 */
export function checkSystem(sockets: LinuxSockets, tryPoll: (fd: number) => void): void {
  const fd = sockets.open(4);
  try {
    const codec = new SockaddrCodec(sockets);
    const name = sockaddrBuffer();
    codec.write(name, 0, 4, SocketAddress.parse("127.0.0.1", 0));
    sockets.bind(fd, name, 4);
    const local = sockets.localAddress(fd).slice();
    tryPoll(fd);
    exchange(sockets, fd, local);
  } finally {
    sockets.close(fd);
  }
}

/** One header that finds nothing, sends, then receives: content, length and source must be those that were sent. */
function exchange(sockets: LinuxSockets, fd: number, local: Uint32Array): void {
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
  words[MMSGHDR.nameBytes] = SOCKADDR_IN_BYTES;
  writePointer(words, MMSGHDR.iov, memory.address + vectorAt * WORD);
  writePointer(words, MMSGHDR.iovCount, 1);
  writePointer(words, vectorAt, memory.address + sentAt * WORD);
  words[vectorAt + 2] = PROBE_BYTES;
  const empty = sockets.receive(fd, memory.address, 1);
  expectSame("recvmmsg of an empty socket", empty < 0 ? -sockets.lastError : empty, -constants.errno.EAGAIN);
  words[MMSGHDR.nameBytes] = SOCKADDR_IN_BYTES;
  if (sockets.send(fd, memory.address, 1) !== 1) throw notPassed(sockets.lastError, "sendmmsg");
  words.fill(0, nameAt, vectorAt);
  words[MMSGHDR.length] = 0;
  writePointer(words, vectorAt, memory.address + receivedAt * WORD);
  if (sockets.receive(fd, memory.address, 1) !== 1) throw notPassed(sockets.lastError, "recvmmsg");
  expectSame("length of the datagram", words[MMSGHDR.length], PROBE_BYTES);
  for (let i = 0; i < PROBE_BYTES; i++) {
    expectSame(`byte ${i} of the datagram`, bytes[receivedAt * WORD + i], bytes[sentAt * WORD + i]);
  }
  const [source, target] = [new SockaddrParts(), new SockaddrParts()];
  source.read(words, nameAt);
  target.read(local, 0);
  expectSame("source address", source.d, target.d);
  expectSame("source port", source.port, target.port);
}

/** The calls are there, but the datagram did not come: that the interface is down is likelier than anything else. */
function notPassed(errno: number, call: string): Error {
  const { message } = systemCallError(errno, call);
  return new Error(`a datagram to 127.0.0.1 did not pass the loopback interface, is "lo" up? (${message})`);
}

function expectSame(what: string, actual: number | undefined, expected: number | undefined): void {
  if (actual !== expected) throw new Error(`${what}: expected ${expected}, got ${actual}`);
}
