// Headless Chromium with WebGL in software, and what a page did while it was open.
import { chromium } from "playwright-core";

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
