import {
  byRoute,
  LOSSLESS_ROUTES,
  type Player,
  type ReceivedCounts,
  type Route,
  type ROUTES,
  type SentCounts,
  SequenceLedger,
} from "@sortie-apps/arena";

/** What the game needs of a receipt. */
export interface GameReceipt {
  readonly accepted: boolean;
  readonly refusal: string | undefined;
}

/** What the game needs of one of Sortie's peers. */
export interface GamePeer {
  /** Unique for the server's life. */
  readonly id: number;
  /** Copies the payload. Refused with "queue-full": the peer does not keep up. */
  send(payload: Uint8Array, options: (typeof ROUTES)[Route]): GameReceipt;
  disconnect(reason?: string): void;
}

/** A client's question what has come of its messages, waiting for stragglers. */
interface PendingAudit {
  readonly sent: SentCounts;
  readonly deadlineMs: number;
}

/** A peer's place in the game: its player, and the books of what went to and came from it. */
export class Seat {
  readonly peer: GamePeer;
  readonly player: Player;
  /** Messages sent to this peer; on a numbered route, the number of the next one. */
  readonly sent: SentCounts = byRoute(() => 0);
  /** What came from this peer. */
  readonly ledgers: Record<Route, SequenceLedger> = byRoute(() => new SequenceLedger());
  pendingAudit: PendingAudit | undefined = undefined;
  /** Messages that were none, or came by the wrong route. */
  malformed = 0;
  /** The peer is to be sent away: nothing is sent to it or taken from it any more. */
  isExpelled = false;

  constructor(peer: GamePeer, player: Player) {
    this.peer = peer;
    this.player = player;
  }

  /** What has come from this peer, measured by what it says it sent. */
  received(sent: SentCounts): ReceivedCounts {
    return byRoute((route) => {
      const { distinct, duplicates, late } = this.ledgers[route];
      return { distinct, duplicates, late, missing: this.ledgers[route].missingBelow(sent[route]) };
    });
  }

  /** Whether all that the peer says it sent has come, but for what may be lost. */
  hasAll(sent: SentCounts): boolean {
    return LOSSLESS_ROUTES.every((route) => this.ledgers[route].missingBelow(sent[route]) === 0);
  }
}
