import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Cluster } from "@sortie/cluster";
import ts from "typescript";
import { expect, it } from "vitest";

const README = new URL("../../packages/cluster/README.md", import.meta.url);
const FIGURES = /\n## Figures of the cluster\n[\s\S]*?```ts\n([\s\S]*?)```\n/;
const FORWARDING = { forwarded: 9, forwardedBytes: 900, newcomers: 1, dropped: 2, lost: 3 };

interface Example {
  readonly clusterFigures: (cluster: Cluster) => Promise<string>;
}

it("the figures of a cluster are exported as the README of cluster says, scrape by scrape", async () => {
  const code = FIGURES.exec(await readFile(README, "utf8"))?.[1] as string;
  const folder = await mkdtemp(fileURLToPath(new URL(".tmp-", import.meta.url)));
  try {
    const { outputText } = ts.transpileModule(code, { compilerOptions: { module: ts.ModuleKind.ESNext } });
    await writeFile(`${folder}/figures.mjs`, outputText);
    const { clusterFigures } = (await import(/* @vite-ignore */ `${folder}/figures.mjs`)) as Example;
    let restarts = 4;
    const states = ["serving", "serving", "gone"].map((state) => ({ state }));
    const statistics = { workers: states, total: { forwarding: FORWARDING }, broadcastsMissed: 5 };
    const cluster = { statistics: () => Promise.resolve({ ...statistics, restarts }) } as unknown as Cluster;
    await clusterFigures(cluster);
    restarts = 6;
    states[2] = { state: "starting" };
    const samples = (await clusterFigures(cluster)).split("\n").filter((line) => line.startsWith("sortie_"));
    expect(samples).toEqual([
      'sortie_cluster_workers{state="serving"} 2',
      'sortie_cluster_workers{state="starting"} 1',
      "sortie_cluster_restarts_total 6",
      "sortie_cluster_broadcasts_missed_total 5",
      'sortie_cluster_datagrams_total{event="forwarded"} 9',
      'sortie_cluster_datagrams_total{event="newcomers"} 1',
      'sortie_cluster_datagrams_total{event="dropped"} 2',
      'sortie_cluster_datagrams_total{event="lost"} 3',
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
