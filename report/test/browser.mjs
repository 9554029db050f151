// One check of the page in a browser: node browser.mjs MODULES CHROMIUM CHECK PAGE [PAGE…]. Says what does not hold.
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [modules, executablePath, name, ...pages] = process.argv.slice(2);
const require = createRequire(join(modules, "x.js"));
const { chromium } = require("playwright-core");
const axe = require("axe-core").source;

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });

/// A page, and whatever it complains of.
async function open(file, { hash = "", ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, acceptDownloads: true, ...options });
  const page = await context.newPage();
  const said = [];
  page.on("console", (message) => said.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => said.push(`error: ${error.stack}`));
  page.on("dialog", (dialog) => (said.push(`dialog: ${dialog.message()}`), dialog.dismiss()));
  page.on("request", (request) => /^(file|data|blob):/.test(request.url()) || said.push(`request: ${request.url()}`));
  await page.goto(pathToFileURL(file).href + hash);
  await page.waitForSelector("h1");
  return { page, said };
}

/// Goes down the page, so that every figure is drawn.
async function walk(page) {
  for (const figure of await page.locator("main figure:not([hidden])").all()) {
    await figure.scrollIntoViewIfNeeded();
    await figure.locator("svg.marks").first().waitFor();
  }
}

const shownFigures = (page) => page.$$eval("main figure:not([hidden])", (all) => all.map((one) => one.id.replace("figure-", "")));
const rowCount = (page, table) => page.locator(`${table} tbody tr`).count();
const hashOf = (page) => page.evaluate(() => new URLSearchParams(location.hash.slice(1)).toString());

async function violations(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return found.violations.map((one) => `${one.id}: ${one.nodes.length} ${one.nodes[0].html.slice(0, 160)} ${one.nodes[0].failureSummary.replaceAll("\n", " ")}`);
}

