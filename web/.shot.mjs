import { chromium } from "playwright-core";
const [url, ...steps] = process.argv.slice(2); // steps: name|w|h|script|wait
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: "--use-angle=swiftshader --enable-unsafe-swiftshader --headless --no-sandbox --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync".split(" ") });
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
const seen = new Map();
const log = (t) => seen.set(t, (seen.get(t) ?? 0) + 1);
page.on("console", (m) => log(m.type() + " " + m.text()));
page.on("pageerror", (e) => log("PAGEERROR " + e.stack.slice(0, 400)));
page.on("requestfailed", (r) => log("FAILED " + r.url() + " " + r.failure().errorText));
await page.goto(url); await page.waitForTimeout(7000);
for (const step of steps) {
  const [name, w, h, script, wait] = step.split("|");
  await page.setViewportSize({ width: +w, height: +h });
  if (script) await page.evaluate(script);
  await page.waitForTimeout(+(wait || 5000));
  await page.screenshot({ path: `/tmp/${name}.png`, timeout: 60000 });
}
for (const [k, v] of seen) console.log(v, k);
await browser.close();
