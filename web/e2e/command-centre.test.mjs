// The Command centre in a real browser against a real server.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { accessible, launch, open, PHONE, ready, shot, signalInView } from "./browser.mjs";
import { startServer } from "./server.mjs";

let server;
let browser;

before(async () => {
  server = await startServer();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Positions of all drawn vehicles, Web Mercator. */
const positions = (page) =>
  page.evaluate(() => [...document.querySelector("city-map").motion.positions(performance.now())]);

describe("the Command centre", () => {
  it("loads without errors and without any foreign host, and draws the network", async () => {
    const { context, page, seen } = await open(browser, `${server.address}/?lang=en`);
    await ready(page);
    const drawn = await page.evaluate(() => {
      const { map } = document.querySelector("city-map");
      const links = new Set();
      for (const { id } of map.queryRenderedFeatures({
        layers: ["ground-speed", "elevated-speed"],
      }))
        links.add(id);
      const coloured = [...links].filter((id) => {
        const { ratio } = map.getFeatureState({ source: "city", sourceLayer: "links", id });
        return typeof ratio === "number" && ratio >= 0;
      });
      return { links: links.size, coloured: coloured.length };
    });
    assert.ok(drawn.links > 50, `${drawn.links} links drawn`);
    assert.ok(drawn.coloured > 0, "no link shows a speed");
    assert.deepEqual([...seen.hosts], [new URL(server.address).host]);
    assert.deepEqual(seen.errors, []);
    await page.waitForTimeout(2500);
    await shot(page, "1440x900");
    await context.close();
  });

  it("moves vehicles, between frames too", async () => {
    const { context, page, seen } = await open(browser, `${server.address}/?lang=en`);
    await ready(page);
    const first = new Map(await positions(page));
    await page.waitForTimeout(3000);
    const second = await positions(page);
    assert.ok(second.length > 0);
    const metre = 1 / 40_075_016 / Math.cos((30 * Math.PI) / 180);
    const moved = second.filter(([id, [x, y]]) => {
      const before = first.get(id);
      return before && Math.hypot(x - before[0], y - before[1]) > metre;
    });
    assert.ok(moved.length > 0, `none of ${second.length} vehicles moved`);
    // Ten frames come in a second; a vehicle that moves is drawn in far more places than that.
    const liveliest = () =>
      page.evaluate(async () => {
        const { motion } = document.querySelector("city-map");
        const drawn = new Map();
        const end = performance.now() + 1000;
        while (performance.now() < end) {
          for (const [id, place] of motion.positions(performance.now())) {
            drawn.set(id, (drawn.get(id) ?? new Set()).add(String(place)));
          }
          await new Promise((resolve) => setTimeout(resolve, 8));
        }
        return Math.max(...[...drawn.values()].map((set) => set.size));
      });
    // A machine under load may look too seldom in one second.
    let places = 0;
    for (let second = 0; second < 8 && places <= 20; second++) places = await liveliest();
    assert.ok(places > 20, `the liveliest vehicle was drawn in ${places} places in a second`);
    assert.deepEqual(seen.errors, []);
    await context.close();
  });

  it("opens a junction on a click and shows its phases and queues", async () => {
    const { context, page, seen } = await open(browser, `${server.address}/?lang=en`);
    await ready(page);
    const signal = await signalInView(page);
    assert.ok(signal, "no signal in view");
    await page.mouse.click(signal.x, signal.y);
    await page.waitForSelector("signal-plan .phase-card");
    await page.waitForSelector(
      "signal-plan .movement.protected, signal-plan .movement.permissive, signal-plan .movement.yellow, signal-plan .movement.red",
    );
    const shown = await page.evaluate(async (index) => {
      const plan = document.querySelector("signal-plan");
      const detail = await (await fetch(`/api/v1/signals/${index}`)).json();
      return {
        cards: plan.querySelectorAll(".phase-card").length,
        // Short phases that give green to nobody new are clearances and have no card.
        stages: detail.phases.filter(({ green, duration }, at) => {
          const before = detail.phases.at(at - 1).green;
          return duration > 6 || green.some((group) => !before.includes(group));
        }).length,
        rows: plan.querySelectorAll(".queues tbody tr").length,
        groups: detail.groups.length,
      };
    }, signal.id);
    assert.ok(shown.cards > 0);
    assert.equal(shown.cards, shown.stages);
    assert.equal(shown.rows, shown.groups);
    await page.evaluate((id) => {
      const { map } = document.querySelector("city-map");
      const feature = map
        .querySourceFeatures("city", { sourceLayer: "signals" })
        .find((one) => one.id === id);
      map.jumpTo({ center: feature.geometry.coordinates, zoom: 17.6 });
    }, signal.id);
    await page.waitForFunction(
      () => document.querySelector("city-map").labelCount() > 0,
      undefined,
      { timeout: 20_000 },
    );
    await page.waitForTimeout(2500);
    await shot(page, "junction-1440x900");
    await page.keyboard.press("Escape");
    await page.waitForSelector("worst-links", { state: "visible" });
    assert.deepEqual(seen.errors, []);
    await context.close();
  });

  it("shows a link that is picked from the ranking", async () => {
    const { context, page, seen } = await open(browser, `${server.address}/?lang=en`);
    await ready(page);
    const zoom = await page.evaluate(() => document.querySelector("city-map").map.getZoom());
    await page.locator("worst-links .ranking button:visible").first().click({ timeout: 60_000 });
    await page.waitForSelector("link-card .facts dd");
    const facts = await page.locator("link-card .facts dt").allTextContents();
    for (const name of ["Class", "Lanes", "Limit", "Mean speed", "Flow", "Queue"]) {
      assert.ok(facts.includes(name), `${name} is missing`);
    }
    await page.waitForFunction(
      (before) => document.querySelector("city-map").map.getZoom() > before + 0.5,
      zoom,
      { timeout: 30_000 },
    );
    await page.waitForTimeout(2000);
    await shot(page, "link-1440x900");
    assert.deepEqual(seen.errors, []);
    await context.close();
  });

  it("changes controller, speed and pause, and says so", async () => {
    const { context, page, seen } = await open(browser, `${server.address}/?lang=en`);
    await ready(page);
    const scenario = await page.evaluate(async () => (await fetch("/api/v1/scenario")).json());
    const other = scenario.controllers.find(({ id }) => id !== scenario.status.controller);
    assert.ok(other, "only one controller is offered");
    await page.selectOption("#controller", other.id);
    await page.waitForFunction(
      async (id) => (await (await fetch("/api/v1/scenario")).json()).status.controller === id,
      other.id,
    );
    await page.waitForFunction(
      (title) => document.querySelector("[role=status]").textContent.includes(title),
      other.title.en,
    );
    await page.locator('.speeds [data-speed="10"]').click();
    await page.waitForSelector('.speeds [data-speed="10"][aria-pressed="true"]');
    await page.locator("city-map canvas").focus();
    await page.keyboard.press("Space");
    await page.waitForSelector('.run[data-state="paused"]');
    // Frames that were under way still come.
    await page.waitForTimeout(1000);
    const before = await page.locator(".clock").textContent();
    await page.waitForTimeout(1500);
    assert.equal(await page.locator(".clock").textContent(), before);
    await page.keyboard.press("Space");
    await page.waitForSelector('.run[data-state="running"]');
    await page.selectOption("#controller", scenario.status.controller);
    assert.deepEqual(seen.errors, []);
    await context.close();
  });

  it("is in Chinese or English as one likes", async () => {
    const { context, page } = await open(browser, `${server.address}/?lang=zh`);
    await ready(page);
    await page.waitForSelector("text=平均速度");
    assert.equal(await page.getAttribute("html", "lang"), "zh-Hans");
    await shot(page, "zh-1440x900");
    await page.locator(".language").click();
    await page.waitForSelector("text=Mean speed");
    assert.equal(await page.getAttribute("html", "lang"), "en");
    await context.close();
  });

  it("works on a phone", async () => {
    const { context, page, seen } = await open(browser, `${server.address}/?lang=zh`, PHONE);
    await ready(page);
    await page.waitForTimeout(2500);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(overflow <= 0, `${overflow} pixels too wide`);
    await shot(page, "390x844");
    await page.locator(".sheet-handle").click();
    assert.equal(await page.getAttribute(".sheet-handle", "aria-expanded"), "true");
    await page.waitForTimeout(600);
    await shot(page, "sheet-390x844");
    assert.deepEqual(seen.errors, []);
    await context.close();
  });

  it("passes axe in both languages, with a junction open and with help open", async () => {
    const { context, page } = await open(browser, `${server.address}/?lang=en`, {
      bypassCSP: true,
    });
    await ready(page);
    await accessible(page);
    const signal = await signalInView(page);
    await page.mouse.click(signal.x, signal.y);
    await page.waitForSelector("signal-plan .phase-card");
    await accessible(page);
    await page.keyboard.press("l");
    await page.keyboard.press("?");
    await page.waitForSelector("help-dialog dialog[open]");
    await accessible(page);
    await shot(page, "help-1440x900");
    await context.close();
  });

  it("can be worked by keyboard alone", async () => {
    const { context, page } = await open(browser, `${server.address}/?lang=en`);
    await ready(page);
    const reached = new Set();
    for (let press = 0; press < 60; press++) {
      await page.keyboard.press("Tab");
      reached.add(
        await page.evaluate(() => {
          const { activeElement: element } = document;
          return element?.id || element?.dataset.figure || element?.className || element?.localName;
        }),
      );
    }
    for (const name of ["controller", "demand", "mean-speed", "delay-index", "pause", "language"]) {
      assert.ok(reached.has(name), `Tab does not reach ${name}: ${[...reached].join(", ")}`);
    }
    await page.locator('[data-figure="delay-index"]').focus();
    await page.waitForSelector("#definition-delay-index", { state: "visible" });
    await page.keyboard.press("Escape");
    await page.waitForSelector("#definition-delay-index", { state: "hidden" });
    await context.close();
  });
});

describe("when the server goes away", () => {
  it("says so in red, and recovers by itself", async () => {
    const { context, page } = await open(browser, `${server.address}/?lang=en`);
    await ready(page);
    await page.waitForSelector('.fresh[data-state="live"]');
    await context.setOffline(true);
    // Chromium keeps an open WebSocket when it goes offline; closing it stands for a lost server.
    await page.evaluate(() => document.querySelector("city-map").model.dropConnection());
    await page.waitForSelector('.fresh[data-state="offline"]', { timeout: 20_000 });
    await shot(page, "offline-1440x900");
    await context.setOffline(false);
    await page.waitForSelector('.fresh[data-state="live"]', { timeout: 40_000 });
    await context.close();
  });
});