const checks = {
  async figures() {
    const { page, said } = await open(pages[0]);
    await walk(page);
    assert.deepEqual(await shownFigures(page), ["accuracy", "transfer", "alignment", "corpora", "lens", "correlation", "flips", "heatmap", "recovery", "ablations", "ablated_alignment", "repairs", "translations", "translation_alignment", "translation_patches"]);
    for (const caption of await page.locator("main figure:not([hidden]) figcaption").allInnerTexts()) {
      assert.match(caption, /\d+ (to \d+ )?(items?|languages?|sentences?)/, "a caption says how many it rests on");
    }
    const marks = await page.locator("#figure-flips svg path").count();
    assert.ok(marks > 50, `${marks} marks`);
    const box = await page.locator("#figure-accuracy svg").boundingBox();
    await page.locator("#figure-accuracy").scrollIntoViewIfNeeded();
    for (const mark of await page.locator("#figure-accuracy svg .mark-symbol path").all()) {
      await mark.hover({ force: true });
      if (await page.locator("#tip.shown").count()) break;
    }
    assert.match(await page.locator("#tip").innerText(), /Accuracy[\s\S]*%/, "values are shown on hover");
    assert.ok(box.width > 300);
    await page.locator("#alignment select").selectOption("dali_margin");
    await page.locator("#figure-alignment figcaption").filter({ hasText: "cosines" }).waitFor();
    assert.match(await hashOf(page), /metric=dali_margin/);
    assert.deepEqual(said, []);
  },

  async files() {
    const { page, said } = await open(pages[0]);
    await walk(page);
    const save = async (button) => {
      const [download] = await Promise.all([page.waitForEvent("download"), page.locator("#figure-flips").getByRole("button", { name: button, exact: true }).click()]);
      return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
    };
    const svg = await save("SVG"), png = await save("PNG"), json = await save("Vega-Lite");
    assert.equal(svg.name, "flips.svg");
    assert.match(svg.bytes.toString(), /^<svg[\s\S]*<\/svg>$/);
    assert.doesNotMatch(svg.bytes.toString(), /var\(--/, "a file has colours of its own");
    assert.equal(png.bytes.subarray(1, 4).toString(), "PNG");
    assert.match(JSON.parse(json.bytes).$schema, /vega-lite/);
    await page.locator("#figure-flips").getByRole("button", { name: "Numbers" }).click();
    const numbers = "#figure-flips .numbers";
    await page.locator(numbers).getByRole("button", { name: "rate", exact: true }).click();
    assert.equal(await page.locator(`${numbers} th[aria-sort]`).getAttribute("aria-sort"), "descending");
    const rates = await page.locator(`${numbers} tbody tr`).evaluateAll((rows) => {
      const column = [...rows[0].closest("table").querySelectorAll("th")].findIndex((one) => one.textContent === "rate");
      return rows.map((row) => Number(row.children[column].textContent));
    });
    assert.deepEqual(rates, [...rates].sort((a, b) => b - a), "the table is sorted");
    await page.locator(`${numbers} input`).fill("same_gold");
    assert.match(await page.locator(`${numbers} .status`).innerText(), /^\d+ of \d+ rows$/);
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]).catch(() => {});
    const [csv] = await Promise.all([page.waitForEvent("download"), page.locator(numbers).getByRole("button", { name: "Save CSV" }).click()]);
    const lines = readFileSync(await csv.path(), "utf8").trim().split("\r\n");
    assert.match(lines[0], /^task,protocol,language,.*rate_ci_low,rate_ci_high/);
    assert.ok(lines.slice(1).every((line) => line.includes("same_gold")), "the filter holds for the file");
    await page.locator(numbers).getByRole("button", { name: "Copy CSV" }).click();
    await page.locator(numbers).getByText("Copied", { exact: true }).last().waitFor();
    assert.deepEqual(said, []);
  },

  async items() {
    const { page, said } = await open(pages[0]);
    await page.locator("#items").scrollIntoViewIfNeeded();
    await page.locator("#items tbody tr").first().waitFor();
    const status = () => page.locator("#items .note").innerText();
    const all = Number((await status()).split(" ")[0]);
    const choose = (label, value) => page.locator("#items label").filter({ hasText: label }).locator("select").selectOption(value);
    await choose("Language", "ar");
    await choose("Group", "TF");
    await choose("Category", "cause");
    await choose("Flipped at block", "any");
    const some = Number((await status()).split(" ")[0]);
    assert.ok(some > 0 && some < all, `${some} of ${all}`);
    assert.equal(await rowCount(page, "#items"), some);
    for (const row of await page.locator("#items tbody tr").allInnerTexts()) assert.match(row, /Arabic.*cause.*TF/s);
    const hash = await hashOf(page);
    const again = await open(pages[0], { hash: `#${hash}` });
    await again.page.locator("#items").scrollIntoViewIfNeeded();
    await again.page.locator("#items tbody tr").first().waitFor();
    assert.equal(await rowCount(again.page, "#items"), some, "the address keeps the filter");

    await page.locator("#items tbody a").first().click();
    await page.locator("dialog[open] svg").nth(1).waitFor();
    assert.match(await hashOf(page), /item=/);
    const arabic = page.locator("dialog .card").filter({ hasText: "Arabic" }).locator(".context bdi");
    assert.equal(await arabic.getAttribute("lang"), "ar");
    assert.equal(await arabic.evaluate((one) => getComputedStyle(one).direction), "rtl");
    assert.equal(await page.locator("dialog .card").filter({ hasText: "English" }).locator(".context bdi").evaluate((one) => getComputedStyle(one).direction), "ltr");
    assert.match(await page.locator("dialog .card").first().innerText(), /right option/);
    await page.keyboard.press("Escape");
    await page.waitForFunction(() => !document.querySelector("dialog").open);
    assert.doesNotMatch(await hashOf(page), /item=/);
    assert.deepEqual([...said, ...again.said], []);
  },

  async translations() {
    const { page, said } = await open(pages[0]);
    await page.locator("#sentences").scrollIntoViewIfNeeded();
    const row = page.locator("#sentences tbody tr").filter({ hasText: "Arabic" }).first();
    const arabic = page.locator("#sentences tbody tr").filter({ hasText: "Arabic" }).nth(1);  // the first begins with Latin letters
    assert.equal(await arabic.locator("bdi").first().evaluate((one) => getComputedStyle(one).direction), "rtl");
    await row.locator("a").click();
    const dialog = page.locator("dialog[open]");
    await dialog.locator(".card").nth(2).waitFor();
    assert.match(await dialog.locator(".card").first().innerText(), /<script>alert\(1\)<\/script>/, "a hostile sentence is text");
    assert.match(await dialog.locator("tbody").innerText(), /clean[\s\S]*resid_post@0 last main 0/);
    assert.match(await hashOf(page), /sentence=/);
    const again = await open(pages[0], { hash: `#${await hashOf(page)}` });
    await again.page.locator("dialog[open] .card").first().waitFor();
    await page.keyboard.press("Escape");
    await page.waitForFunction(() => !document.querySelector("dialog[open]"));
    assert.doesNotMatch(await hashOf(page), /sentence=/);
    assert.equal(await page.locator("script").count(), 2);
    assert.deepEqual([...said, ...again.said], []);
  },

  async hostile() {
    const { page, said } = await open(pages[0], { hash: "#item=<b>0</b>" });
    await page.locator("dialog[open] .card").first().waitFor();
    const card = page.locator("dialog .card").first();
    assert.equal(await page.locator("#item-title").innerText(), "Item <b>0</b>, cause");
    assert.match(await card.locator(".context").innerText(), /^<script>alert\(1\)<\/script><\/script><!-- \{\{7\*7\}\} \$\{7\*7\}/);
    assert.match(await card.locator(".options").innerText(), /<img src=x onerror=alert\(2\)>/);
    assert.match(await card.locator(".options").innerText(), /U\+202E/, "what turns a text is shown");
    assert.equal(await page.locator("script").count(), 2);
    assert.equal(await page.locator("img, iframe, object, embed, b").count(), 0);
    await page.goto(`${pathToFileURL(pages[0]).href}#item=1`);
    await page.reload();
    await page.locator("dialog[open] .card").first().waitFor();
    assert.ok((await page.locator("dialog .card").first().locator(".context").innerText()).length >= 100_000, "a long item is whole");
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    const refused = await page.evaluate(() => {
      const script = document.createElement("script");
      script.textContent = "globalThis.ran = true";
      document.body.append(script);
      return !globalThis.ran;
    });
    assert.ok(refused, "the policy lets no other script run");
    said.splice(0, said.length, ...said.filter((line) => !line.includes("Content Security Policy")));
    assert.deepEqual(said, []);
  },

  async keyboard() {
    const { page, said } = await open(pages[0]);
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the results");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "main");
    const reached = new Set();
    await page.locator("#items").scrollIntoViewIfNeeded();
    await page.locator("#items tbody tr").first().waitFor();
    await walk(page);
    await page.locator("nav a").first().focus();
    for (let i = 0; i < 200 && !reached.has("item"); ++i) {
      await page.keyboard.press("Tab");
      const at = await page.evaluate(() => {
        const one = document.activeElement;
        return one.closest("#items tbody") ? "item" : one.tagName === "SUMMARY" ? "summary" : one.tagName === "SELECT" ? "select" : one.closest("figure .tools") ? "tools" : one.tagName;
      });
      reached.add(at);
    }
    for (const what of ["select", "tools", "summary", "item"]) assert.ok(reached.has(what), `${what} is reached by Tab`);
    await page.keyboard.press("Enter");
    await page.locator("dialog[open]").waitFor();
    assert.ok(await page.evaluate(() => document.activeElement.closest("dialog")), "the focus is in the item");
    await page.keyboard.press("Escape");
    await page.waitForFunction(() => !document.querySelector("dialog").open);
    assert.ok(await page.evaluate(() => document.activeElement.closest("#items")), "the focus comes back");
    assert.deepEqual(said, []);
  },

  async access() {
    for (const colorScheme of ["light", "dark"]) {
      const { page, said } = await open(pages[0], { colorScheme });
      await walk(page);
      for (const one of await page.locator("#conclusions details").all()) await one.locator("summary").click();
      await page.locator("#figure-flips").getByRole("button", { name: "Numbers" }).click();
      assert.deepEqual(await violations(page), [], colorScheme);
      await page.locator("#items tbody a").first().click();
      await page.locator("dialog[open] svg").first().waitFor();
      assert.deepEqual(await violations(page), [], `${colorScheme}, an item`);
      assert.deepEqual(said, []);
    }
  },

  async screens() {
    const phone = await open(pages[0], { viewport: { width: 360, height: 740 } });
    await walk(phone.page);
    assert.ok(await phone.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "a phone shows all of the width");
    for (const box of await phone.page.locator("main figure svg.marks").evaluateAll((all) => all.map((one) => one.getBoundingClientRect().right)))
      assert.ok(box <= 361, `a figure ends at ${box}`);
    const print = await open(pages[0], { colorScheme: "dark" });
    const pdf = await print.page.pdf({ format: "A4" });
    assert.ok((pdf.toString("latin1").match(/\/Type \/Page\b/g) ?? []).length >= 8, "a figure a page");
    assert.ok(await print.page.evaluate(() => [...document.querySelectorAll("main figure:not([hidden])")].every((one) => one.querySelector("svg"))), "all are drawn for print");
    await print.page.emulateMedia({ media: "print" });
    for (const hidden of ["nav", "#items", "main .tools >> nth=0", "main .choosers >> nth=0"]) assert.ok(!(await print.page.locator(hidden).isVisible()), `${hidden} is not printed`);
    assert.equal(await print.page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(255, 255, 255)", "print is light");
    assert.deepEqual([...phone.said, ...print.said], []);
  },

  async compared() {
    const { page, said } = await open(pages[0]);
    await walk(page);
    assert.equal(await page.locator("#figure-flips svg.marks").count(), 2, "side by side");
    assert.equal(await page.locator("#figure-compared svg.marks").count(), 1, "one drawing of both");
    assert.match(await page.locator("#figure-compared figcaption").innerText(), /\d+ items? a point/);
    assert.equal(await page.locator("#figure-compared .runname").count(), 0);
    const changed = page.locator("#compare .datatable").last();
    assert.ok((await changed.locator("tbody tr").count()) > 0);
    await changed.locator("tbody a").first().click();
    await page.locator("dialog[open] .card").first().waitFor();
    await page.keyboard.press("Escape");
    await page.locator("#items").scrollIntoViewIfNeeded();
    const choose = page.locator("#items label").filter({ hasText: "Results" }).locator("select");
    await choose.selectOption({ index: 1 });
    assert.match(await hashOf(page), /run=/);
    assert.deepEqual(said, []);
  },

  async big() {
    const { page, said } = await open(pages[0]);
    const ready = await page.evaluate(() => performance.getEntriesByName("ready")[0].startTime);
    process.stdout.write(`ready after ${Math.round(ready)} ms\n`);
    assert.ok(ready < 8000, `${ready} ms; a machine at rest needs less than 2000`);
    await page.locator("#items").scrollIntoViewIfNeeded();
    await page.locator("#items tbody tr").first().waitFor();
    assert.deepEqual(said, []);
  },
};

try {
  await checks[name]();
} catch (error) {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
} finally {
  await browser.close();
}
