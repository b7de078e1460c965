// The tasks of the Command centre in a real browser against a real server.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { accessible, launch, open, PHONE, ready, shot } from "./browser.mjs";
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

const ask = (page, path) =>
  page.evaluate(async (address) => (await fetch(`/api/v1${address}`)).json(), path);

/** Opens a task on a phone and waits for what it shows; nothing is wider than the screen. */
async function openOnPhone(task, shown) {
  const opened = await open(browser, `${server.address}/?lang=zh#${task}`, PHONE);
  await ready(opened.page);
  await opened.page.waitForSelector(shown);
  const width = await opened.page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= 390, `${width}`);
  return opened;
}

/** Waits until both maps of a comparison have vehicles. */
const bothMapsLive = (page) =>
  page.waitForFunction(
    () => {
      const maps = [...document.querySelectorAll("compare-stage city-map")];
      return (
        maps.length === 2 && maps.every(({ map, motion }) => map?.loaded() && motion.count > 0)
      );
    },
    undefined,
    { timeout: 90_000 },
  );

/** Picks on the map what lies under the middle of a feature that nothing covers. */
async function pickOnMap(page, layer, wanted) {
  const at = await page.evaluate(
    ([name, id]) => {
      const { map } = document.querySelector("main.map > city-map");
      const frame = map.getCanvas().getBoundingClientRect();
      for (const feature of map.queryRenderedFeatures({ layers: [name] })) {
        if (id !== null && feature.id !== id) continue;
        // A street of several lanes.
        if (feature.geometry.type === "LineString" && feature.properties.lanes < 2) continue;
        const { type, coordinates } = feature.geometry;
        const line = type === "LineString" ? coordinates : [coordinates];
        const [a, b] = [line[Math.floor((line.length - 1) / 2)], line[Math.ceil(line.length / 2)]];
        const end = b ?? a;
        const place = map.project([(a[0] + end[0]) / 2, (a[1] + end[1]) / 2]);
        const [x, y] = [frame.left + place.x, frame.top + place.y];
        const around = [
          [place.x - 16, place.y - 16],
          [place.x + 16, place.y + 16],
        ];
        // A junction so near would be picked instead.
        const taken = map.queryRenderedFeatures(around, { layers: ["signals-halo"] });
        if (name !== "signals-halo" && taken.length > 0) continue;
        if (document.elementFromPoint(x, y) === map.getCanvas()) return { id: feature.id, x, y };
      }
      return null;
    },
    [layer, wanted ?? null],
  );
  assert.ok(at, `no ${layer} in view`);
  await page.mouse.click(at.x, at.y);
  return at.id;
}

