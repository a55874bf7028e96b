import type { PacketProtection, ReplayWindow } from "@sortie/handshake";
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

/** What is known of an authentic packet. */
interface OpenedPacket {
  packetNumber: number;
  plaintextBytes: number;
  /** Whether its number is the highest so far. */
  isNewest: boolean;
  /** The rule that it breaks, whatever it carries: an honest peer sends no such packet. */
  fault: string | undefined;
}

/**
 * The packet opened last, to be read before anything else is done. One for all connections: what is of use for a
 * moment only need not be fetched from each of a thousand objects.
 */
export const opened: OpenedPacket = { packetNumber: -1, plaintextBytes: 0, isNewest: false, fault: undefined };

/**
 * From datagram to plaintext: header, packet number, replay window, tag. Says why it failed; else `opened` is the
 * packet. The window is asked before decryption, and left as it is: it moves when the packet is accepted.
 */
export function openPacket(
  window: ReplayWindow,
  protection: PacketProtection,
  datagram: Uint8Array,
  plaintext: Uint8Array,
  nowMs: number,
): DropReason | undefined {
  if (datagram.length < MIN_PROTECTED_BYTES) return "too-short";
  if (datagram.length > MAX_DATAGRAM_BYTES) return "too-long";
  if (!isLegalProtectedFlags(datagram[0] as number)) return "unknown-type";
  const { largest } = window;
  const packetNumber = recoverPacketNumber(largest, readTruncatedPacketNumber(datagram));
  if (packetNumber > MAX_PACKET_NUMBER) return "authentication-failed";
  const verdict = window.check(packetNumber);
  if (verdict !== "fresh") return verdict;
  const length = protection.open(datagram, packetNumber, plaintext, nowMs);
  if (length < 0) return "authentication-failed";
  opened.packetNumber = packetNumber;
  opened.plaintextBytes = length;
  opened.isNewest = packetNumber > largest;
  opened.fault = undefined;
  if (packetNumber - largest > MAX_PACKET_NUMBER_LEAP) opened.fault = "packet number leaps too far";
  else if (protection.updatedTooSoon) opened.fault = "key update comes too soon";
  return undefined;
}

/**
 * Opens a packet that had come before, which the window therefore drops, to learn whether it is authentic. Its number,
 * or -1 when it is not; `opened` stays as it is.
 */
export function openAgain(
  window: ReplayWindow,
  protection: PacketProtection,
  datagram: Uint8Array,
  plaintext: Uint8Array,
  nowMs: number,
): number {
  const packetNumber = recoverPacketNumber(window.largest, readTruncatedPacketNumber(datagram));
  return protection.open(datagram, packetNumber, plaintext, nowMs) < 0 ? -1 : packetNumber;
}
