import { expect, it } from "vitest";
import type { Comparison } from "../src/api/types";
import { bothSides } from "../src/live/comparison";

it("compares the halves at the seconds that both have come to", () => {
  const comparison = {
    columns: ["t", "running", "mean_speed"],
    left: {
      rows: [
        [0, 5, null],
        [10, 6, 4],
      ],
    },
    right: { rows: [[0, 5, null]] },
  } as unknown as Comparison;
  expect(bothSides(comparison, "running")).toEqual({ times: [0], left: [5], right: [5] });
  expect(bothSides(comparison, "mean_speed").left).toEqual([null]);
});
