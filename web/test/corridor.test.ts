import { describe, expect, it } from "vitest";
import type { CorridorDiagram } from "../src/api/types";
import { bands, figures, greens, taken } from "../src/live/corridor";

/** Two stop lines 500 m apart, 50 s at free flow; 60 s cycles, half green, the second 50 s later. */
function report(from: number, to: number, run = 1): CorridorDiagram {
  const aspects = (shift: number): [number, number][] => {
    const changes: [number, number][] = [];
    for (let start = -120 + shift; start < to; start += 60) {
      changes.push([start, 3], [start + 30, 0]);
    }
    return changes.filter(([t]) => t <= to);
  };
  const stop = (signal: number, at: number, free: number, shift: number) => ({
    signal,
    id: `s${signal}`,
    cross_street: null,
    at,
    free_seconds: free,
    aspects: aspects(shift),
  });
  const frames: [number, number[]][] = [];
  // One vehicle at 10 m/s that stands for 20 s at 400 m.
  for (let t = from + 1; t <= to; t++) {
    const metres = t <= 40 ? 10 * t : t <= 60 ? 400 : 400 + 10 * (t - 60);
    if (metres >= 0 && metres <= 700) frames.push([t, [7, metres]]);
  }
  return {
    run,
    links: [0, 1],
    length: 700,
    free_seconds: 70,
    t: to,
    began: 0,
    kept: 900,
    stops: [stop(0, 100, 10, 0), stop(1, 600, 60, 50)],
    frames,
  };
}

describe("the records of a corridor", () => {
  it("grow with each report and begin afresh with another run", () => {
    const first = taken(null, report(0, 50));
    expect(first.traces.get(7)?.length).toBe(2 * 50);
    const later = taken(first, report(50, 90));
    expect(later).toBe(first);
    expect(later.traces.get(7)?.length).toBe(2 * 90);
    expect(later.stops[0]?.aspects.length).toBe(
      new Set(later.stops[0]?.aspects.map(([t]) => t)).size,
    );
    // The server gave the recording up and began another: the seconds between are unknown.
    const resumed = taken(later, { ...report(300, 310), began: 300 });
    expect(resumed).not.toBe(later);
    expect(resumed.began).toBe(300);
    const again = taken(later, report(0, 20, 2));
    expect(again.traces.get(7)?.length).toBe(2 * 20);
  });

  it("forget what is older than the server keeps", () => {
    const records = taken(null, report(0, 90));
    taken(records, { ...report(990, 1000), frames: [] });
    expect(records.traces.size).toBe(0);
    expect(records.began).toBe(100);
  });
});

describe("what is read off a diagram", () => {
  it("joins green that goes on with another strength, and cuts it at the edges", () => {
    expect(
      greens(
        [
          [0, 0],
          [10, 2],
          [20, 3],
          [30, 1],
          [33, 0],
          [60, 3],
        ],
        15,
        70,
      ),
    ).toEqual([
      [15, 30],
      [60, 70],
    ]);
  });

  it("gives cycle, share of green, offset, and a band as wide as the whole green", () => {
    const records = taken(null, report(0, 600));
    const found = figures(records, 0, 600);
    expect(found.stops[0]).toEqual({ green: 0.5, cycle: 60, offset: 0 });
    expect(found.stops[1]?.offset).toBe(50);
    // Half a cycle at the edge is not a whole one.
    expect(Math.abs((found.band ?? 0) - 30)).toBeLessThan(1);
    expect(bands(records, 0, 600)?.[0]).toEqual([0, 30]);
  });

  it("finds no band where the second light is red whenever one comes", () => {
    const base = report(0, 600);
    const late = base.stops.map((stop, k) =>
      k === 0
        ? stop
        : { ...stop, aspects: base.stops[0]?.aspects.map(([t, a]) => [t + 20, a] as const) ?? [] },
    );
    const records = taken(null, { ...base, stops: late });
    expect(figures(records, 0, 600).band).toBe(0);
  });

  it("counts the stops of those who drove all along", () => {
    const records = taken(null, report(0, 100));
    const found = figures(records, 0, 100);
    expect(found.through).toBe(1);
    expect(found.stopsPerVehicle).toBe(1);
    expect(found.travelTime).toBe(70);
  });
});