describe("two futures side by side", () => {
  it("begin at the same second, go on apart, and are told in figures", async () => {
    const { context, page, seen } = await open(browser, `${server.address}/?lang=en`);
    await ready(page);
    await page.locator('task-tabs [data-task="compare"]').click();
    await page.waitForSelector("compare-panel select#compare-right option", { state: "attached" });
    assert.equal(await page.inputValue("#compare-left"), "plan");
    assert.equal(await page.inputValue("#compare-right"), "brain");
    await page.selectOption("#compare-length", "5");
    await page.selectOption("#compare-speed", "60");
    const before = await ask(page, "/scenario");
    await page.locator("compare-panel button[type=submit]").click();
    await bothMapsLive(page);
    const { comparisons } = await ask(page, "/comparisons");
    const [report] = comparisons;
    assert.ok(report.from >= before.status.t, "from the second of the click");
    assert.deepEqual(report.left.rows[0], report.right.rows[0]);
    const titles = await page.locator("compare-stage .pane-head b").allTextContents();
    const title = (id) => before.controllers.find((one) => one.id === id).title.en;
    assert.deepEqual(titles, [title("plan"), title("brain")]);
    await page.waitForFunction(
      () => document.querySelectorAll("compare-panel .uplot").length >= 4,
      undefined,
      { timeout: 60_000 },
    );
    // What one map shows the other shows too.
    const centres = await page.evaluate(async () => {
      const [left, right] = document.querySelectorAll("compare-stage city-map");
      left.map.jumpTo({ zoom: left.map.getZoom() + 1 });
      await new Promise((resolve) => setTimeout(resolve, 300));
      return [left.map.getZoom(), right.map.getZoom()];
    });
    assert.ok(Math.abs(centres[0] - centres[1]) < 1e-6, `${centres}`);
    await page.waitForFunction(
      async (id) => (await (await fetch(`/api/v1/comparisons/${id}`)).json()).state === "finished",
      report.id,
      { timeout: 120_000 },
    );
    await page.waitForSelector("text=New comparison");
    const last = await ask(page, `/comparisons/${report.id}`);
    const shown = await page.evaluate(() => {
      const row = document.querySelector('compare-panel [data-column="running"]');
      return [...row.querySelectorAll("td")].slice(0, 2).map((cell) => cell.textContent);
    });
    const running = (half) => half.rows.at(-1)[last.columns.indexOf("running")];
    const number = (text) => Number(text.replaceAll(",", ""));
    assert.deepEqual(shown.map(number), [running(last.left), running(last.right)]);
    assert.notDeepEqual(last.left.rows.at(-1), last.right.rows.at(-1));
    await shot(page, "compare-1440x900");
    assert.deepEqual(seen.errors, []);
    assert.deepEqual([...seen.hosts], [new URL(server.address).host]);
    await page.locator("text=New comparison").click();
    await page.waitForSelector("compare-panel button[type=submit]", { state: "visible" });
    await page.waitForSelector("main.map > city-map", { state: "visible" });
    await context.close();
  });

  it("can be started and ended by keyboard, in Chinese, and pass axe", async () => {
    const { context, page } = await open(browser, `${server.address}/?lang=zh`, {
      bypassCSP: true,
    });
    await ready(page);
    await page.keyboard.press("2");
    await page.waitForSelector("compare-panel select#compare-right option", { state: "attached" });
    await accessible(page);
    await page.locator("compare-panel button[type=submit]").focus();
    await page.keyboard.press("Enter");
    await bothMapsLive(page);
    await accessible(page);
    await page.getByRole("button", { name: "结束" }).focus();
    await page.keyboard.press("Enter");
    await page.waitForSelector("compare-panel button[type=submit]", { state: "visible" });
    await context.close();
  });

  it("fit a phone", async () => {
    const { context, page, seen } = await open(browser, `${server.address}/?lang=zh`, PHONE);
    await ready(page);
    await page.locator('task-tabs [data-task="compare"]').click();
    await page.waitForSelector("compare-panel select#compare-right option", { state: "attached" });
    await page.locator("compare-panel button[type=submit]").click();
    await bothMapsLive(page);
    await page.waitForTimeout(2500);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(overflow <= 0, `${overflow} pixels too wide`);
    await shot(page, "compare-390x844");
    await page.getByRole("button", { name: "结束" }).click();
    assert.deepEqual(seen.errors, []);
    await context.close();
  });
});

