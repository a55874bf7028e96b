import type { SendOptions } from "@sortie/reliability";
import { Peer } from "./peer.js";

/** To whom, besides the options of each message. */
export interface BroadcastOptions<Data> extends SendOptions {
  /** This peer only, or these. Default: all. */
  readonly to?: Peer<Data> | Iterable<Peer<Data>>;
  /** But not this one, or these. */
  readonly except?: Peer<Data> | Iterable<Peer<Data>>;
}

/** The peers that an option names. Throws TypeError for what is neither a peer nor a collection. */
export function peersOf<Data>(label: "to" | "except", given: Peer<Data> | Iterable<Peer<Data>>): Iterable<Peer<Data>> {
  if (given instanceof Peer) return [given];
  if (typeof given === "object" && given !== null && Symbol.iterator in given) return given;
  const got = given === null ? "null" : typeof given;
  throw new TypeError(`"${label}" expected a peer or an iterable of peers, got ${got}`);
}
