import { describe, expect, it } from "vitest";
import { UNITS_PER_MERCATOR, type VehicleFrame } from "../src/live/frames";
import { INSTANCE_BYTES, Motion, turned } from "../src/live/motion";

function frame(
  t: number,
  vehicles: readonly (readonly [id: number, x: number, y: number])[],
  origin = 0.5,
): VehicleFrame {
  const look = new Uint8Array(vehicles.length * 4);
  for (let k = 0; k < vehicles.length; k++) look.set([10, 50, 23, 0], 4 * k);
  return {
    kind: "vehicles",
    t,
    originX: origin,
    originY: 0.5,
    count: vehicles.length,
    id: Uint32Array.from(vehicles, ([id]) => id),
    position: Float32Array.from(vehicles.flatMap(([, x, y]) => [x, y])),
    look,
  };
}

/** Where a vehicle is drawn, units from mercator (0.5, 0.5). */
function drawn(motion: Motion, id: number, now: number): [number, number] {
  const place = motion.positions(now).get(id);
  if (!place) throw new Error(`vehicle ${id} is not drawn`);
  return [(place[0] - 0.5) * UNITS_PER_MERCATOR, (place[1] - 0.5) * UNITS_PER_MERCATOR];
}

describe("Motion", () => {
  it("draws vehicles between two frames", () => {
    const motion = new Motion();
    motion.push(frame(0, [[1, 0, 0]]), 5000);
    motion.push(frame(0.1, [[1, 0.1, 0.04]]), 5100);
    expect(drawn(motion, 1, 5100)[0]).toBeCloseTo(0, 4);
    expect(drawn(motion, 1, 5150)[0]).toBeCloseTo(0.05, 4);
    expect(drawn(motion, 1, 5150)[1]).toBeCloseTo(0.02, 4);
    expect(drawn(motion, 1, 5400)[0]).toBeCloseTo(0.1, 4);
  });

  it("goes on from where a vehicle was drawn when a frame comes early", () => {
    const motion = new Motion();
    motion.push(frame(0, [[1, 0, 0]]), 5000);
    motion.push(frame(0.1, [[1, 0.1, 0]]), 5100);
    const before = drawn(motion, 1, 5160)[0];
    motion.push(frame(0.2, [[1, 0.2, 0]]), 5160);
    expect(drawn(motion, 1, 5160)[0]).toBeCloseTo(before, 4);
  });

  it("does not draw a vehicle flying across town when it was put elsewhere", () => {
    const motion = new Motion();
    motion.push(frame(0, [[1, 0, 0]]), 5000);
    motion.push(frame(0.1, [[1, 100, 0]]), 5100);
    expect(drawn(motion, 1, 5100)[0]).toBeCloseTo(100, 3);
  });

  it("follows vehicles by id when others come and go", () => {
    const motion = new Motion();
    motion.push(
      frame(0, [
        [1, 0, 0],
        [2, 5, 5],
      ]),
      5000,
    );
    motion.push(
      frame(0.1, [
        [3, 9, 9],
        [2, 5.1, 5],
      ]),
      5100,
    );
    expect(motion.count).toBe(2);
    expect(drawn(motion, 2, 5100)[0]).toBeCloseTo(5, 4);
    expect(drawn(motion, 3, 5100)[0]).toBeCloseTo(9, 4);
    expect(motion.positions(5100).has(1)).toBe(false);
  });

  it("keeps vehicles in place when the origin moves", () => {
    const motion = new Motion();
    motion.push(frame(0, [[1, 2, 0]]), 5000);
    const shift = 1 / UNITS_PER_MERCATOR;
    motion.push(frame(0.1, [[1, 1, 0]], 0.5 + shift), 5100);
    expect(drawn(motion, 1, 5100)[0]).toBeCloseTo(2, 3);
    expect(drawn(motion, 1, 5200)[0]).toBeCloseTo(2, 3);
  });

  it("grows with the traffic in whole instances", () => {
    const motion = new Motion();
    for (let count = 1; count < 200; count += 7) {
      motion.push(
        frame(
          count,
          Array.from({ length: count }, (_, id) => [id, id, 0] as const),
        ),
        5000 + 100 * count,
      );
      expect(motion.bytes.byteLength % INSTANCE_BYTES).toBe(0);
      expect(motion.bytes.byteLength).toBeGreaterThanOrEqual(count * INSTANCE_BYTES);
    }
  });

  it("jumps for those who asked for reduced motion", () => {
    const motion = new Motion();
    motion.smooth = false;
    motion.push(frame(0, [[1, 0, 0]]), 5000);
    motion.push(frame(0.1, [[1, 0.1, 0]]), 5100);
    expect(drawn(motion, 1, 5100)[0]).toBeCloseTo(0.1, 4);
  });
});

describe("turned", () => {
  it("goes the short way round", () => {
    expect(turned(250, 6, 0.5)).toBe(0);
    expect(turned(6, 250, 0.5)).toBe(0);
    expect(turned(0, 64, 0.25)).toBe(16);
  });
});
