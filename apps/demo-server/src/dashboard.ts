import { randomBytes } from "node:crypto";
import type { Arena } from "./arena-server.js";
import { readSmallFile } from "./small-file.js";

/** bytes. The longest token has 256 characters. */
const MAX_TOKEN_FILE_BYTES = 1024;

/** The dashboard's page while it is open. */
export interface Dashboard {
  /** With the token where that was made for this run: whoever has the link may kick and block. */
  readonly url: string;
  close(): Promise<void>;
}

/** Where the dashboard listens, and who may read it. */
export interface DashboardPlace {
  readonly port: number;
  readonly host: string;
  /** File with the bearer token; undefined: one is made. */
  readonly tokenFile: string | undefined;
}

async function readToken(file: string): Promise<string> {
  return (await readSmallFile("the dashboard's token", file, MAX_TOKEN_FILE_BYTES)).trim();
}

/** Opens metrics and dashboard. Loaded only when it is asked for: a demo without it pays nothing. */
export async function openDashboard(arena: Arena, where: DashboardPlace): Promise<Dashboard> {
  const { createMetrics, createMetricsListener } = await import("@sortie/metrics");
  const { server, game, logger, isReady } = arena;
  const describe = (id: number): string => {
    const visitor = server.peers.get(id)?.data;
    return visitor === undefined ? game.nameOf(id) : `${visitor.name}: ${game.nameOf(id)}`;
  };
  const metrics = createMetrics(server, { describePeer: ({ id }) => describe(id) });
  const { port, host, tokenFile } = where;
  const token = tokenFile === undefined ? randomBytes(16).toString("base64url") : await readToken(tokenFile);
  const listener = createMetricsListener(metrics, {
    port,
    host,
    token,
    title: "Sortie arena",
    ready: isReady,
    // Seldom, and of consequence: in the log also of those who log no more than warnings.
    onAction: ({ action, target, from }) => logger.warn({ action, target, from }, `an operator's ${action}`),
  });
  const { url } = await listener.listen();
  return {
    // One from a file is a secret of its own, which does not belong into logs.
    url: tokenFile === undefined ? url : url.replace(/#.*$/, ""),
    close: async () => {
      metrics.close();
      await listener.close();
    },
  };
}
