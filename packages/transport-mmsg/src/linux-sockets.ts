import { getSystemErrorName } from "node:util";
import type { Koffi } from "./koffi.js";
import {
  AF_INET,
  AF_INET6,
  CLOCK_REALTIME,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCKADDR_IN6_BYTES,
  SOCKADDR_IN_BYTES,
  SOCKADDR_WORDS,
  type SystemCallNumbers,
} from "./linux-abi.js";
import { NativeMemory } from "./native-memory.js";

/** bytes. Longest interface name with its zero (IFNAMSIZ). */
const INTERFACE_NAME_BYTES = 16;
/** byte. Where the scratch memory has its length of an address or an option, after the address itself. */
const LENGTH_AT = 32;
/** byte. Where the scratch memory has the value of an option. */
const VALUE_AT = 40;
const SCRATCH_BYTES = 64;

/** An error of the system, as Node makes them: `code` is such as "EADDRINUSE". */
export function systemCallError(errno: number, call: string): Error {
  const code = getSystemErrorName(-errno);
  return Object.assign(new Error(`${call} ${code}`), { code, errno: -errno, syscall: call });
}

/**
 * The socket calls of Linux. The batched ones are made as system calls: musl's sendmmsg is a loop over sendmsg, as
 * musl's struct msghdr is not the kernel's. The others take plain values and are the C library's.
 */
export class LinuxSockets {
  readonly koffi: Koffi;
  readonly #numbers: SystemCallNumbers;
  readonly #scratch: NativeMemory;
  readonly #words: Uint32Array;
  readonly #calls: ReturnType<typeof bindCalls>;

  /** Throws Error where koffi or the C library lacks something. */
  constructor(koffi: Koffi, numbers: SystemCallNumbers) {
    this.koffi = koffi;
    this.#numbers = numbers;
    this.#calls = bindCalls(koffi);
    this.#scratch = new NativeMemory(koffi, SCRATCH_BYTES);
    this.#words = this.#scratch.words(0, SCRATCH_BYTES / 4);
  }

  /** A UDP socket that does not block and is not inherited by child processes. Throws an error of the system. */
  open(family: 4 | 6): number {
    const domain = family === 4 ? AF_INET : AF_INET6;
    return this.#check("socket", this.#calls.socket(domain, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  }

  /** Binds to the struct sockaddr in `words`. Throws an error of the system. */
  bind(fd: number, words: Uint32Array, family: 4 | 6): void {
    this.#words.set(words.subarray(0, SOCKADDR_WORDS));
    this.#check("bind", this.#calls.bind(fd, this.#scratch.address, addressBytes(family)));
  }

  /** The local address, as the words of a struct sockaddr, valid until the next call. Throws an error of the system. */
  localAddress(fd: number): Uint32Array {
    this.#words[LENGTH_AT / 4] = SOCKADDR_WORDS * 4;
    this.#check("getsockname", this.#calls.getsockname(fd, this.#scratch.address, this.#scratch.address + LENGTH_AT));
    return this.#words.subarray(0, SOCKADDR_WORDS);
  }

  /** Reads the clock that datagrams are stamped by, in words: seconds, then nanoseconds. False where it cannot. */
  readStampClock(): boolean {
    return this.#calls.clock_gettime(CLOCK_REALTIME, this.#scratch.address + VALUE_AT) === 0;
  }

  /** Seconds of the clock as read last. */
  get stampSeconds(): number {
    return this.#words[VALUE_AT / 4] as number;
  }

  get stampNanoseconds(): number {
    return this.#words[VALUE_AT / 4 + 2] as number;
  }

  /** Sets an option with an int; false and `lastError` where the system refuses. */
  trySetOption(fd: number, level: number, option: number, value: number): boolean {
    this.#words[VALUE_AT / 4] = value;
    return this.#calls.setsockopt(fd, level, option, this.#scratch.address + VALUE_AT, 4) === 0;
  }

  /** Sets an option with an int. Throws an error of the system. */
  setOption(fd: number, level: number, option: number, value: number): void {
    if (!this.trySetOption(fd, level, option, value)) throw systemCallError(this.lastError, "setsockopt");
  }

  /** An option's int. Throws an error of the system. */
  option(fd: number, level: number, option: number): number {
    const { address } = this.#scratch;
    this.#words[LENGTH_AT / 4] = 4;
    this.#check("getsockopt", this.#calls.getsockopt(fd, level, option, address + VALUE_AT, address + LENGTH_AT));
    return (this.#words[VALUE_AT / 4] as number) | 0;
  }

  /** Receives up to `count` datagrams into the struct mmsghdr at `headers`; how many, or -1 and `lastError`. */
  receive(fd: number, headers: number, count: number): number {
    return this.#calls.syscall(this.#numbers.recvmmsg, fd, headers, count, 0, 0);
  }

  /** Sends up to `count` datagrams from the struct mmsghdr at `headers`; how many, or -1 and `lastError`. */
  send(fd: number, headers: number, count: number): number {
    return this.#calls.syscall(this.#numbers.sendmmsg, fd, headers, count, 0, 0);
  }

  /** The number of an interface, 0 where there is none of this name. */
  interfaceIndex(name: string): number {
    return this.#calls.if_nametoindex(name);
  }

  /** The name of an interface; undefined where there is none of this number. */
  interfaceName(index: number): string | undefined {
    if (this.#calls.if_indextoname(index, this.#scratch.address) === 0) return undefined;
    const bytes = new Uint8Array(this.#scratch.buffer, 0, INTERFACE_NAME_BYTES);
    const end = bytes.indexOf(0);
    return String.fromCharCode(...bytes.subarray(0, end < 0 ? bytes.length : end));
  }

  /** Never fails on Linux but for a descriptor that is none: close(2) frees it whatever it answers. */
  close(fd: number): void {
    this.#calls.close(fd);
  }

  /** errno of the last call that failed; call it before any other. */
  get lastError(): number {
    return this.koffi.errno();
  }

  #check(call: string, result: number): number {
    if (result >= 0) return result;
    throw systemCallError(this.lastError, call);
  }
}

function addressBytes(family: 4 | 6): number {
  return family === 4 ? SOCKADDR_IN_BYTES : SOCKADDR_IN6_BYTES;
}

/** Pointers go as numbers: one conversion less for each call than with BigInt. */
function bindCalls(koffi: Koffi) {
  const library = koffi.load(null);
  const pointer = "uintptr_t";
  return {
    socket: library.func("socket", "int", ["int", "int", "int"]),
    bind: library.func("bind", "int", ["int", pointer, "uint32_t"]),
    getsockname: library.func("getsockname", "int", ["int", pointer, pointer]),
    setsockopt: library.func("setsockopt", "int", ["int", "int", "int", pointer, "uint32_t"]),
    getsockopt: library.func("getsockopt", "int", ["int", "int", "int", pointer, pointer]),
    close: library.func("close", "int", ["int"]),
    clock_gettime: library.func("clock_gettime", "int", ["int", pointer]),
    if_nametoindex: library.func("if_nametoindex", "uint32_t", ["str"]),
    if_indextoname: library.func("if_indextoname", pointer, ["uint32_t", pointer]),
    // Variadic in C; on both architectures such arguments go the way of fixed ones.
    syscall: library.func("syscall", "int64_t", ["int64_t", "int64_t", pointer, "int64_t", "int64_t", pointer]),
  };
}
