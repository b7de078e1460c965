// The Bureau in a real browser against a real server with the demonstration city's data.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { launch, open } from "./browser.mjs";
import { startServer } from "./server.mjs";

const RESULTS = join(fileURLToPath(new URL(".", import.meta.url)), "..", "test-results");
const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
/** A thousand people and a dev build on a busy machine. */
const FILL_TIMEOUT_MS = 600_000;
const PAGES = [
  "/bureau",
  "/bureau/catalogue",
  "/bureau/datasets/residents",
  "/bureau/agreements",
  "/bureau/agreements/matrix",
  "/bureau/transfers",
  "/bureau/ledger",
  "/bureau/ledger/0",
  "/bureau/quarantine",
  "/bureau/sql",
  "/my-data",
];

let server;
let browser;

before(async () => {
  mkdirSync(RESULTS, { recursive: true });
  // With E2E_ADDRESS, a server that runs already.
  const address = process.env.E2E_ADDRESS;
  server = address ? { address, stop: () => {} } : await startServer({ data: true });
  browser = await launch();
  await filled();
});

/** Waits until the demonstration city has its records: it is served while it is being filled. */
async function filled() {
  const end = Date.now() + FILL_TIMEOUT_MS;
  while ((await (await fetch(`${server.address}/bureau`)).text()).includes("inset filling")) {
    assert.ok(Date.now() < end, "the city is still being filled");
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

after(async () => {
  await browser?.close();
  await server?.stop();
});

const shot = (page, name) =>
  page.screenshot({ path: join(RESULTS, `bureau-${name}.png`), timeout: 60_000 });
const name = (path) => path.replace(/^\/(bureau\/)?/, "").replaceAll("/", "-");

const ask = (context, path) => context.request.get(server.address + path);

/** Acts as a department. */
async function act(page, department) {
  await page.selectOption("#acting", department);
  await page.click('.demonstration button:not([type="button"])');
  await page.waitForFunction(
    (wanted) => document.querySelector("#acting option[selected]")?.value === wanted,
    department,
  );
}

async function accessible(page, where) {
  await page.evaluate(readFileSync(AXE, "utf8"));
  const { violations } = await page.evaluate(() =>
    globalThis.axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }),
  );
  const found = violations.map(
    ({ id, nodes }) => `${where} ${id}: ${nodes.map(({ html }) => html).join(" | ")}`,
  );
  assert.deepEqual(found, []);
}

