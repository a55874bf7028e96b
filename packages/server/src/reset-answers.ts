import type { DropReason } from "@sortie/connection";
import type { CryptoProvider, Identity } from "@sortie/handshake";
import { TokenBucket } from "@sortie/reliability";
import type { SocketAddress } from "@sortie/transport";
import { isLegalProtectedFlags, readConnectionId } from "@sortie/wire";
import type { ReplyQueue } from "./reply-queue.js";
import { StatelessReset } from "./stateless-reset.js";

/** Stateless resets per second, for the whole server. */
const RESETS_PER_SECOND = 100;

/** What a server answers to packets of connections that it does not know: resets, and not many of them. */
export class ResetAnswers {
  private readonly crypto: CryptoProvider;
  private readonly replies: ReplyQueue;
  private readonly onFault: ((error: unknown) => void) | undefined;
  private readonly budget = new TokenBucket(RESETS_PER_SECOND, RESETS_PER_SECOND);
  private reset: StatelessReset;

  /** @param onFault takes what the crypto provider throws; there is no connection that it would concern */
  constructor(
    crypto: CryptoProvider,
    identity: Identity,
    replies: ReplyQueue,
    onFault: ((error: unknown) => void) | undefined,
  ) {
    this.crypto = crypto;
    this.replies = replies;
    this.onFault = onFault;
    this.reset = new StatelessReset(crypto, identity);
  }

  /**
   * Tokens are this identity's from now on: a server that restarts knows no other. Those given out before hold no
   * longer; their clients learn of a restart by their idle timeout. Throws RangeError for a key pair that is none.
   */
  setIdentity(identity: Identity): void {
    this.reset = new StatelessReset(this.crypto, identity);
  }

  token(connectionId: number, address16: Uint8Array): Uint8Array {
    return this.reset.token(connectionId, address16);
  }

  /** Answers what may be a packet of a connection that there was; says why it is dropped. */
  answer(datagram: Uint8Array, from: SocketAddress, nowMs: number): DropReason {
    // No packet of this version: neither may it have the answers of those whose connections are gone.
    if (!isLegalProtectedFlags(datagram[0] as number)) return "unknown-type";
    this.reply(datagram, from, nowMs);
    return "unknown-connection";
  }

  private reply(datagram: Uint8Array, from: SocketAddress, nowMs: number): void {
    const { replies, budget } = this;
    if (replies.isFull || budget.available(nowMs) < 1) return;
    try {
      const length = this.reset.write(replies.reserve(), readConnectionId(datagram), from.bytes, datagram.length);
      if (length === 0) return;
      budget.take(1, nowMs);
      replies.commit(length, from);
    } catch (error) {
      budget.take(1, nowMs); // what is told is bounded as well
      this.onFault?.(error);
    }
  }
}
