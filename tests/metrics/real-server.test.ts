import { createMetrics, createMetricsListener } from "@sortie/metrics";
import { createNetwork } from "@sortie/transport-memory";
import { afterEach, describe, expect, it } from "vitest";
import { echo, UdpGame } from "../support/udp-game.js";
import { parseExposition, valueOf } from "./prometheus-text.js";

const BOTS = 8;
const MESSAGES = 40;
const TOKEN = "0123456789abcdef0123456789abcdef";

describe("metrics of a server on real UDP", () => {
  let game: UdpGame;
  afterEach(() => game.end());

  it("are what its bots have done, scraped over HTTP while they play", async () => {
    game = await UdpGame.listening({ tickRate: 60, authenticate: () => ({ accept: true }) });
    // Looks at the peers come when the test says so; ticks and sockets run in real time.
    const { clock } = createNetwork({ seed: 1 });
    const metrics = createMetrics(game.server, { clock });
    const listener = createMetricsListener(metrics, { port: 0, token: TOKEN });
    const { port } = await listener.listen();
    const bots = await Promise.all(Array.from({ length: BOTS }, () => game.connect()));
    // A client is connected before the server's next tick tells of its peer: the first look would find nobody.
    await Promise.all(bots.map((bot) => echo(bot, "hello")));
    const scrape = async (): Promise<ReturnType<typeof parseExposition>> => {
      const headers = { authorization: `Bearer ${TOKEN}` };
      return parseExposition(await (await fetch(`http://127.0.0.1:${port}/metrics`, { headers })).text());
    };
    const playing = Promise.all(
      bots.map(async (bot, number) => {
        for (let i = 0; i < MESSAGES; i++) await echo(bot, `${number} ${i}`);
      }),
    );
    await clock.run(100);
    const during = await scrape();
    await playing;
    await clock.run(1000);
    const after = await scrape();
    expect(valueOf(after, "sortie_server_peers")).toBe(BOTS);
    expect(valueOf(after, "sortie_reliability_messages_received_total", { delivery: "reliable" })).toBe(
      BOTS * (1 + MESSAGES),
    );
    expect(valueOf(after, "sortie_reliability_messages_sent_total", { delivery: "reliable" })).toBe(
      BOTS * (1 + MESSAGES),
    );
    const received = valueOf(after, "sortie_transport_datagrams_received_total");
    expect(received).toBeGreaterThan(valueOf(during, "sortie_transport_datagrams_received_total"));
    expect(received).toBeLessThanOrEqual(game.server.stats.transport.datagramsReceived);
    expect(valueOf(after, "sortie_peer_rtt_seconds")).toBe(BOTS);
    expect(valueOf(after, "sortie_tick_busy_seconds")).toBeGreaterThan(10);
    expect(valueOf(after, "sortie_process_resident_memory_bytes")).toBeGreaterThan(10_000_000);
    metrics.close();
    await listener.close();
  });
});
