import { checkNames, containRejection, describeKind, describeValue, type OptionNames } from "@sortie/connection";
import type { SendOptions, SendReceipt } from "@sortie/reliability";
import { isPeerOf, Peer, type PeerHost } from "./peer.js";

/** What came of a broadcast for one peer. Of a method's type, so that a `Server<Player>` is a `Server` as well. */
type OnReceipt<Data> = { call(peer: Peer<Data>, receipt: SendReceipt): unknown }["call"];

/** To whom, and who hears what came of it, besides the options of each message. */
export interface BroadcastOptions<Data> extends SendOptions {
  /**
   * This peer only, or these, each once; those that have gone take nothing. Default: all. Left out, that is: undefined,
   * as of a lookup that found nobody, is a TypeError, and not sent to all.
   */
  readonly to?: Peer<Data> | Iterable<Peer<Data>>;
  /** But not this one, or these. Default, and undefined: nobody is left out. */
  readonly except?: Peer<Data> | Iterable<Peer<Data>> | undefined;
  /**
   * Called for each peer that is meant, once the message was sent to all and before `broadcast` returns, with what
   * `peer.send` would have returned: a refused receipt is a peer that does not get the message, also where that is
   * reliable. Exceptions and rejections are reported by "error" with the peer. Default: nobody.
   */
  readonly onReceipt?: OnReceipt<Data> | undefined;
}

const NAMES: OptionNames<BroadcastOptions<unknown>> = {
  delivery: true,
  channel: true,
  priority: true,
  expiresInMs: true,
  to: true,
  except: true,
  onReceipt: true,
};

/**
 * Throws TypeError for an option of another name, for `to` that is undefined, and for what is no object, a promise or
 * an array: it would be taken for one without options.
 */
export function checkBroadcastOptions(options: object): void {
  if (describeKind(options) !== "an object") {
    containRejection(options);
    throw new TypeError(`"options" expected an object, got ${describeValue(options)}`);
  }
  checkNames(options, NAMES, "options");
  // As of a peer that was looked up and has left: what was for him alone would go to everybody.
  if ("to" in options && options.to === undefined) {
    throw new TypeError('"to" expected a peer or peers, got undefined: leave it out to send to all');
  }
}

/** Throws TypeError for what is no function: nobody would hear of the peers that missed the message. */
export function checkOnReceipt(onReceipt: unknown): void {
  if (onReceipt === undefined || typeof onReceipt === "function") return;
  containRejection(onReceipt);
  throw new TypeError(`"onReceipt" expected a function, got ${describeValue(onReceipt)}`);
}

/**
 * The peers that an option names, each once. Throws TypeError for what is neither a peer nor a collection, and for a
 * collection with anything else in it than peers of the server that has this host: a message must neither go to some of
 * them before that shows, nor to those who were meant to be left out.
 */
export function peersOf<Data>(
  label: "to" | "except",
  given: Peer<Data> | Iterable<Peer<Data>>,
  host: PeerHost,
): Set<Peer<Data>> {
  const isCollection = typeof given === "object" && given !== null && Symbol.iterator in given;
  if (!isCollection && !(given instanceof Peer)) {
    containRejection(given);
    throw new TypeError(`"${label}" expected a peer or an iterable of peers, got ${nameOf(given)}`);
  }
  const peers = new Set(isCollection ? given : [given]);
  for (const peer of peers) {
    // A map, as `server.peers` is, gives arrays of two: its values are meant.
    if (!(peer instanceof Peer)) throw new TypeError(`"${label}" expected peers only, got ${nameOf(peer)} among them`);
    if (!isPeerOf(peer as Peer, host)) throw new TypeError(`"${label}" expected peers of this server, got another's`);
  }
  return peers;
}

function nameOf(value: unknown): string {
  return Array.isArray(value) ? "an array" : value === null ? "null" : typeof value;
}
