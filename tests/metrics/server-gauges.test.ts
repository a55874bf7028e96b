import { createMetrics, type ServerMetrics } from "@sortie/metrics";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";
import { certified } from "./certified.js";
import { parseExposition, valueOf } from "./prometheus-text.js";

const NOT_AFTER = "sortie_server_certificate_not_after_timestamp_seconds";

let game: GameNetwork;
let metrics: ServerMetrics;

beforeEach(() => {
  game = new GameNetwork();
  metrics = createMetrics(game.server, { clock: game.clock });
});

afterEach(async () => {
  metrics.close();
  await game.end();
});

/** Gives the server's own key a certificate of so many days; when it ends. */
function certify(days: number): number {
  const { identity, endMs } = certified(game.identity, days);
  game.server.setIdentity(identity);
  return endMs;
}

/** Lines of the sample: none, or one. */
async function samples(): Promise<string[]> {
  await game.run(100); // a snapshot of the server serves for 50 ms
  return (await metrics.text()).split("\n").filter((line) => line.startsWith(NOT_AFTER));
}

describe("the gauge of a server's certificate", () => {
  it("has no sample for a bare key, and is not 0: that would be a certificate that ran out long ago", async () => {
    expect(await samples()).toEqual([]);
  });

  it("is the end in seconds since 1970, and follows the server's identity", async () => {
    const first = certify(30);
    expect(await samples()).toEqual([`${NOT_AFTER} ${first / 1000}`]);
    expect(metrics.summary().stats.certificateNotAfterMs).toBe(first);
    const renewed = certify(60);
    expect(renewed).toBeGreaterThan(first);
    expect(await samples()).toEqual([`${NOT_AFTER} ${renewed / 1000}`]);
    game.server.setIdentity(game.identity);
    expect(await samples()).toEqual([]);
  });
});

describe("the counter of refused sends", () => {
  it("leaves out datagrams too large for the link: probes of a path's MTU are no reason for an alert", async () => {
    const statistics = { ...game.serverTransport.statistics, sendErrors: 3, tooLarge: 3 };
    Object.defineProperty(game.serverTransport, "statistics", { get: () => statistics });
    const scrape = async (): Promise<number> => {
      await game.run(100); // a snapshot of the server serves for 50 ms
      return valueOf(parseExposition(await metrics.text()), "sortie_transport_refused_sends_total");
    };
    expect(await scrape()).toBe(0);
    statistics.sendErrors += 2;
    expect(await scrape()).toBe(2);
  });
});

describe("the gauge of blocked ranges", () => {
  it("counts them, and has no list of them made", async () => {
    let lists = 0;
    Object.defineProperty(game.server, "blocked", { get: () => ((lists += 1), []) });
    const scrape = async (): Promise<number> => {
      return valueOf(parseExposition(await metrics.text()), "sortie_server_blocked_ranges");
    };
    expect(await scrape()).toBe(0);
    for (const range of ["192.0.2.1", "2001:db8::/32", "::ffff:192.0.2.1"]) game.server.block(range);
    expect(await scrape()).toBe(2);
    game.server.unblock("192.0.2.1");
    expect(await scrape()).toBe(1);
    expect(lists).toBe(0);
  });
});
