import type { ClaimVerdict, MoveVerdict, ShotVerdict } from "@sortie-apps/arena";

/** What the game has taken and refused since it began. */
export interface GameCounters {
  joins: number;
  leaves: number;
  readonly moves: Record<MoveVerdict, number>;
  readonly shots: Record<ShotVerdict, number>;
  readonly claims: Record<ClaimVerdict, number>;
  readonly chat: { accepted: number; "too-many": number };
  /** Messages that were none, or came by the wrong route. */
  malformed: number;
  /** Messages whose number had come before: never, unless a client lies or Sortie fails. */
  duplicates: number;
  /** Audits answered with all there, and with something missing or doubled. */
  readonly audits: { complete: number; incomplete: number };
  /** Peers that were sent away because they did not keep up or sent what is no message. */
  expelled: number;
}

export function createGameCounters(): GameCounters {
  return {
    joins: 0,
    leaves: 0,
    moves: { accepted: 0, outdated: 0, stale: 0, "too-many": 0, "out-of-bounds": 0, "too-fast": 0 },
    shots: { fired: 0, dead: 0, "rate-of-fire": 0, "sky-full": 0 },
    claims: { granted: 0, gone: 0, "too-far": 0, dead: 0, "too-many": 0, "no-such-pickup": 0 },
    chat: { accepted: 0, "too-many": 0 },
    malformed: 0,
    duplicates: 0,
    audits: { complete: 0, incomplete: 0 },
    expelled: 0,
  };
}

/** Everything that was against the rules. Being late, dead or too slow is not. */
export function refusedCount({ moves, shots, claims, chat, malformed }: GameCounters): number {
  const refusedMoves = moves.stale + moves["too-many"] + moves["out-of-bounds"] + moves["too-fast"];
  const refusedShots = shots["rate-of-fire"] + shots["sky-full"];
  const refusedClaims = claims["too-far"] + claims["too-many"] + claims["no-such-pickup"];
  return refusedMoves + refusedShots + refusedClaims + chat["too-many"] + malformed;
}
