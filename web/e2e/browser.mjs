// Headless Chromium with WebGL in software, and what a page did while it was open.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const RESULTS = join(fileURLToPath(new URL(".", import.meta.url)), "..", "test-results");
const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
export const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

const FLAGS = [
  "--use-angle=swiftshader",
  "--enable-unsafe-swiftshader",
  "--headless",
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: FLAGS,
  });
}

/** Opens a page and notes errors and every host it speaks to. */
export async function open(browser, address, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  const seen = { errors: [], hosts: new Set() };
  page.on("console", (message) => {
    if (message.type() === "error") seen.errors.push(message.text());
  });
  page.on("pageerror", (error) => seen.errors.push(String(error.stack ?? error)));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith("http")) seen.hosts.add(url.host);
  });
  page.on("websocket", (socket) => seen.hosts.add(new URL(socket.url()).host));
  await page.goto(address);
  return { context, page, seen };
}

/** Waits until the map has drawn links and has had vehicles. */
export async function ready(page) {
  await page.waitForFunction(
    () => {
      const element = document.querySelector("city-map");
      return element?.map?.loaded() && element.motion.count > 0;
    },
    undefined,
    { timeout: 60_000 },
  );
}

/** Keeps a picture of the page in test-results. */
export function shot(page, name) {
  mkdirSync(RESULTS, { recursive: true });
  return page.screenshot({ path: join(RESULTS, `${name}.png`), timeout: 60_000 });
}

/** Pixels of the middle of the first signal in view that no control covers. */
export function signalInView(page) {
  return page.evaluate(() => {
    const { map } = document.querySelector("city-map");
    const frame = map.getCanvas().getBoundingClientRect();
    for (const feature of map.queryRenderedFeatures({ layers: ["signals-halo"] })) {
      const at = map.project(feature.geometry.coordinates);
      const [x, y] = [frame.left + at.x, frame.top + at.y];
      if (document.elementFromPoint(x, y) === map.getCanvas()) return { id: feature.id, x, y };
    }
    return null;
  });
}

/** Axe finds nothing serious. */
export async function accessible(page) {
  // Through the debugger, which the page's content security policy does not bind.
  await page.evaluate(readFileSync(AXE, "utf8"));
  const { violations } = await page.evaluate(() =>
    globalThis.axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }),
  );
  const grave = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  const found = grave.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`);
  assert.deepEqual(found, []);
}
