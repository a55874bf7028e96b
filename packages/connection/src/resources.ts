import { checkedProvider, type CryptoProvider } from "@sortie/handshake";
import { ByteBudget } from "@sortie/reliability";
import { ByteWriter, MAX_DATAGRAM_BYTES, PacketFrames } from "@sortie/wire";
import { RandomPool } from "./random-pool.js";

/** bytes. Messages in reassembly in the whole process, unless told otherwise. */
export const DEFAULT_REASSEMBLY_BUDGET_BYTES: number = 256 * 1024 * 1024;

/**
 * What all connections of a process share, so that an idle peer costs little: provider, buffers that are used within
 * one call, the budget for reassembly.
 */
export interface ConnectionResources {
  readonly crypto: CryptoProvider;
  readonly random: RandomPool;
  readonly reassemblyBudget: ByteBudget;
  /** Plaintext of the packet at hand. */
  readonly plaintext: Uint8Array;
  readonly frames: PacketFrames;
  readonly writer: ByteWriter;
}

/** Throws TypeError for a provider whose AEADs do not encrypt; what it answers later is looked at each time. */
export function createResources(
  provider: CryptoProvider,
  reassemblyBudgetBytes: number = DEFAULT_REASSEMBLY_BUDGET_BYTES,
): ConnectionResources {
  const crypto = checkedProvider(provider);
  return {
    crypto,
    random: new RandomPool(crypto),
    reassemblyBudget: new ByteBudget(reassemblyBudgetBytes),
    plaintext: new Uint8Array(MAX_DATAGRAM_BYTES),
    frames: new PacketFrames(),
    writer: new ByteWriter(),
  };
}
