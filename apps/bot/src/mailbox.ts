import {
  type AuditReplyMessage,
  byRoute,
  LOSSLESS_ROUTES,
  type ReceivedCounts,
  type Route,
  ROUTES,
  routeTaken,
  type SentCounts,
  SequenceLedger,
  type ServerMessage,
} from "@sortie-apps/arena";

/** What became of a message, as Sortie's receipt tells. */
export type Outcome = "acked" | "expired" | "dropped" | "closed";

/** How many messages came to each end. */
export type OutcomeCounts = Record<Outcome, number>;

/** What a bot needs of a connection: Sortie's client. */
export interface BotLink {
  send(
    payload: Uint8Array,
    options: (typeof ROUTES)[Route],
  ): { readonly accepted: boolean; readonly outcome: Promise<Outcome> };
}

/**
 * The books of one bot: numbers what it sends, follows what became of it, and records what comes in, so that an audit
 * can compare both ends.
 */
export class Mailbox {
  /** Messages sent; on each route also the number of the next one. */
  readonly sent: SentCounts = byRoute(() => 0);
  readonly outcomes: Record<Route, OutcomeCounts> = byRoute(() => ({ acked: 0, expired: 0, dropped: 0, closed: 0 }));
  /** Sends that the connection refused; their numbers were given to the next. */
  refused = 0;
  /** Messages that came by another route than theirs. */
  misrouted = 0;
  private readonly link: BotLink;
  private readonly ledgers: Record<Route, SequenceLedger> = byRoute(() => new SequenceLedger());
  private readonly tracers: SequenceLedger = new SequenceLedger();
  /** Made with the first snapshot: ticks began before this bot came. */
  private snapshots: SequenceLedger | undefined;

  constructor(link: BotLink) {
    this.link = link;
  }

  /** Sends a message that carries the number `sent[route]`. False when the connection refused it. */
  send(route: Route, message: Uint8Array): boolean {
    const receipt = this.link.send(message, ROUTES[route]);
    if (!receipt.accepted) {
      this.refused++;
      return false;
    }
    this.sent[route]++;
    const counts = this.outcomes[route];
    void receipt.outcome.then((outcome) => {
      counts[outcome]++;
    });
    return true;
  }

  /** Books what came in. False when it is a duplicate or came by the wrong route, and is to be left alone. */
  record(message: ServerMessage, delivery: string, channel: number): boolean {
    const route = routeTaken(message, delivery, channel);
    if (route === undefined) {
      this.misrouted++;
      return false;
    }
    return this.ledgerOf(message, route).record(numberOf(message)) !== "duplicate";
  }

  /** Whether every message on the lossless routes that the server says it has sent has come. */
  hasAll(sent: SentCounts): boolean {
    return LOSSLESS_ROUTES.every((route) => this.ledgers[route].missingBelow(sent[route]) === 0);
  }

  /** What has come of that which the server says it had sent with its reply. */
  received(reply: AuditReplyMessage): ReceivedCounts {
    const { effects, states, shots, events, notices } = this.ledgers;
    const lossy = (ledger: SequenceLedger, sent: number, extra?: SequenceLedger): ReceivedCounts[Route] => {
      // What was sent after the reply may be here already.
      const distinct = Math.min(sent, ledger.distinct + (extra?.distinct ?? 0));
      const duplicates = ledger.duplicates + (extra?.duplicates ?? 0);
      return { distinct, duplicates, late: ledger.late + (extra?.late ?? 0), missing: sent - distinct };
    };
    const lossless = (ledger: SequenceLedger, sent: number): ReceivedCounts[Route] => {
      const missing = ledger.missingBelow(sent);
      return { distinct: sent - missing, duplicates: ledger.duplicates, late: ledger.late, missing };
    };
    return {
      effects: lossy(effects, reply.sent.effects, this.tracers),
      states: lossy(this.snapshots ?? states, reply.sent.states),
      shots: lossy(shots, reply.sent.shots),
      events: lossless(events, reply.sent.events),
      notices: lossless(notices, reply.sent.notices),
    };
  }

  private ledgerOf(message: ServerMessage, route: Route): SequenceLedger {
    if (message.type === "tracers") return this.tracers;
    if (message.type === "snapshot") return (this.snapshots ??= new SequenceLedger(message.tick));
    return this.ledgers[route];
  }
}

function numberOf(message: ServerMessage): number {
  return message.type === "snapshot" || message.type === "tracers" ? message.tick : message.number;
}
