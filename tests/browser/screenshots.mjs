// Pictures of the dashboard while the demo's bots play, for docs/screenshots.
import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Child } from "../../scripts/lib/child.mjs";
import { ROOT, runQuietly } from "../../scripts/lib/run.mjs";

const FOLDER = join(ROOT, "docs", "screenshots");
const BOTS = 48;
/** s of play before the pictures: a minute of charts. */
const PLAY_SECONDS = 65;
/** bytes. Larger pictures do not belong into a repository. */
const MAX_BYTES = 200_000;

const SHOTS = [
  { name: "dashboard-desktop", viewport: { width: 1280, height: 1180 }, colorScheme: "light", deviceScaleFactor: 1 },
  {
    name: "dashboard-dark",
    viewport: { width: 1280, height: 760 },
    colorScheme: "dark",
    deviceScaleFactor: 1,
    peer: true,
  },
  { name: "dashboard-phone", viewport: { width: 390, height: 844 }, colorScheme: "dark", deviceScaleFactor: 2 },
  {
    name: "dashboard-phone-peers",
    viewport: { width: 390, height: 680 },
    colorScheme: "light",
    deviceScaleFactor: 2,
    scrollTo: ".peers",
  },
];

export async function takeScreenshots(browser) {
  mkdirSync(FOLDER, { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), "sortie-shots-"));
  const key = join(folder, "root.key");
  await runQuietly("keygen", process.execPath, [join(ROOT, "packages/sortie/bin/sortie.js"), "keygen", key]);
  const serverArgs = ["--host", "127.0.0.1", "--port", "0", "--key", key, "--dashboard", "0", "--quiet"];
  const server = new Child("server |", join(ROOT, "apps/demo-server/dist/main.js"), serverArgs);
  const opened = server.message("dashboard");
  const { port } = await server.message("listening");
  const { url } = await opened;
  const botArgs = ["--host", "127.0.0.1", "--port", String(port), "--server-key", join(folder, "root.pub")];
  const bots = new Child("bots   |", join(ROOT, "apps/bot/dist/main.js"), [
    ...botArgs,
    "--count",
    String(BOTS),
    "--duration",
    "0",
  ]);
  try {
    await new Promise((resolve) => setTimeout(resolve, PLAY_SECONDS * 1000));
    for (const shot of SHOTS) await take(browser, url, shot);
  } finally {
    await bots.stop();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function take(browser, url, { name, viewport, colorScheme, deviceScaleFactor, peer, scrollTo }) {
  const context = await browser.newContext({ viewport, colorScheme, deviceScaleFactor });
  const page = await context.newPage();
  await page.goto(url);
  await page.locator("#peer-table tbody tr").first().waitFor();
  if (peer) {
    await page
      .locator("#peer-table tbody tr")
      .nth(2)
      .evaluate((row) => row.click());
    await page.locator("#detail dd").first().waitFor();
  }
  if (scrollTo !== undefined) await page.locator(scrollTo).evaluate((target) => target.scrollIntoView());
  const path = join(FOLDER, `${name}.png`);
  await page.screenshot({ path });
  await context.close();
  const { size } = statSync(path);
  console.log(`wrote   docs/screenshots/${name}.png, ${Math.round(size / 1000)} kB`);
  if (size > MAX_BYTES) throw new Error(`${name}.png has ${size} bytes, more than ${MAX_BYTES}`);
}