describe("the green wave", () => {
  it("is drawn for a street, and given in figures too", async () => {
    const { context, page, seen } = await open(browser, `${server.address}/?lang=en#corridor`, {
      bypassCSP: true,
    });
    await ready(page);
    await page.locator('.speeds [data-speed="30"]').click();
    await page.waitForFunction(
      () => document.querySelectorAll("#corridor-street option").length > 1,
    );
    await page.selectOption("#corridor-street", "0");
    await page.waitForSelector("#corridor-table tbody tr", { timeout: 120_000 });
    const { corridors } = await ask(page, "/corridors");
    const [street] = corridors;
    const diagram = await ask(page, `/corridors/diagram?links=${street.links.join(",")}`);
    const rows = await page.locator("#corridor-table tbody tr").count();
    assert.equal(rows, diagram.stops.length);
    assert.ok(diagram.stops.length >= 3);
    await page.waitForTimeout(6000);
    // Lines of vehicles and bars of signals are on the canvas.
    const colours = await page.evaluate(() => {
      const canvas = document.querySelector("corridor-diagram canvas");
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      const counts = { red: 0, green: 0, blue: 0 };
      for (let k = 0; k < data.length; k += 4) {
        const [r, g, b, a] = data.slice(k, k + 4);
        if (a < 100) continue;
        if (r > 200 && g < 120) counts.red++;
        else if (g > 200 && r < 120 && b < 190) counts.green++;
        else if (b > 180 && r < 170) counts.blue++;
      }
      return counts;
    });
    for (const [name, count] of Object.entries(colours)) {
      assert.ok(count > 100, `${count} ${name} pixels`);
    }
    await accessible(page);
    await shot(page, "corridor-1440x900");
    assert.deepEqual(seen.errors, []);
    await context.close();
  });

  it("is drawn between two junctions picked on the map", async () => {
    const { context, page, seen } = await open(browser, `${server.address}/?lang=en#corridor`);
    await ready(page);
    const { corridors } = await ask(page, "/corridors");
    const { signals } = corridors[0];
    await pickOnMap(page, "signals-halo", signals[0]);
    await page.waitForSelector("text=Now click the end");
    await pickOnMap(page, "signals-halo", signals[3]);
    await page.waitForFunction(() => {
      const { chosen } = document.querySelector("city-map").model.corridor;
      return chosen !== null;
    });
    const chosen = await page.evaluate(
      () => document.querySelector("city-map").model.corridor.chosen.signals,
    );
    assert.ok(chosen.includes(signals[0]) && chosen.includes(signals[3]), `${chosen}`);
    assert.deepEqual(seen.errors, []);
    await context.close();
  });

  it("fits a phone", async () => {
    const { context, page, seen } = await open(
      browser,
      `${server.address}/?lang=zh#corridor`,
      PHONE,
    );
    await ready(page);
    await page.waitForFunction(
      () => document.querySelectorAll("#corridor-street option").length > 1,
    );
    await page.selectOption("#corridor-street", "0");
    await page.waitForSelector("#corridor-table tbody tr", { timeout: 120_000 });
    await page.waitForTimeout(3000);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(overflow <= 0, `${overflow} pixels too wide`);
    await shot(page, "corridor-390x844");
    assert.deepEqual(seen.errors, []);
    await context.close();
  });
});

describe("an ambulance", () => {
  it("sets out twice from the same second, and is followed to the scene", async () => {
    const { context, page, seen } = await open(browser, `${server.address}/?lang=en#missions`, {
      bypassCSP: true,
    });
    await ready(page);
    const { units } = await ask(page, "/traffic/units");
    assert.ok(units.length > 0, "the demonstration city has ambulances");
    await page.getByRole("radio", { name: "Try it in two futures" }).check();
    const send = page.locator("mission-panel button[type=submit]");
    assert.equal(await send.isDisabled(), true, "nothing is sent nowhere");
    await pickOnMap(page, "ground-speed");
    await page.waitForSelector("mission-panel button[type=submit]:enabled");
    const [scene] = await page.evaluate(() => [
      ...document.querySelector("city-map").model.marks.corridor,
    ]);
    await accessible(page);
    await send.focus();
    await page.keyboard.press("Enter");
    await bothMapsLive(page);
    const { comparisons } = await ask(page, "/comparisons");
    const sent = comparisons.at(-1);
    assert.equal(sent.left.mission.arm, "blue-light");
    assert.equal(sent.right.mission.arm, "priority");
    assert.equal(sent.left.mission.unit, sent.right.mission.unit);
    assert.equal(sent.left.mission.route.at(-1), scene);
    await page.waitForSelector(".mission-mark.scene");
    let arrived = sent;
    for (const begun = Date.now(); Date.now() - begun < 180_000; await page.waitForTimeout(1000)) {
      arrived = await ask(page, `/comparisons/${sent.id}`);
      if ([arrived.left, arrived.right].every(({ mission }) => mission.stage === "arrived")) break;
    }
    const { left, right } = arrived;
    assert.deepEqual([left.mission.stage, right.mission.stage], ["arrived", "arrived"]);
    const times = [left, right].map(({ mission }) => mission.arrived - mission.ordered);
    await page.waitForFunction(
      (wanted) => {
        const row = document.querySelector('mission-panel [data-row="missionTime"]');
        const shown = [...row.querySelectorAll("td")].map((cell) => cell.textContent);
        return shown.join() === wanted.join();
      },
      times.map((time) => String(Math.round(time))),
      // Two maps drawn in software leave little time for anything else.
      { timeout: 120_000, polling: 500 },
    );
    await accessible(page);
    await shot(page, "mission-1440x900");
    await page.getByRole("button", { name: /^(End|New comparison)$/ }).click();
    assert.deepEqual(seen.errors, []);
    await context.close();
  });
});

