import type { Peer, Server } from "@sortie/server";

/** A peer; of any application, unless `Data` says what it carries. */
export type ObservedPeer<Data = unknown> = Peer<Data>;

/** The part of a server that metrics read, and that the dashboard's actions use: every `Server` has it. */
export type ObservedServer<Data = unknown> = Pick<
  Server<Data>,
  "stats" | "peers" | "address" | "on" | "off" | "block" | "unblock" | "blockedRanges" | "blockedCount"
>;
