import { randomInt } from "node:crypto";
import { ARENA_PROTOCOL, World } from "@sortie-apps/arena";
import { createTokenAuthenticator } from "@sortie/tokens";
import { type Authenticate, createConsoleLogger, createServer, loadIdentity, type Logger, type Server } from "sortie";
import { BlockedFile } from "./blocked-file.js";
import { GameServer } from "./game-server.js";
import type { DemoServerOptions } from "./options.js";
import type { Reloadable } from "./reloads.js";
import { TokenAccess } from "./token-access.js";

/** What the server knows of a player; nothing where players come without tokens. */
export interface Visitor {
  readonly name: string;
}

export interface Arena {
  readonly server: Server<Visitor | undefined>;
  readonly game: GameServer;
  readonly logger: Logger;
  /** What is read again on SIGHUP, but key and certificate. */
  readonly reloadables: readonly Reloadable[];
  /** Whether players would be let in. */
  readonly isReady: () => boolean;
}

/**
 * A server whose events go to the game, and the game. Rejects for files and options that are no good.
 * @param ended ends what is loaded beside the game
 */
export async function createArena(
  options: DemoServerOptions,
  { ended, logger = loggerOf(options) }: { readonly ended: AbortSignal; readonly logger?: Logger },
): Promise<Arena> {
  const { port, host, key, certificate, tickRate, maxPeers, seed, tokenKeys, audience } = options;
  const world = new World({ seed: seed ?? randomInt(2 ** 32), maxPlayers: maxPeers });
  const tokens = tokenKeys === undefined ? undefined : new TokenAccess(tokenKeys, audience, { logger, ended });
  const authenticate = tokens === undefined ? undefined : authenticatorOf(tokens);
  const identity =
    key === undefined ? undefined : await loadIdentity(key, certificate === undefined ? {} : { certificate });
  const server = createServer<Visitor | undefined>({
    protocol: ARENA_PROTOCOL,
    port,
    tickRate,
    maxPeers,
    logger,
    ...(host === undefined ? {} : { host }),
    ...(identity === undefined ? {} : { identity }),
    ...(authenticate === undefined ? {} : { authenticate }),
  });
  const game = new GameServer({ world, broadcast: (payload, route) => server.broadcast(payload, route) });
  server.on("connect", (peer) => game.join(peer));
  server.on("message", (peer, message) => game.receive(peer.id, message));
  server.on("disconnect", (peer) => game.leave(peer.id));
  server.on("tick", ({ tick, deltaMs }) => game.step(tick, deltaMs));
  const reloadables: Reloadable[] = [];
  if (tokens !== undefined) {
    await tokens.begin();
    reloadables.push({ what: "the keys for tokens", source: tokens.source, reload: () => tokens.reload() });
  }
  if (options.blocked !== undefined) {
    const file = new BlockedFile(options.blocked, server);
    await file.load();
    reloadables.push({ what: "the blocked addresses", source: file.path, reload: () => file.load() });
  }
  return { server, game, logger, reloadables, isReady: () => tokens?.isReady !== false };
}

function loggerOf({ log: level, logJson: json = false }: DemoServerOptions): Logger {
  return createConsoleLogger({ level, json });
}

/** Lets in who brings a token of the backend. */
function authenticatorOf({ verifier }: TokenAccess): Authenticate<Visitor | undefined> {
  return createTokenAuthenticator<Visitor | undefined>({ verifier, data: ({ subject }) => ({ name: subject }) });
}
