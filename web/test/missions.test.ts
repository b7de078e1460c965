import { describe, expect, it } from "vitest";
import type { LiveMission } from "../src/api/types";
import { isUnderWay, MissionStore } from "../src/live/missions";

const mission = (id: number, state: LiveMission["state"]): LiveMission => ({
  id,
  run: 1,
  state,
  reason: null,
  priority: true,
  unit: "a1",
  vehicle: 7,
  scene: 3,
  street: "Street",
  scene_place: [120, 30],
  ordered: 10,
  ordered_clock: "07:00:10",
  estimate: 60,
  arrived: null,
  time_to_scene: null,
  ended: null,
  stops: 0,
  stood: 0,
  rerouted: 0,
  place: null,
  route: [1, 2, 3],
  to_go: 2,
  ahead: [],
  held: [5],
});

describe("MissionStore", () => {
  it("holds what the stream says and tells its listeners", () => {
    const store = new MissionStore();
    let told = 0;
    store.on("change", () => told++, new AbortController().signal);
    store.take({ missions: [mission(1, "on-the-way")], paying_back: [4] });
    expect(store.missions.map(({ id }) => id)).toEqual([1]);
    expect(store.payingBack).toEqual([4]);
    expect(told).toBe(1);
  });
});

describe("isUnderWay", () => {
  it("is true until the scene is reached or the mission is called off", () => {
    const states = ["dispatched", "on-the-way", "at-scene", "cleared", "cancelled"] as const;
    expect(states.filter((state) => isUnderWay(mission(1, state)))).toEqual([
      "dispatched",
      "on-the-way",
    ]);
  });
});
