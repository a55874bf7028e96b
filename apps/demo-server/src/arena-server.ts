import { randomInt } from "node:crypto";
import { ARENA_PROTOCOL, World } from "@sortie-apps/arena";
import { createTokenAuthenticator } from "@sortie/tokens";
import { createConsoleLogger, createServer, loadIdentity, type Logger, type Server } from "sortie";
import { GameServer } from "./game-server.js";
import type { DemoServerOptions } from "./options.js";
import { tokenKeySource } from "./token-keys.js";

/** What the server knows of a player; nothing where players come without tokens. */
export interface Visitor {
  readonly name: string;
}

export interface Arena {
  readonly server: Server<Visitor | undefined>;
  readonly game: GameServer;
  readonly logger: Logger;
}

/** A server whose events go to the game, and the game. Rejects for files and options that are no good. */
export async function createArena(options: DemoServerOptions, logger: Logger = loggerOf(options)): Promise<Arena> {
  const { port, host, key, certificate, tickRate, maxPeers, seed } = options;
  const world = new World({ seed: seed ?? randomInt(2 ** 32), maxPlayers: maxPeers });
  const authenticate = authenticatorOf(options, logger);
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
  return { server, game, logger };
}

function loggerOf({ log: level, logJson: json = false }: DemoServerOptions): Logger {
  return createConsoleLogger({ level, json });
}

/** Lets in who brings a token of the backend, or everybody. */
function authenticatorOf(
  { tokenKeys, audience }: DemoServerOptions,
  logger: Logger,
): ReturnType<typeof createTokenAuthenticator<Visitor | undefined>> | undefined {
  if (tokenKeys === undefined) return undefined;
  return createTokenAuthenticator<Visitor | undefined>({
    keys: tokenKeySource(tokenKeys),
    protocol: ARENA_PROTOCOL,
    audience,
    data: ({ subject }) => ({ name: subject }),
    onError: (error) => logger.error({ err: error }, "the keys for tokens could not be loaded"),
  });
}