/** Sends an ambulance to a street in view of the map, and answers the mission. */
async function sendThroughCity(page) {
  await pickOnMap(page, "ground-speed");
  await page.waitForSelector("mission-panel button[type=submit]:enabled");
  const answered = page.waitForResponse(
    (response) =>
      response.request().method() === "POST" &&
      new URL(response.url()).pathname === "/api/v1/missions",
  );
  await page.locator("mission-panel button[type=submit]").click();
  const sent = await (await answered).json();
  await page.waitForSelector(`dispatch-list [data-mission="${sent.id}"]`);
  return sent;
}

describe("an ambulance in the running city", () => {
  it("is sent, shown with its wave, followed until it is at the scene, and called off", async () => {
    const { context, page, seen } = await open(browser, `${server.address}/?lang=en#missions`, {
      bypassCSP: true,
    });
    await ready(page);
    assert.equal(await page.getByRole("radio", { name: "In the running city" }).isChecked(), true);
    await page.locator('.speeds [data-speed="5"]').click();
    await accessible(page);
    const sent = await sendThroughCity(page);
    assert.equal(sent.priority, true);
    assert.ok(sent.unit, "the soonest of the city's units goes");
    const row = page.locator(`[data-mission="${sent.id}"]`);
    await page.waitForSelector(".mission-mark.vehicle.running");
    await page.waitForSelector(".mission-mark.scene");
    // Its way is lined on the map, and signals of the wave are ringed.
    await page.waitForFunction(
      () => {
        const { map, model } = document.querySelector("main.map > city-map");
        const state = (sourceLayer, id) => map.getFeatureState({ source: "city", sourceLayer, id });
        const way = [...model.marks.mission];
        const held = model.missions.missions.flatMap((one) => one.held);
        return (
          way.length > 0 &&
          way.every((id) => state("links", id).mission) &&
          held.length > 0 &&
          held.every((id) => state("signals", id).held)
        );
      },
      undefined,
      { timeout: 120_000, polling: 100 },
    );
    await row.getByRole("button", { name: "Show" }).click();
    await page.waitForTimeout(3000);
    await accessible(page);
    await shot(page, "dispatch-1440x900");
    await page.locator('.speeds [data-speed="30"]').click();
    let mission = sent;
    for (const begun = Date.now(); Date.now() - begun < 180_000; await page.waitForTimeout(500)) {
      mission = await ask(page, `/missions/${sent.id}`);
      if (mission.time_to_scene !== null) break;
    }
    assert.ok(["at-scene", "cleared"].includes(mission.state), mission.state);
    assert.equal(mission.time_to_scene, mission.arrived - mission.ordered);
    const seconds = Math.round(mission.time_to_scene);
    const time = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    await row.getByText(`At the scene after ${time}`).waitFor({ timeout: 60_000 });
    await shot(page, "dispatch-arrived-1440x900");
    // Another one, called off on its way.
    await page.locator('.speeds [data-speed="1"]').click();
    await page.keyboard.press("f");
    await page.waitForTimeout(1500);
    const next = await sendThroughCity(page);
    assert.notEqual(next.id, sent.id);
    const second = page.locator(`[data-mission="${next.id}"]`);
    await second.getByRole("button", { name: "Call off" }).click();
    await second.getByText("called off").waitFor();
    const ended = await ask(page, `/missions/${next.id}`);
    assert.deepEqual([ended.state, ended.reason], ["cancelled", "asked"]);
    await page.waitForFunction(
      () => document.querySelectorAll(".mission-mark.vehicle.running").length === 0,
    );
    assert.deepEqual(seen.errors, []);
    await context.close();
  });

  it("fits a phone", async () => {
    const { context, page, seen } = await openOnPhone("missions", "dispatch-list [data-mission]");
    await shot(page, "dispatch-390x844");
    await page.locator(".sheet-handle").click();
    await page.waitForTimeout(500);
    await shot(page, "dispatch-panel-390x844");
    assert.deepEqual(seen.errors, []);
    await context.close();
  });
});

