import { readFile } from "node:fs/promises";
import { type DelayTail, type LinkOptions, PRESETS } from "@sortie/transport-memory";
import { expect, it } from "vitest";

const TESTING = new URL("../../docs/TESTING.md", import.meta.url);

/** bytes/s of one Mbit/s. */
const MEGABIT = 125_000;
/** bytes. What the table does not mention. */
const USUAL_MTU = 1500;

function rounded(value: number): string {
  return String(Number(value.toFixed(1)));
}

function percent(share: number): string {
  return `${rounded(100 * share)} %`;
}

function randomPart({ jitterMs, delayTail, delayTailInBad }: LinkOptions): string {
  const words = ({ meanMs, maxMs }: DelayTail, what: string): string => `${meanMs}${what}, at most ${maxMs}`;
  if (delayTail === undefined) return `0 to ${jitterMs}`;
  const usual = words(delayTail, " on average");
  return delayTailInBad === undefined ? usual : `${usual}; in bad spells ${words(delayTailInBad, "")}`;
}

function lossOf({ loss = 0, burst, gilbertElliott }: LinkOptions): string {
  if (gilbertElliott === undefined) return loss === 0 ? "0" : `${percent(loss)}, in bursts of ${burst}`;
  const { goodToBad, badToGood, lossInGood, lossInBad } = gilbertElliott;
  const bad = goodToBad / (goodToBad + badToGood);
  return `${percent(bad * lossInBad + (1 - bad) * lossInGood)}, in bad spells of ${1 / badToGood}`;
}

function notes({ queueBytes, mtu, reorder = 0, duplicate = 0, corrupt = 0 }: LinkOptions): string {
  const told: string[] = [];
  if (queueBytes !== undefined) told.push(`${queueBytes / 1024} KiB buffer`);
  if (mtu !== USUAL_MTU) told.push(`${mtu} bytes at most`);
  if (reorder > 0)
    told.push(`${percent(reorder)} reordered, ${percent(duplicate)} doubled, ${percent(corrupt)} damaged`);
  return told.join("; ");
}

function rowOf([name, link]: [string, LinkOptions]): string {
  const { latencyMs, bandwidthBytesPerSecond: rate = NaN } = link;
  const cells = [`\`${name}\``, latencyMs, randomPart(link), lossOf(link), rounded(rate / MEGABIT), notes(link)];
  return `| ${cells.join(" | ")} |`.replaceAll("  ", " ");
}

it("TESTING: the table of links has the figures of the presets", async () => {
  const rows = (await readFile(TESTING, "utf8")).split("\n").filter((line) => /^\| `[\w-]+` \| [\d.]+ \|/.test(line));
  expect(rows).toEqual(Object.entries(PRESETS).map(rowOf));
});
