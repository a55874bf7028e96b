import { connect } from "@sortie/client";
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

describe("the counters of clients that are not let in", () => {
  it("are there by code from 0 on, and the gauge of the room for peers beside them", async () => {
    const families = parseExposition(await metrics.text());
    expect(valueOf(families, "sortie_server_max_peers")).toBe(256);
    const codes = (name: string): unknown[] => families.get(name)?.metrics.map(({ labels }) => labels?.["code"]) ?? [];
    expect(codes("sortie_server_refused_total")).toEqual(["refused", "server-full", "shutting-down"]);
    expect(codes("sortie_server_handshakes_failed_total")).toHaveLength(9);
    expect(valueOf(families, "sortie_server_refused_total", { code: "server-full" })).toBe(0);
    const rejections = ["version", "protocol-mismatch", "server-full", "shutting-down", "no-common-suite"];
    expect(codes("sortie_server_hellos_rejected_total")).toEqual(rejections);
    expect(valueOf(families, "sortie_server_pending_authenticate_calls")).toBe(0);
  });

  it("show a server that is full, by what its hellos are told: no client gets as far as being refused", async () => {
    const full = new GameNetwork({ server: { maxPeers: 1 } });
    await full.listen();
    const watching = createMetrics(full.server, { clock: full.clock });
    await full.connect();
    await expect(full.connect()).rejects.toMatchObject({ code: "server-full" });
    await full.run(100); // a snapshot of the server serves for 50 ms
    const families = parseExposition(await watching.text());
    const rejected = valueOf(families, "sortie_server_hellos_rejected_total", { code: "server-full" });
    expect(rejected).toBeGreaterThan(0);
    expect(valueOf(families, "sortie_server_rejects_sent_total")).toBe(rejected);
    expect(valueOf(families, "sortie_server_refused_total", { code: "server-full" })).toBe(0);
    watching.close();
    await full.end();
  });

  it("show a server whose authenticate refuses everybody, or fails", async () => {
    let asked = 0;
    const authenticate = (): { accept: false; code: "server-full" } => {
      if (asked++ < 2) return { accept: false, code: "server-full" };
      throw new Error("the database is away");
    };
    const refusing = new GameNetwork({ server: { authenticate } });
    refusing.server.on("error", () => {});
    await refusing.listen();
    const watching = createMetrics(refusing.server, { clock: refusing.clock });
    for (let i = 0; i < 3; i++) {
      await refusing.settle(connect(refusing.clientOptions()).catch(() => undefined));
      await refusing.run(200);
    }
    const families = parseExposition(await watching.text());
    expect(valueOf(families, "sortie_server_refused_total", { code: "server-full" })).toBe(2);
    expect(valueOf(families, "sortie_server_handshakes_failed_total", { code: "internal-error" })).toBe(1);
    expect(watching.summary().stats.refused).toEqual({ refused: 0, "server-full": 2, "shutting-down": 0 });
    watching.close();
    await refusing.end();
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