describe("closures", () => {
  it("close a lane of a picked link, mark it, and open it again", async () => {
    const { context, page, seen } = await open(browser, `${server.address}/?lang=en#closures`, {
      bypassCSP: true,
    });
    await ready(page);
    await pickOnMap(page, "ground-speed");
    await page.waitForSelector("closure-panel [data-lane]");
    await accessible(page);
    const close = page.locator("closure-panel [data-lane] button:enabled", { hasText: "Close" });
    await close.first().focus();
    await page.keyboard.press("Enter");
    await page.waitForSelector("text=Open again");
    const { closures } = await ask(page, "/closures");
    assert.equal(closures.length, 1);
    const { link } = closures[0];
    const marked = () =>
      page.evaluate(
        (id) =>
          document
            .querySelector("city-map")
            .map.getFeatureState({ source: "city", sourceLayer: "links", id }).closed,
        link,
      );
    assert.equal(await marked(), true);
    await page.waitForTimeout(1000);
    await shot(page, "closures-1440x900");
    await page.getByRole("button", { name: "Open again" }).first().click();
    await page.waitForSelector("text=No lane is closed.");
    assert.equal(await marked(), false);
    // What it would cost is a comparison with the same controller on both sides.
    await page.locator("closure-panel button:enabled", { hasText: "cost" }).first().click();
    await bothMapsLive(page);
    const { comparisons } = await ask(page, "/comparisons");
    const cost = comparisons.at(-1);
    assert.equal(cost.left.controller, cost.right.controller);
    assert.equal(cost.right.closed_lanes.length, 1);
    await page.getByRole("button", { name: "End", exact: true }).click();
    assert.deepEqual(seen.errors, []);
    await context.close();
  });
});

describe("congestion", () => {
  it("is told for the city, by quarter hour and by link, and a street is shown on the map", async () => {
    const { context, page, seen } = await open(browser, `${server.address}/?lang=en#congestion`, {
      bypassCSP: true,
    });
    await ready(page);
    const row = page.locator('congestion-panel [data-row="congestionIndex"] td');
    await row.first().waitFor();
    const districts = page.locator('[data-table="districts"] tbody tr');
    // A run that has just begun has measured nothing yet, or not in every district, and the panel
    // asks every ten seconds.
    let shown = Number.NaN;
    let measured = [];
    for (const begun = Date.now(); Date.now() - begun < 90_000; await page.waitForTimeout(1000)) {
      const [city] = (await ask(page, "/traffic/index")).measured;
      ({ measured } = await ask(page, "/traffic/index?by=district"));
      const links = await page.locator('[data-table="links"] tbody button').count();
      if (!city || links === 0 || (await row.count()) === 0) continue;
      if ((await districts.count()) !== measured.length) continue;
      shown = Number(await row.first().textContent());
      if (Math.abs(shown - city.tti.value) < 0.3) break;
      shown = Number.NaN;
    }
    assert.ok(shown >= 1, `${shown}`);
    const [low, high] = (await row.nth(1).textContent()).split("–").map(Number);
    assert.ok(low <= shown && shown <= high, `${low} ${shown} ${high}`);
    assert.ok((await page.locator('[data-table="series"] tbody tr').count()) > 0);
    assert.ok(measured.length > 1, "the demonstration city has districts");
    const street = page.locator('[data-table="links"] tbody button').first();
    const link = Number(await street.getAttribute("data-link"));
    await accessible(page);
    await street.focus();
    await page.keyboard.press("Enter");
    const marked = await page.evaluate(() => [
      ...document.querySelector("city-map").model.marks.corridor,
    ]);
    assert.deepEqual(marked, [link]);
    await shot(page, "congestion-1440x900");
    assert.deepEqual(seen.errors, []);
    await context.close();
  });

  it("fits a phone", async () => {
    const shown = '[data-table="links"] tbody tr';
    const { context, page, seen } = await openOnPhone("congestion", shown);
    await shot(page, "congestion-390x844");
    assert.deepEqual(seen.errors, []);
    await context.close();
  });
});