describe("the Bureau", () => {
  it("shows every page without errors and without any foreign host, wide and on a phone", async () => {
    for (const [size, options] of [
      ["wide", {}],
      ["phone", PHONE],
    ]) {
      const { context, page, seen } = await open(
        browser,
        `${server.address}/bureau?lang=en`,
        options,
      );
      for (const path of PAGES) {
        const answer = await page.goto(server.address + path);
        assert.equal(answer.status(), 200, path);
        assert.ok(await page.isVisible("main h1"), path);
        const overflow = await page.evaluate(
          () => document.documentElement.scrollWidth - innerWidth,
        );
        assert.ok(overflow <= 0, `${path} is ${overflow} pixels too wide on a ${size} screen`);
        await shot(page, `${name(path)}-${size}`);
      }
      assert.deepEqual([...seen.hosts], [new URL(server.address).host]);
      assert.deepEqual(seen.errors, []);
      await context.close();
    }
  });

  it("passes axe on every page, light and dark, in both languages", async () => {
    for (const [colorScheme, lang] of [
      ["light", "zh"],
      ["dark", "en"],
    ]) {
      const { context, page } = await open(browser, `${server.address}/bureau?lang=${lang}`, {
        bypassCSP: true,
        colorScheme,
      });
      for (const path of PAGES) {
        await page.goto(server.address + path);
        if (path === "/bureau/ledger/0") await page.waitForSelector(".verdict[data-state]");
        await accessible(page, `${path} ${colorScheme}`);
      }
      await shot(page, `my-data-${colorScheme}-${lang}`);
      await context.close();
    }
  });

  it("is reached from the Command centre", async () => {
    const { context, page } = await open(browser, `${server.address}/?lang=en`);
    await page.click("status-header a.bureau");
    await page.waitForURL("**/bureau");
    await context.close();
  });

  it("works without JavaScript", async () => {
    const { context, page } = await open(browser, `${server.address}/bureau/catalogue?lang=en`, {
      javaScriptEnabled: false,
    });
    await page.fill("#q", "resident");
    await page.click(".filters button");
    await page.click(".results h2 a");
    assert.ok(await page.isVisible("text=Who uses it, and why"));
    await act(page, "taxation");
    assert.equal(await page.inputValue("#acting"), "taxation");
    await context.close();
  });

  it("checks an entry's proof in the browser, and finds a changed byte", async () => {
    const { context, page, seen } = await open(
      browser,
      `${server.address}/bureau/ledger/0?lang=en`,
    );
    await page.waitForSelector('.verdict[data-state="good"]');
    const whole = await page.locator(".proof-steps li").count();
    assert.ok(whole >= 5, `${whole} steps`);
    await page.click("ledger-proof button");
    await page.waitForSelector('.verdict[data-state="bad"]');
    await shot(page, "proof-changed");
    await page.click("ledger-proof button");
    await page.waitForSelector('.verdict[data-state="good"]');
    await shot(page, "proof");
    assert.deepEqual(seen.errors, []);
    await context.close();
  });

  it("tells a person who has read what, as it happens", async () => {
    const { context, page } = await open(browser, `${server.address}/my-data?lang=en`);
    const watcher = await context.newPage();
    await watcher.goto(`${server.address}/bureau/transfers`);
    await watcher.waitForSelector(".stream-state.good");
    await page.locator('.inset input[name="kind"][value="person"] ~ button').click();
    await page.waitForSelector("text=Readings");
    const before = await page.locator("ol.results > li").count();
    await page.click('button[formaction="/my-data/readings"][value=""]');
    await page.waitForSelector("text=has just read records");
    assert.equal(await page.locator("ol.results > li").count(), before + 1);
    await page.click('button[formaction="/my-data/readings"][value="none"]');
    await page.waitForSelector("ol.results > li.denied");
    await shot(page, "readings");
    await watcher.waitForSelector("tr.new");
    await watcher.waitForSelector("tr.new.denied");
    await shot(watcher, "transfers-live");
    assert.ok(!page.url().match(/\d{17}/), "a number stands in the address");
    await page.locator("ol.results li:not(.denied) a[href^='/bureau/ledger/']").first().click();
    await page.waitForLoadState();
    await context.close();
  });

  it("answers a question with a table and a chart", async () => {
    const { context, page, seen } = await open(browser, `${server.address}/bureau/sql?lang=en`);
    await page.fill("#sql", "SELECT * FROM (VALUES ('east', 3), ('west', 5)) AS t(side, homes)");
    await page.click('.console button[value=""]');
    await page.waitForSelector(".answer tbody tr");
    assert.equal(await page.locator(".answer tbody tr").count(), 2);
    assert.equal(await page.locator(".chart rect.bar").count(), 2);
    await shot(page, "sql-answer");
    await page.fill("#sql", "DROP TABLE x");
    await page.click('.console button[value=""]');
    await page.waitForSelector(".errors");
    assert.ok(await page.evaluate(() => document.activeElement.classList.contains("errors")));
    assert.deepEqual(seen.errors, []);
    await context.close();
  });

  it("lets both sides sign an agreement", async () => {
    const { context, page } = await open(browser, `${server.address}/bureau?lang=en`);
    const listed = await (await ask(context, "/exchange/v1/agreements")).json();
    const active = listed.find(({ standing }) => standing === "active");
    assert.ok(active, "no agreement is active");
    await page.goto(`${server.address}/bureau/agreements/${active.id}`);
    await act(page, active.provider);
    await page.click("form.next button.grave");
    await page.waitForSelector("h2 .tag.revoked");
    assert.equal(await page.locator(".steps li").count(), active.steps.length + 1);
    await shot(page, "agreement");
    await context.close();
  });

  it("has nothing in quarantine after the first filling", async () => {
    const { context, page } = await open(browser, `${server.address}/bureau?lang=en`);
    assert.equal(
      await page.locator('.figures a[href="/bureau/quarantine"] .value').textContent(),
      "0",
    );
    await page.goto(`${server.address}/bureau/quarantine`);
    assert.ok(await page.isVisible("text=There is nothing in it."));
    await context.close();
  });

  it("shows every place of the navigation and tables as cards on a phone", async () => {
    const { context, page } = await open(
      browser,
      `${server.address}/bureau/agreements?lang=en`,
      PHONE,
    );
    for (const link of await page.locator("header nav a").all()) {
      const { x, width } = await link.boundingBox();
      const name = await link.textContent();
      assert.ok(x >= 0 && x + width <= 390, `${name} is out of sight: ${x} + ${width}`);
    }
    for (const path of ["/bureau/agreements", "/bureau/ledger", "/bureau/datasets/residents"]) {
      await page.goto(server.address + path);
      const hidden = await page
        .locator(".wide:has(table.stack)")
        .evaluateAll((tables) => tables.map((one) => one.scrollWidth - one.clientWidth));
      assert.ok(hidden.length > 0, path);
      assert.ok(
        hidden.every((pixels) => pixels <= 1),
        `${path} hides ${hidden} pixels of its tables`,
      );
    }
    await context.close();
  });

  it("leads from a dataset to its parts, its agreements and a question about it", async () => {
    const { context, page, seen } = await open(
      browser,
      `${server.address}/bureau/datasets/home-purchase-contracts?lang=en`,
    );
    await act(page, "housing");
    const links = await page
      .locator(".contents a")
      .evaluateAll((all) => all.map((one) => one.hash));
    assert.ok(links.length >= 6, `${links}`);
    for (const hash of links) assert.equal(await page.locator(`h2${hash}`).count(), 1, hash);
    await page.click('#access + dl a[href^="/bureau/agreements"]');
    await page.waitForSelector("tbody tr");
    const about = await page
      .locator('tbody td[data-label="Dataset"]')
      .evaluateAll((cells) => [...new Set(cells.map((one) => one.textContent))]);
    assert.equal(about.length, 1, `${about}`);
    await page.goBack();
    await page.click('#access + dl a[href^="/bureau/sql"]');
    assert.match(
      await page.inputValue("#sql"),
      /^SELECT \*\s+FROM housing\.home_purchase_contracts/,
    );
    await page.click('.console button[value=""]');
    await page.waitForSelector(".answer tbody tr", { timeout: 60_000 });
    assert.equal(await page.locator(".answer tbody tr").count(), 20);
    assert.deepEqual(seen.errors, []);
    await context.close();
  });

  it("says what to do where nothing fits", async () => {
    const { context, page } = await open(
      browser,
      `${server.address}/bureau/agreements?q=nothing-like-it&lang=en`,
    );
    assert.ok(await page.isVisible("text=No agreement fits."));
    await page.click("text=Show them all");
    await page.waitForSelector("tbody tr");
    await page.goto(`${server.address}/bureau/catalogue?q=nothing-like-it`);
    assert.ok(await page.isVisible("text=None fits."));
    await page.click("text=Show them all");
    await page.waitForSelector(".results li");
    await context.close();
  });

  it("gives the whole catalogue to other catalogues", async () => {
    const { context } = await open(browser, `${server.address}/bureau/catalogue?lang=en`);
    const turtle = await (await ask(context, "/bureau/catalogue.ttl")).text();
    const { "@graph": graph } = await (await ask(context, "/bureau/catalogue.jsonld")).json();
    const page = await (await ask(context, "/bureau/catalogue")).text();
    const count = Number(page.match(/role="status">(\d+) /)[1]);
    assert.ok(count > 200, `${count} datasets`);
    assert.equal(turtle.match(/ a dcat:Dataset /g).length, count);
    assert.equal(graph.filter((node) => node["@type"] === "dcat:Dataset").length, count);
    // A thousand people fill all but a few of the datasets; the catalogue itself has a date as well.
    const dated = turtle.match(/dct:modified /g).length;
    assert.ok(dated > count - 5 && dated <= count + 1, `${dated} of ${count}`);
    await context.close();
  });

  it("can be worked by keyboard alone", async () => {
    const { context, page } = await open(browser, `${server.address}/bureau/catalogue?lang=en`);
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "main");
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.id), "q");
    const outline = await page.evaluate(
      () => getComputedStyle(document.activeElement).outlineStyle,
    );
    assert.equal(outline, "solid", "what has the focus is not seen");
    await page.keyboard.type("residents");
    await page.keyboard.press("Enter");
    await page.waitForURL("**q=residents**");
    assert.equal(await page.locator(".results h2 a").first().textContent(), "Residents");
    await context.close();
  });
});
