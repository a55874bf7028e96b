import { randomBytes } from "node:crypto";
import type { Arena } from "./arena-server.js";

/** The dashboard's page while it is open. */
export interface Dashboard {
  /** With a token that was made for this run: whoever has the link may kick and block. */
  readonly url: string;
  close(): Promise<void>;
}

/** Opens metrics and dashboard on loopback. Loaded only when it is asked for: a demo without it pays nothing. */
export async function openDashboard({ server, game }: Arena, port: number): Promise<Dashboard> {
  const { createMetrics, createMetricsListener } = await import("@sortie/metrics");
  const describe = (id: number): string => {
    const visitor = server.peers.get(id)?.data;
    return visitor === undefined ? game.nameOf(id) : `${visitor.name}: ${game.nameOf(id)}`;
  };
  const metrics = createMetrics(server, { describePeer: ({ id }) => describe(id) });
  const token = randomBytes(16).toString("base64url");
  const listener = createMetricsListener(metrics, { port, token, title: "Sortie arena" });
  const { url } = await listener.listen();
  return {
    url,
    close: async () => {
      metrics.close();
      await listener.close();
    },
  };
}
