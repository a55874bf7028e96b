import { readFile } from "node:fs/promises";
import { createMetrics } from "@sortie/metrics";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";
import { type Family, parseExposition } from "./prometheus-text.js";

interface Panel {
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
}

const FILE = new URL("../../packages/metrics/grafana/sortie.json", import.meta.url);

async function exported(): Promise<Map<string, Family>> {
  const game = new GameNetwork();
  await game.listen();
  const metrics = createMetrics(game.server, { clock: game.clock });
  const client = await game.connect();
  await game.run(1100);
  await game.settle(client.close());
  await game.run(100);
  const families = parseExposition(await metrics.text());
  metrics.close();
  await game.end();
  return families;
}

describe("Grafana dashboard", () => {
  it("asks for metrics that are exported, as what they are", async () => {
    const families = await exported();
    const { panels, templating } = JSON.parse(await readFile(FILE, "utf8")) as { panels: Panel[]; templating: object };
    const wrong: string[] = [];
    for (const { title, targets } of panels) {
      for (const { expr, legendFormat } of targets) {
        for (const [, name] of expr.matchAll(/(sortie_\w+)/g)) {
          const family = families.get((name as string).replace(/_bucket$/, ""));
          if (family === undefined) wrong.push(`${title}: ${name} is not exported`);
          else if (family.type !== "GAUGE" && !expr.includes("rate(")) wrong.push(`${title}: no rate of ${name}`);
          else if (family.type === "GAUGE" && expr.includes("rate("))
            wrong.push(`${title}: a rate of a gauge, ${name}`);
          else if ((family.type === "HISTOGRAM") !== (name as string).endsWith("_bucket"))
            wrong.push(`${title}: ${name}`);
          const labels = new Set(family?.metrics.flatMap((sample) => Object.keys(sample.labels ?? {})) ?? []);
          for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) {
            if (!labels.has(label as string)) wrong.push(`${title}: ${name} has no label ${label}`);
          }
        }
        expect(expr, title).toMatch(/sortie_\w+\{job=~"\$job",instance=~"\$instance"/);
      }
    }
    expect(wrong).toEqual([]);
    expect(JSON.stringify(templating)).toContain("label_values(sortie_server_peers, job)");
  });

  it("has no panel over another, and shows every histogram and the certificate's end", async () => {
    const { panels } = JSON.parse(await readFile(FILE, "utf8")) as { panels: Panel[] };
    const taken = new Map<string, string>();
    for (const { title, gridPos } of panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.get(`${x},${y}`), `${title} over another`).toBeUndefined();
          taken.set(`${x},${y}`, title);
        }
      }
    }
    const asked = JSON.stringify(panels);
    for (const name of ["tick_busy_seconds", "tick_late_seconds", "peer_rtt_seconds", "peer_loss_ratio"]) {
      expect(asked).toContain(`sortie_${name}_bucket`);
    }
    expect(asked).toContain("sortie_server_certificate_not_after_timestamp_seconds");
  });
});
