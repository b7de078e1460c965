import { describe, expect, it, vi } from "vitest";
import type { MovementGroup } from "../src/api/types";
import { exitBearing } from "../src/elements/junction-geometry";
import { stages } from "../src/elements/stages";
import { named, setLanguage } from "../src/i18n";
import { en } from "../src/i18n/en";
import { zh } from "../src/i18n/zh";
import { readHistory } from "../src/live/model";
import { rankLinks } from "../src/live/ranking";
import { retryDelay } from "../src/live/socket";
import { localMatrix } from "../src/map/vehicle-layer";

describe("rankLinks", () => {
  it("ranks by vehicles times what they lose", () => {
    const ranked = rankLinks(
      [
        { link: 1, ratio: 0.9, count: 10, waiting: 0 },
        { link: 2, ratio: 0.2, count: 10, waiting: 6 },
        { link: 3, ratio: 0, count: 20, waiting: 20 },
        { link: 4, ratio: null, count: 0, waiting: 0 },
        { link: 5, ratio: 1, count: 50, waiting: 0 },
      ],
      2,
    );
    expect(ranked.map(({ link, lost }) => [link, lost])).toEqual([
      [3, 20],
      [2, 8],
    ]);
  });
});

describe("readHistory", () => {
  it("goes by the names of the columns", () => {
    const [row] = readHistory({ columns: ["mean_speed", "t", "running"], rows: [[9.5, 60, 12]] });
    expect(row).toMatchObject({ t: 60, running: 12, meanSpeed: 9.5, throughput: null });
  });
});

describe("retryDelay", () => {
  it("doubles, is bounded and jitters", () => {
    expect(retryDelay(0, 0.5)).toBe(500);
    expect(retryDelay(3, 0.5)).toBe(4000);
    expect(retryDelay(50, 0)).toBe(11250);
    expect(retryDelay(50, 1)).toBe(18750);
  });
});

describe("exitBearing", () => {
  const group = (bearing: number, direction: MovementGroup["direction"]): MovementGroup => ({
    index: 0,
    from: "A",
    to: "B",
    from_link: 0,
    to_link: 1,
    direction,
    bearing,
    aspect: "red",
    queue: 0,
    count: 0,
    saturation_flow: 1800,
  });
  it("snaps to the leg that is there", () => {
    const skewed = group(70, "straight");
    const groups = [group(0, "left"), group(180, "straight"), group(265, "left"), skewed];
    // From the west on a leg that bends: out towards where traffic bound 265° comes from.
    expect(exitBearing(skewed, groups)).toBe(85);
    expect(exitBearing(group(0, "right"), groups)).toBe(85);
    expect(exitBearing(group(0, "left"), groups)).toBe(250);
  });
});

describe("localMatrix", () => {
  it("keeps centimetres at street level", () => {
    const scale = 512 * 2 ** 20;
    const matrix = [scale, 0, 0, 0, 0, scale, 0, 0, 0, 0, 1, 0, -0.83 * scale, -0.41 * scale, 0, 1];
    const local = localMatrix(matrix, 0.83, 0.41);
    // One unit is 2^-20 of the square: 512 pixels at this zoom.
    expect(local[0]).toBeCloseTo(512, 6);
    expect(local[12]).toBeCloseTo(0, 3);
    expect(local[13]).toBeCloseTo(0, 3);
  });
});

describe("the tables of strings", () => {
  it("have the same places to fill in, and no empty string", () => {
    const places = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
    for (const name of Object.keys(en) as (keyof typeof en)[]) {
      expect(zh[name], name).not.toBe("");
      expect(places(zh[name]), name).toEqual(places(en[name]));
    }
  });
});

describe("stages", () => {
  const phase = (index: number, green: number[]) => ({ index, name: null, duration: 3, green });
  it("leaves out what only clears the junction", () => {
    const plan = [
      phase(0, [1, 9]),
      phase(1, [9]),
      phase(2, [9]),
      phase(3, [2, 3, 9]),
      phase(4, [9]),
    ];
    expect(stages(plan).map(({ index }) => index)).toEqual([0, 3]);
    // Group 1 stays green from one stage to the next.
    const kept = [phase(0, [1, 2]), phase(1, [1]), phase(2, [1, 3]), phase(3, [])];
    expect(stages(kept).map(({ index }) => index)).toEqual([0, 2]);
    // A long phase is a stage even if it only takes green away.
    const lag = [phase(0, [1, 2]), { ...phase(1, [1]), duration: 12 }, phase(2, [])];
    expect(stages(lag).map(({ index }) => index)).toEqual([0, 1]);
    expect(stages([])).toEqual([]);
    expect(stages([phase(0, [1]), phase(1, [1])])).toHaveLength(2);
  });
});

describe("named", () => {
  it("takes the language's part of a bilingual name", () => {
    vi.stubGlobal("document", { documentElement: { lang: "" } });
    const name = "运济路 Yunji Road 入口 entrance";
    setLanguage("en", false);
    expect(named(name)).toBe("Yunji Road entrance");
    expect(named("解放路")).toBe("解放路");
    setLanguage("zh", false);
    expect(named(name)).toBe("运济路入口");
    expect(named("road_1_2")).toBe("road_1_2");
  });
});
