// `npm run test:browser [-- --screenshots]`: the dashboard in a real Chromium. It may install one, so it is no part of
// `npm test`.
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { bootstrap } from "../../scripts/bootstrap.mjs";
import { buildToRun } from "../../scripts/build.mjs";
import { main } from "../../scripts/lib/run.mjs";
import { findChromium } from "./chromium.mjs";
import { CHECKS } from "./dashboard-checks.mjs";

/** ms. A check that takes longer has failed. */
const CHECK_TIMEOUT_MS = 60_000;

/** Runs one check on a page of its own; what the page complains of is a failure, too. */
async function check(browser, game, title, action) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  const complaints = [];
  const origin = new URL(game.url).origin;
  page.on("console", (message) => {
    // A 401 that the page asked for is shown by the browser as an error.
    if (message.type() === "error" && !message.text().includes("401")) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => {
    if (!request.url().startsWith(`${origin}/`)) complaints.push(`a request to ${request.url()}`);
  });
  let timer;
  const tooLong = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${CHECK_TIMEOUT_MS} ms`)), CHECK_TIMEOUT_MS);
  });
  try {
    const { mayComplain = false } = (await Promise.race([action(page, game), tooLong])) ?? {};
    if (complaints.length > 0 && !mayComplain) throw new Error(`the page complains: ${complaints.join("; ")}`);
    console.log(`ok      ${title}`);
    return true;
  } catch (error) {
    console.log(`FAILED  ${title}\n        ${error.message.split("\n").slice(0, 6).join("\n        ")}`);
    return false;
  } finally {
    clearTimeout(timer);
    await context.close();
  }
}

async function runChecks(browser) {
  // After the build: it imports what was built.
  const { startHostileGame } = await import("./hostile-game.mjs");
  const game = await startHostileGame();
  let failed = 0;
  try {
    for (const [title, action] of Object.entries(CHECKS)) {
      if (!(await check(browser, game, title, action))) failed += 1;
    }
  } finally {
    await game.close();
  }
  console.log(`${Object.keys(CHECKS).length - failed} passed, ${failed} failed`);
  return failed;
}

await main(async () => {
  const { values } = parseArgs({ options: { screenshots: { type: "boolean", default: false } } });
  await bootstrap();
  const executablePath = await findChromium();
  if (executablePath === undefined) {
    console.log("skipped: there is no Chromium here, and none can be installed (set CHROMIUM to its path)");
    return 0;
  }
  const release = await buildToRun();
  release();
  const browser = await chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] });
  try {
    if (!values.screenshots) return (await runChecks(browser)) > 0 ? 1 : 0;
    const { takeScreenshots } = await import("./screenshots.mjs");
    await takeScreenshots(browser);
    return 0;
  } finally {
    await browser.close();
  }
});
