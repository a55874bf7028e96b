import type { Peer, Server } from "@sortie/server";

/** A peer of any application. */
export type ObservedPeer = Peer<unknown>;

/** The part of a server that metrics read, and that the dashboard's actions use: every `Server` has it. */
export type ObservedServer = Pick<
  Server<unknown>,
  "stats" | "peers" | "address" | "on" | "off" | "block" | "unblock" | "blocked"
>;
