import type { DatagramReceiver, DatagramTransport } from "@sortie/transport";
import { type Client, createUdpTransport } from "sortie";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { canSharePort, ClusterGame, echo, hasBatchedTransport, PATIENCE_MS, unhurried, until } from "./support/game.js";
import { bundle, type Entry } from "./support/workers.js";

const CHANGES = 12;
/** Messages of each kind from each client between two changes of its address. */
const MESSAGES = 6;

let entry: Entry;

beforeAll(async () => {
  entry = await bundle(new URL("processes/echo.ts", import.meta.url));
}, PATIENCE_MS);

afterAll(() => entry.remove());

/** A client's messages and their echoes. */
class Traffic {
  readonly ordered: number[] = [];
  readonly reliable: number[] = [];
  readonly ends: string[] = [];
  sent = 0;
  readonly client: Client;

  constructor(client: Client) {
    this.client = client;
    client.on("message", ({ payload, delivery }) => {
      const number = Number(new TextDecoder().decode(payload));
      if (delivery === "ordered") this.ordered.push(number);
      else this.reliable.push(number);
    });
    client.on("disconnect", ({ code }) => void this.ends.push(code));
  }

  send(): void {
    for (let i = 0; i < MESSAGES; i++, this.sent++) {
      this.client.send(String(this.sent), { delivery: "ordered" });
      this.client.send(String(this.sent), { delivery: "reliable" });
    }
  }

  get isComplete(): boolean {
    return this.ordered.length >= this.sent && this.reliable.length >= this.sent;
  }
}

/** UDP, and the addresses that datagrams come from. */
function watchedTransport(): { readonly transport: DatagramTransport; readonly sources: Set<string> } {
  const transport = createUdpTransport({ host: "127.0.0.1" });
  const sources = new Set<string>();
  const open = transport.open.bind(transport);
  transport.open = (receiver) => {
    const watched: DatagramReceiver = {
      onDatagram(payload, from, waitedMs) {
        sources.add(from.host);
        return receiver.onDatagram(payload, from, waitedMs);
      },
      onBatchEnd: () => receiver.onBatchEnd(),
      onError: (error) => receiver.onError(error),
      onWritable: () => receiver.onWritable(),
    };
    return open(watched);
  };
  return { transport, sources };
}

// node:dgram leaves the choice of its own address to the system.
describe.runIf(canSharePort && hasBatchedTransport())("a client of a cluster with several addresses", () => {
  it(
    "is answered from the one that it asked, also when another worker gets its datagrams",
    async () => {
      const game = await ClusterGame.listening(entry, { host: "0.0.0.0" });
      try {
        const { transport, sources } = watchedTransport();
        const client = await game.connect({ host: "127.0.0.2", transport });
        const isForwarded = async (): Promise<boolean> =>
          (await game.cluster.statistics()).total.forwarding.received > 0;
        for (let change = 0; !(await isForwarded()) && change < 40; change++) {
          await client.rebind();
          expect(await echo(client, `at address ${change}`)).toContain(`at address ${change}`);
        }
        expect(await isForwarded()).toBe(true);
        for (let i = 0; i < 5; i++) await echo(client, `and ${i}`);
        expect([...sources]).toEqual(["127.0.0.2"]);
      } finally {
        await game.end();
      }
    },
    PATIENCE_MS,
  );
});

describe.runIf(canSharePort)("clients of a cluster whose address changes again and again (S6)", () => {
  it(
    "stay with their worker, whichever worker gets their datagrams: nothing reliable lost, no disconnect",
    async () => {
      // IPv6 and IPv4 on one socket, where the machine has both.
      const game = await ClusterGame.listening(entry, { host: "::" });
      try {
        await game.populate(4);
        const { clients, cluster, news } = game;
        const all = clients.map((client) => new Traffic(client));
        for (let change = 0; change < CHANGES; change++) {
          // Messages are on their way when the address changes.
          for (const traffic of all) traffic.send();
          await Promise.all(all.map(({ client }) => client.rebind()));
          for (const traffic of all) traffic.send();
          await until(() => all.every((traffic) => traffic.isComplete), `all echoes after change ${change}`);
        }
        const numbers = Array.from({ length: 2 * CHANGES * MESSAGES }, (_, i) => i);
        for (const { ordered, reliable, ends } of all) {
          expect(ends).toEqual([]);
          expect(ordered).toEqual(numbers);
          expect(reliable.toSorted((a, b) => a - b)).toEqual(numbers);
        }
        // What is under way between two workers is counted by the first of them only.
        const isSettled = async (): Promise<boolean> => {
          const { forwarding } = (await cluster.statistics()).total;
          return forwarding.forwarded === forwarding.received + forwarding.lost;
        };
        await until(isSettled, "what was forwarded arrives");
        const { total } = await unhurried(() => cluster.statistics());
        expect(total.peers).toBe(clients.length);
        expect(total.peersAccepted).toBe(clients.length);
        expect(news.filter((one) => one.disconnected !== undefined)).toEqual([]);
        expect(total.forwarding.forwarded).toBeGreaterThan(0);
        expect(total.forwarding).toMatchObject({ dropped: 0, refused: 0, ownerless: 0 });
      } finally {
        await game.end();
      }
    },
    2 * PATIENCE_MS,
  );
});