describe("incidents", () => {
  it("are listed where a lane is closed that others drove on, and shown on the map", async () => {
    const { context, page, seen } = await open(browser, `${server.address}/?lang=en#congestion`, {
      bypassCSP: true,
    });
    await ready(page);
    // A whole morning is ahead, and the map leaves the machine to the city.
    const morning = { restart: true, speed: 60, paused: false };
    await page.evaluate(async (change) => {
      const headers = { "content-type": "application/json" };
      const body = JSON.stringify(change);
      const answer = await fetch("/api/v1/control", { method: "POST", headers, body });
      if (!answer.ok) throw new Error(await answer.text());
    }, morning);
    const until = async (what, done) => {
      for (const begun = Date.now(); Date.now() - begun < 240_000; await page.waitForTimeout(500)) {
        const found = await done();
        if (found) return found;
      }
      assert.fail(`not in time: ${what}`);
    };
    await page.waitForSelector("incident-list >> text=Incidents");
    // What is usual is known after six intervals; the first few are those of empty roads.
    await until("ten intervals", async () => {
      const { interval_s: interval } = await ask(page, "/traffic/incidents");
      return (await ask(page, "/scenario")).status.t >= 10 * interval;
    });
    // The middle lanes of the busiest streets: from the lanes beside them everybody gets on.
    const { measured } = await ask(page, "/traffic/index?by=link&top=1000");
    measured.sort((a, b) => b.observations - a.observations);
    const closed = new Set();
    for (const { link } of measured) {
      const { lanes, first_lane: first } = await ask(page, `/links/${link}`);
      if (lanes < 3) continue;
      await page.evaluate(
        (lane) => document.querySelector("main.map > city-map").model.closures.close(lane),
        first + 1,
      );
      closed.add(link);
      if (closed.size === 6) break;
    }
    const { closures } = await ask(page, "/closures");
    assert.equal(closures.length, closed.size);
    const found = await until("an incident of a closed lane", async () => {
      const { open } = await ask(page, "/traffic/incidents");
      return open.find(({ link, method, evidence }) => {
        const silent = method === "silence" && evidence.lanes.includes(1);
        return silent && closed.has(link);
      });
    });
    assert.equal(found.evidence.speed, null);
    assert.ok(found.evidence.usual_speed > 0 && found.until === null && found.since < found.found);
    // It stays as long as the lane is closed, so the page has it within one refresh.
    const row = page.locator(
      `incident-list [data-incident="${found.link}"][data-method="silence"]`,
    );
    await row.first().waitFor();
    assert.match(await row.first().textContent(), /Nobody passes any more \(lane .*2.*\)/);
    await accessible(page);
    await row.first().getByRole("button").focus();
    await page.keyboard.press("Enter");
    const marked = await page.evaluate(() => [
      ...document.querySelector("main.map > city-map").model.marks.corridor,
    ]);
    assert.deepEqual(marked, [found.link]);
    await shot(page, "incidents-1440x900");
    for (const { lane } of closures) {
      await page.evaluate(
        (lane) => document.querySelector("main.map > city-map").model.closures.open(lane),
        lane,
      );
    }
    await page.waitForFunction(
      () => document.querySelector("main.map > city-map").model.closures.closures.length === 0,
    );
    assert.deepEqual(seen.errors, []);
    await context.close();
  });
});
