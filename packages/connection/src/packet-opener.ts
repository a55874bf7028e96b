import { type PacketProtection, ReplayWindow } from "@sortie/handshake";
import {
  isLegalProtectedFlags,
  MAX_DATAGRAM_BYTES,
  MAX_PACKET_NUMBER,
  MIN_PROTECTED_BYTES,
  readTruncatedPacketNumber,
  recoverPacketNumber,
} from "@sortie/wire";
import type { DropReason } from "./drop-reason.js";

/** Packets a peer's number may leap ahead. No outage explains more: at 100,000 packets/s it is almost three minutes. */
export const MAX_PACKET_NUMBER_LEAP: number = 2 ** 24;

/**
 * From datagram to plaintext: header, packet number, replay window, tag. The window is asked before decryption and
 * moved only by `accept`, after the tag was verified.
 */
export class PacketOpener {
  packetNumber = -1;
  /** Bytes of plaintext of the packet opened last. */
  plaintextBytes = 0;
  /** Whether its number is the highest so far. */
  isNewest = false;
  private readonly window: ReplayWindow = new ReplayWindow();
  private readonly protection: PacketProtection;

  /** @param firstPacketNumber of the peer: 0, but in tests */
  constructor(protection: PacketProtection, firstPacketNumber: number) {
    this.protection = protection;
    if (firstPacketNumber > 0) this.window.accept(firstPacketNumber - 1);
  }

  open(datagram: Uint8Array, plaintext: Uint8Array, nowMs: number): DropReason | undefined {
    if (datagram.length < MIN_PROTECTED_BYTES) return "too-short";
    if (datagram.length > MAX_DATAGRAM_BYTES) return "too-long";
    if (!isLegalProtectedFlags(datagram[0] as number)) return "unknown-type";
    const { largest } = this.window;
    const packetNumber = recoverPacketNumber(largest, readTruncatedPacketNumber(datagram));
    if (packetNumber > MAX_PACKET_NUMBER) return "authentication-failed";
    const verdict = this.window.check(packetNumber);
    if (verdict !== "fresh") return verdict;
    const length = this.protection.open(datagram, packetNumber, plaintext, nowMs);
    if (length < 0) return "authentication-failed";
    this.packetNumber = packetNumber;
    this.plaintextBytes = length;
    this.isNewest = packetNumber > largest;
    return undefined;
  }

  /** Whether the packet opened last leaps absurdly far ahead of the one before. */
  get leaps(): boolean {
    return this.packetNumber - this.window.largest > MAX_PACKET_NUMBER_LEAP;
  }

  /** The packet opened last counts as received. */
  accept(): void {
    this.window.accept(this.packetNumber);
  }
}
