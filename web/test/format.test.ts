import { beforeEach, describe, expect, it, vi } from "vitest";
import { clockStart, kmh, minutes, number, ratioClass, timeOfDay, trend } from "../src/format";
import { chooseLanguage, setLanguage } from "../src/i18n";

beforeEach(() => {
  vi.stubGlobal("document", { documentElement: { lang: "" } });
  setLanguage("en", false);
});

describe("numbers", () => {
  it("have the digits asked for", () => {
    expect(number(12345.678, 1)).toBe("12,345.7");
    expect(number(-0.2)).toBe("0");
    expect(number(-0.6)).toBe("-1");
  });
  it("are a dash where there is none", () => {
    for (const nothing of [null, undefined, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(number(nothing)).toBe("–");
    }
    expect(kmh(null)).toBe("–");
  });
  it("turn metres per second into km/h", () => {
    expect(kmh(10, 1)).toBe("36.0");
  });
});

describe("times", () => {
  it("are minutes and seconds", () => {
    expect(minutes(0)).toBe("0:00");
    expect(minutes(59.6)).toBe("1:00");
    expect(minutes(754)).toBe("12:34");
    expect(minutes(null)).toBe("–");
  });
  it("count from the clock at second 0", () => {
    expect(clockStart("07:12:30", 750.4)).toBe(7 * 3600);
    expect(timeOfDay(7 * 3600 + 61)).toBe("07:01");
    expect(timeOfDay(24 * 3600 + 60)).toBe("00:01");
  });
});

describe("ratioClass", () => {
  it("has the index's thresholds, each belonging to the better class", () => {
    expect([1, 0.7, 0.699, 0.5, 0.499, 0.35, 0.349, 0].map(ratioClass)).toEqual([
      0, 0, 1, 1, 2, 2, 3, 3,
    ]);
    expect(ratioClass(null)).toBe(4);
  });
});

describe("trend", () => {
  const rows = [
    { t: 60, value: 10 },
    { t: 300, value: 20 },
    { t: 600, value: 30 },
  ];
  const read = (row: never): number | null => (row as { value: number }).value;
  it("compares with five minutes ago", () => {
    expect(trend(rows, read, 660, 25, 1)).toEqual({ direction: "up", by: 5 });
    expect(trend(rows, read, 660, 15, 1)).toEqual({ direction: "down", by: -5 });
    expect(trend(rows, read, 660, 20.4, 1).direction).toBe("flat");
  });
  it("says nothing before five minutes have passed", () => {
    expect(trend(rows, read, 300, 25, 1).direction).toBe("none");
    expect(trend(rows, read, 660, null, 1).direction).toBe("none");
  });
});

describe("chooseLanguage", () => {
  it("takes the address first, then the last choice, then the browser", () => {
    expect(chooseLanguage("en", "zh", ["zh-CN"])).toBe("en");
    expect(chooseLanguage(null, "zh", ["en-GB"])).toBe("zh");
    expect(chooseLanguage(null, null, ["de", "en-US"])).toBe("en");
    expect(chooseLanguage("xx", null, ["de"])).toBe("zh");
  });
});
