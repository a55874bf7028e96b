import { createMetrics } from "@sortie/metrics";
import type { Meter } from "@opentelemetry/api";
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type Histogram,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { describe, expect, it } from "vitest";
import { GameNetwork } from "../support/game-network.js";
import { certified } from "./certified.js";
import { prometheusNameOf } from "./otlp-name.js";
import { parseExposition, valueOf } from "./prometheus-text.js";

/** A reader that collects when it is told to. */
class Collected {
  readonly #exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  readonly #reader = new PeriodicExportingMetricReader({ exporter: this.#exporter, exportIntervalMillis: 2 ** 30 });
  readonly #provider = new MeterProvider({ readers: [this.#reader] });

  get meter(): Meter {
    return this.#provider.getMeter("sortie");
  }

  async collect(): Promise<Map<string, MetricData>> {
    this.#exporter.reset();
    await this.#reader.forceFlush();
    const found = new Map<string, MetricData>();
    for (const { scopeMetrics } of this.#exporter.getMetrics()) {
      for (const { metrics } of scopeMetrics) for (const each of metrics) found.set(each.descriptor.name, each);
    }
    return found;
  }

  end(): Promise<void> {
    return this.#provider.shutdown();
  }
}

function value(metrics: ReadonlyMap<string, MetricData>, name: string, labels: Record<string, string> = {}): unknown {
  const points = (metrics.get(name)?.dataPoints ?? []) as DataPoint<number | Histogram>[];
  return points.find(({ attributes }) => JSON.stringify(attributes) === JSON.stringify(labels))?.value;
}

function nameAfterCollector(metric: MetricData): string {
  const { name, unit } = metric.descriptor;
  const isCounter = metric.dataPointType === DataPointType.SUM && metric.isMonotonic;
  const kind = isCounter ? "counter" : metric.dataPointType === DataPointType.GAUGE ? "gauge" : "histogram";
  return prometheusNameOf(name, unit, kind);
}

describe("OpenTelemetry", () => {
  it("gets the same figures as Prometheus, through the real API and SDK, and none after the end", async () => {
    const game = new GameNetwork({ link: { latencyMs: 30 } });
    await game.listen();
    const metrics = createMetrics(game.server, { clock: game.clock });
    for (const wrong of [undefined, {}] as never[]) {
      expect(() => metrics.exportTo(wrong)).toThrow(/"meter" expected a Meter of @opentelemetry\/api, got /);
    }
    const collected = new Collected();
    const stop = metrics.exportTo(collected.meter);
    // A bare key has no end.
    const notAfter = "sortie.server_certificate_not_after_timestamp";
    expect((await collected.collect()).get(notAfter)).toBeUndefined();
    const { identity, endMs } = certified(game.identity, 30);
    game.server.setIdentity(identity);
    const client = await game.connect();
    for (let i = 0; i < 40; i++) client.send("x", { delivery: "ordered" });
    await game.run(4100);
    const found = await collected.collect();
    const families = parseExposition(await metrics.text());

    expect(value(found, "sortie.server_peers")).toBe(1);
    expect(value(found, "sortie.reliability_messages_received", { delivery: "ordered" })).toBe(40);
    expect(value(found, "sortie.transport_received")).toBe(valueOf(families, "sortie_transport_received_bytes_total"));
    expect(found.get("sortie.transport_received")?.descriptor.unit).toBe("By");
    expect(value(found, "sortie.datagrams_dropped", { reason: "blocked" })).toBe(0);
    const rtt = value(found, "sortie.peer_rtt") as Histogram;
    expect(rtt.count).toBe(Number(families.get("sortie_peer_rtt_seconds")?.metrics[0]?.count));
    expect(rtt.count).toBeGreaterThan(2);
    expect(rtt.sum).toBeCloseTo(Number(families.get("sortie_peer_rtt_seconds")?.metrics[0]?.sum), 9);
    expect(rtt.buckets.boundaries).toEqual([0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1]);
    expect(found.get("sortie.peer_rtt")?.descriptor.unit).toBe("s");
    // Everything that Prometheus has, and by the same names where it comes to Prometheus through a collector.
    expect([...found.values()].map(nameAfterCollector).sort()).toEqual([...families.keys()].sort());
    expect(found.get("sortie.server_peers")?.descriptor.unit).toBe("{count}");
    expect(found.get("sortie.reliability_pace")?.descriptor.unit).toBe("By/s");
    expect(found.get("sortie.peer_loss_ratio")?.descriptor.unit).toBe("1");
    expect(value(found, notAfter)).toBe(endMs / 1000);
    expect(found.get(notAfter)?.descriptor.unit).toBe("s");

    stop();
    await game.connect();
    await game.run(2000);
    const after = await collected.collect();
    expect(game.server.peers.size).toBe(2);
    expect(value(after, "sortie.server_peers")).not.toBe(2);
    expect((value(after, "sortie.peer_rtt") as Histogram).count).toBe(rtt.count);
    metrics.close();
    await collected.end();
    await game.end();
  });
});
