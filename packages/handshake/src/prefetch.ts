import { seen } from "@sortie/wire";
import type { PacketProtection } from "./packet-protection.js";

/** Levels of references below the protection that `prefetchProtection` knows. */
export const PROTECTION_LEVELS = 3;

/**
 * Reads what opening and sealing a packet need `level` references below the protection, 0..2, so that the processor
 * fetches it: see `prefetchEndpoint` of @sortie/reliability.
 *
 * @returns 0 or 1, so that the reading is not left out as of no use
 */
export function prefetchProtection(protection: PacketProtection, level: number): number {
  const [sendKeys, receiveKeys] = [protection["sendKeys"], protection["receiveKeys"]];
  if (level === 0) return seen(protection["sealed"] + protection["failedOpens"]);
  if (level === 1) return seen(sendKeys.generation + sendKeys.sealed + receiveKeys.generation);
  return typeof sendKeys.aead === "object" ? 0 : 1;
}
