import { type Client, connect, type ConnectError, createServer, type Server } from "sortie";
import { describe, expect, it } from "vitest";
import { BusyGame } from "../support/busy-game.js";
import { IDENTITY } from "../support/udp-game.js";

const CLIENTS = 48;
const WHOLE = { missing: 0, falselyAcked: 0, duplicates: 0, outOfOrder: 0 };

interface Busy {
  readonly server: Server;
  readonly busy: BusyGame;
  readonly clients: Client[];
  join(): Promise<Client>;
}

/** Four dozen peers on real UDP that each have carried some messages each way and go on. */
async function busyServer(): Promise<Busy> {
  const protocol = "drain/1";
  const server = createServer({ protocol, identity: IDENTITY, host: "127.0.0.1", port: 0, tickRate: 60 });
  const busy = new BusyGame(server);
  const { port } = await server.listen();
  const join = (): Promise<Client> =>
    connect({ host: "127.0.0.1", port, protocol, serverKey: IDENTITY.publicKey, timeoutMs: 30_000 });
  const clients: Client[] = [];
  // All at once would keep each other waiting on a machine with other work.
  while (clients.length < CLIENTS) clients.push(...(await Promise.all(Array.from({ length: 8 }, join))));
  for (const client of clients) busy.join(client);
  await new Promise<void>((resolve) => {
    server.on("tick", () => {
      if (busy.hasCarried(30, CLIENTS)) resolve();
    });
  });
  return { server, busy, clients, join };
}

async function refusalOf(attempt: Promise<Client>): Promise<ConnectError> {
  return attempt.then(
    () => {
      throw new Error("a newcomer was let in");
    },
    (error: ConnectError) => error,
  );
}

// Four dozen handshakes and a second of messages are much for a machine with other work.
describe("a server under load, drained over real UDP", { timeout: 90_000 }, () => {
  it("loses no reliable message either way when its peers are given notice", async ({ annotate }) => {
    const { server, busy, clients, join } = await busyServer();
    server.on("draining", () => busy.warn());
    const startMs = performance.now();
    server.startDraining({ reason: "version 2 is out" });
    expect(await refusalOf(join())).toMatchObject({ code: "rejected", reason: "shutting down" });
    await busy.done(CLIENTS);
    await server.close({ drainMs: 30_000, reason: "version 2 is out" });
    const tookMs = performance.now() - startMs;
    await Promise.all(clients.map((client) => client.close()));
    const { down, up } = await busy.results();
    await annotate(
      `${CLIENTS} peers, drained in ${tookMs.toFixed(0)} ms: ${down.accepted} reliable messages to them and ` +
        `${up.accepted} from them, lost ${down.missing + up.missing}`,
    );
    expect(down).toMatchObject({ ...WHOLE, outcomes: { acked: down.accepted } });
    expect(up).toMatchObject({ ...WHOLE, outcomes: { acked: up.accepted } });
    const told = { code: "shutting-down", by: "remote", text: "version 2 is out" };
    expect(busy.ends).toEqual(Array(CLIENTS).fill(told));
    expect(busy.serverEnds).toEqual(Array(CLIENTS).fill({ ...told, by: "local" }));
  });

  it("by close alone delivers all that it sent, and no client is told a lie", async ({ annotate }) => {
    const { server, busy, clients } = await busyServer();
    const startMs = performance.now();
    await server.close({ drainMs: 30_000 });
    const tookMs = performance.now() - startMs;
    await Promise.all(clients.map((client) => client.close()));
    const { down, up } = await busy.results();
    await annotate(
      `${CLIENTS} peers, closed in ${tookMs.toFixed(0)} ms: of ${down.accepted} messages to them lost ` +
        `${down.missing}; of ${up.accepted} from them ${up.outcomes.closed} told as "closed"`,
    );
    expect(down).toMatchObject({ ...WHOLE, outcomes: { acked: down.accepted } });
    expect(up).toMatchObject({ falselyAcked: 0, duplicates: 0, outOfOrder: 0 });
    expect(up.outcomes.acked + up.outcomes.closed).toBe(up.accepted);
    expect(up.missing).toBeLessThanOrEqual(up.outcomes.closed);
    expect(busy.ends.map(({ code }) => code)).toEqual(Array(CLIENTS).fill("shutting-down"));
  });
});
