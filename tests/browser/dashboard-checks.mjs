// What the dashboard has to do in a real browser. Each check gets a fresh page and the game, and throws when it fails.
import assert from "node:assert/strict";
import { HOSTILE_NAMES } from "./hostile-game.mjs";

/** ms. For everything that is waited for. */
const PATIENCE_MS = 15_000;

const rows = (page) => page.locator("#peer-table tbody tr");

/** Opens the page and waits for figures. */
async function openBoard(page, url) {
  await page.goto(url);
  await rows(page).first().waitFor({ timeout: PATIENCE_MS });
}

/** Waits until a function in the page gives something true. */
function until(page, check, argument) {
  return page.waitForFunction(check, argument, { timeout: PATIENCE_MS });
}

export const CHECKS = {
  "asks for the token, refuses a wrong one, and takes it out of the address": async (page, game) => {
    await page.goto(game.url.split("#")[0]);
    await page.locator("#token").fill("not-the-right-token");
    await page.getByRole("button", { name: "Open" }).click();
    await until(page, () => document.querySelector("#sign-in-error").textContent !== "");
    assert.equal(await page.locator("#board").isVisible(), false);
    await page.locator("#token").fill(game.token);
    await page.getByRole("button", { name: "Open" }).click();
    await rows(page).first().waitFor({ timeout: PATIENCE_MS });
    await openBoard(page, game.url);
    assert.ok(!page.url().includes(game.token), "the token stays in the address");
  },

  "shows what peers call themselves as text": async (page, game) => {
    await openBoard(page, game.url);
    const names = await page.locator("#peer-table td.name").allTextContents();
    for (const name of HOSTILE_NAMES) assert.ok(names.includes(name.slice(0, 64)), `${name} is not there`);
    await rows(page).first().click();
    await page.locator("#detail dd").first().waitFor();
    assert.equal(await page.locator("#detail dd").first().textContent(), HOSTILE_NAMES[0]);
    assert.equal(await page.evaluate(() => window.pwned), undefined);
    assert.equal(await page.locator("#peer-table img, #detail img, #peer-table script, #peer-table b").count(), 0);
    assert.equal(await page.title(), "Test & <check>: server");
  },

  "refuses scripts and styles that are not its own": async (page, game) => {
    await openBoard(page, game.url);
    await page.evaluate(() => {
      window.refused = [];
      document.addEventListener("securitypolicyviolation", (event) => window.refused.push(event.violatedDirective));
      const script = document.createElement("script");
      try {
        script.textContent = "window.pwned = 1";
      } catch {
        window.refused.push("trusted types");
      }
      document.body.append(script);
      const image = new Image();
      image.src = "https://evil.example/pixel";
      document.body.append(image);
    });
    await until(page, () => window.refused.some((each) => each.startsWith("img-src")));
    assert.equal(await page.evaluate(() => window.pwned), undefined);
    // These were asked for: they are no faults of the page.
    return { mayComplain: true };
  },

  "draws charts that move": async (page, game) => {
    await openBoard(page, game.url);
    assert.equal(await page.locator(".chart canvas").count(), 9);
    const painted = () =>
      [...document.querySelectorAll(".chart canvas")].filter((canvas) => {
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        const colours = new Set();
        for (let i = 0; i < data.length; i += 16)
          if (data[i + 3] > 200) colours.add(data[i] * 65536 + data[i + 1] * 256);
        return colours.size > 2;
      }).length;
    await until(page, () => document.querySelector("#tiles strong").textContent === "60");
    assert.ok((await page.evaluate(painted)) >= 5, "charts are empty");
    const place = () => document.querySelector("#where").textContent;
    const before = await page.evaluate(place);
    await until(page, (old) => document.querySelector("#where").textContent !== old, before);
  },

  "shows when the certificate runs out, and no tile without one": async (page, game) => {
    await openBoard(page, game.url);
    const tile = page.locator("#tiles .tile").last();
    assert.equal(await tile.isVisible(), false);
    try {
      game.certify(3);
      await tile.waitFor({ timeout: PATIENCE_MS });
      assert.match(await tile.textContent(), /^Certificate2 duntil \d{4}-\d\d-\d\d$/);
      assert.match(await tile.getAttribute("class"), /warning/);
      game.certify(30);
      await until(page, () => document.querySelector("#tiles .tile:last-child strong").textContent === "29 d");
      assert.doesNotMatch(await tile.getAttribute("class"), /warning/);
    } finally {
      game.certify();
    }
    await tile.waitFor({ state: "hidden", timeout: PATIENCE_MS });
  },

  "sorts, searches and turns pages of the table": async (page, game) => {
    await openBoard(page, game.url);
    assert.equal(await rows(page).count(), 50);
    await page.getByRole("button", { name: "Next" }).click();
    await until(page, () => document.querySelectorAll("#peer-table tbody tr").length === 10);
    await page.getByRole("button", { name: "ID", exact: true }).click();
    await until(page, () => document.querySelector("#peer-table tbody td").textContent === "60");
    assert.equal(await page.locator('th[aria-sort="descending"]').count(), 1);
    await page.locator("#search").fill("player 42");
    await until(page, () => document.querySelectorAll("#peer-table tbody tr").length === 1);
    assert.match(await page.locator("#page").textContent(), /^1–1 of 1$/);
    await page.locator("#search").fill("nobody at all");
    await until(page, () => document.querySelectorAll("#peer-table tbody tr").length === 0);
  },

  "is used by the keyboard": async (page, game) => {
    await openBoard(page, game.url);
    await rows(page).nth(1).focus();
    await page.keyboard.press("Enter");
    await page.locator("#detail[open] dd").first().waitFor();
    await page.keyboard.press("Escape");
    await until(page, () => !document.querySelector("#detail").open);
  },

  "fits a phone, in the dark": async (page, game) => {
    await page.setViewportSize({ width: 360, height: 740 });
    await page.emulateMedia({ colorScheme: "dark" });
    await openBoard(page, game.url);
    const layout = await page.evaluate(() => ({
      over: document.documentElement.scrollWidth - innerWidth,
      columns: [...document.querySelectorAll("#peer-table thead th")].filter((th) => th.offsetParent !== null).length,
      background: getComputedStyle(document.body).backgroundColor,
      chart: document.querySelector(".chart canvas").getBoundingClientRect().right,
    }));
    assert.ok(layout.over <= 0, `the page is ${layout.over} px too wide`);
    assert.ok(layout.chart <= 360, "a chart goes over the edge");
    assert.equal(layout.columns, 5);
    const brightness = layout.background.match(/\d+/g).reduce((sum, part) => sum + Number(part), 0);
    assert.ok(brightness < 150, `${layout.background} is not dark`);
    await page.emulateMedia({ colorScheme: "light" });
    await until(page, (dark) => getComputedStyle(document.body).backgroundColor !== dark, layout.background);
  },

  "kicks one peer after two clicks, and no other": async (page, game) => {
    await openBoard(page, game.url);
    const before = game.server.peers.size;
    await page.locator("#search").fill("player 30");
    await until(page, () => document.querySelectorAll("#peer-table tbody tr").length === 1);
    const id = Number(await rows(page).first().locator("td").first().textContent());
    await rows(page).first().click();
    const button = page.locator("#detail .actions button").first();
    await button.click();
    assert.match(await button.textContent(), /sure\?/);
    assert.ok(game.server.peers.has(id), "one click is not enough");
    await button.click();
    await until(page, () => !document.querySelector("#detail").open);
    await until(page, () => document.querySelectorAll("#peer-table tbody tr").length === 0);
    assert.equal(game.server.peers.has(id), false);
    assert.equal(game.server.peers.size, before - 1);
    assert.deepEqual(
      game.reasons.map(({ code }) => code),
      ["kicked"],
    );
  },

  "blocks an address, shows it, and unblocks it": async (page, game) => {
    await openBoard(page, game.url);
    await rows(page).first().click();
    const button = page.locator("#detail .actions button").nth(1);
    await button.click();
    await button.click();
    await page.locator("#blocked li").waitFor({ timeout: PATIENCE_MS });
    assert.deepEqual(game.server.blocked, ["127.0.0.1"]);
    await until(page, () => document.querySelectorAll("#peer-table tbody tr").length === 0);
    await page.getByRole("button", { name: /^Unblock/ }).click();
    await page.locator("#blocked-section").waitFor({ state: "hidden", timeout: PATIENCE_MS });
    assert.deepEqual(game.server.blocked, []);
  },

  "says when the server does not answer": async (page, game) => {
    await page.goto(game.url);
    await until(page, () => document.querySelector("#state").textContent === "live");
    await game.listener.close();
    await until(page, () => document.querySelector("#state").textContent === "no answer");
    return { mayComplain: true };
  },
};
