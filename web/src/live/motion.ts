/**
 * Vehicles between two frames. Frames come ten times a second, the display draws sixty: each
 * vehicle goes from where it was drawn to where the newest frame has it, in the time that frames
 * take to arrive. The graphics card does the mixing; this class prepares its input once a frame.
 */
import { UNITS_PER_MERCATOR, type VehicleFrame } from "./frames";

/** Bytes of one vehicle: from x, y; to x, y (f32); heading from, to, speed, length; flags, 3 spare. */
export const INSTANCE_BYTES = 24;
const METRES_PER_UNIT_AT_EQUATOR = 40_075_016.686 / UNITS_PER_MERCATOR;
/** No road vehicle is faster, m/s; what moves farther than this allows was put there. */
const FASTEST = 50;
const SLACK_METRES = 20;
const SHORTEST_INTERVAL_MS = 60;
const LONGEST_INTERVAL_MS = 1000;

export class Motion {
  count = 0;
  originX = 0;
  originY = 0;
  /** Packed instances, `count × INSTANCE_BYTES` of them are valid. */
  bytes = new ArrayBuffer(0);
  #floats = new Float32Array(0);
  #octets = new Uint8Array(0);
  #previous = { bytes: new ArrayBuffer(0), index: new Map<number, number>() };
  #t = 0;
  #arrivedAt = 0;
  #interval = 100;
  /** Off for those who asked for reduced motion: vehicles then jump from frame to frame. */
  smooth = true;

  /** How far between the two frames the display is at `now` (ms), in 0..1. */
  mix(now: number): number {
    if (!this.smooth) return 1;
    return Math.min(1, Math.max(0, (now - this.#arrivedAt) / this.#interval));
  }

  /** Whether something still moves on the screen. */
  moving(now: number): boolean {
    return this.count > 0 && now - this.#arrivedAt <= this.#interval + 50;
  }

  clear(): void {
    this.count = 0;
    this.#previous.index.clear();
  }

  /** Takes a frame that arrived at `now` (ms). */
  push(frame: VehicleFrame, now: number): void {
    const mix = this.mix(now);
    const gap = now - this.#arrivedAt;
    if (gap < LONGEST_INTERVAL_MS) {
      const measured = Math.max(SHORTEST_INTERVAL_MS, gap);
      this.#interval += (measured - this.#interval) * 0.2;
    }
    const elapsed = Math.abs(frame.t - this.#t);
    const before = {
      x: (this.originX - frame.originX) * UNITS_PER_MERCATOR,
      y: (this.originY - frame.originY) * UNITS_PER_MERCATOR,
    };
    this.#swap(frame.count);
    this.#fill(frame, mix, before, this.#reach(frame.originY, elapsed));
    this.originX = frame.originX;
    this.originY = frame.originY;
    this.count = frame.count;
    this.#t = frame.t;
    this.#arrivedAt = now;
  }

  /** The farthest a vehicle can drive in `elapsed` simulated seconds, units. */
  #reach(mercatorY: number, elapsed: number): number {
    const metres = METRES_PER_UNIT_AT_EQUATOR / Math.cosh(Math.PI * (1 - 2 * mercatorY));
    return (FASTEST * elapsed + SLACK_METRES) / metres;
  }

  #swap(count: number): void {
    const spare = this.#previous.bytes;
    this.#previous.bytes = this.bytes;
    const need = count * INSTANCE_BYTES;
    // Room for a third more, in whole instances, so that a growing town does not allocate each frame.
    const room = Math.ceil((count * 4) / 3) * INSTANCE_BYTES;
    this.bytes = spare.byteLength >= need ? spare : new ArrayBuffer(room);
    this.#floats = new Float32Array(this.bytes);
    this.#octets = new Uint8Array(this.bytes);
  }

  #fill(frame: VehicleFrame, mix: number, shift: { x: number; y: number }, reach: number): void {
    const oldFloats = new Float32Array(this.#previous.bytes);
    const oldOctets = new Uint8Array(this.#previous.bytes);
    const oldIndex = this.#previous.index;
    const index = new Map<number, number>();
    const { id, position, look } = frame;
    for (let k = 0; k < frame.count; k++) {
      const vehicle = id[k] as number;
      const x = position[2 * k] as number;
      const y = position[2 * k + 1] as number;
      const heading = look[4 * k] as number;
      let fromX = x;
      let fromY = y;
      let fromHeading = heading;
      const old = oldIndex.get(vehicle);
      if (old !== undefined) {
        const f = old * (INSTANCE_BYTES / 4);
        const ox = oldFloats[f] as number;
        const oy = oldFloats[f + 1] as number;
        const shownX = ox + ((oldFloats[f + 2] as number) - ox) * mix + shift.x;
        const shownY = oy + ((oldFloats[f + 3] as number) - oy) * mix + shift.y;
        if (Math.abs(shownX - x) <= reach && Math.abs(shownY - y) <= reach) {
          const b = old * INSTANCE_BYTES + 16;
          fromX = shownX;
          fromY = shownY;
          fromHeading = turned(oldOctets[b] as number, oldOctets[b + 1] as number, mix);
        }
      }
      const f = k * (INSTANCE_BYTES / 4);
      this.#floats[f] = fromX;
      this.#floats[f + 1] = fromY;
      this.#floats[f + 2] = x;
      this.#floats[f + 3] = y;
      const b = k * INSTANCE_BYTES + 16;
      this.#octets[b] = fromHeading;
      this.#octets[b + 1] = heading;
      this.#octets[b + 2] = look[4 * k + 1] as number;
      this.#octets[b + 3] = look[4 * k + 2] as number;
      this.#octets[b + 4] = look[4 * k + 3] as number;
      index.set(vehicle, k);
    }
    this.#previous.index = index;
  }

  /** Drawn positions at `now` in Web Mercator by vehicle id: for tests and for following a vehicle. */
  positions(now: number): Map<number, readonly [x: number, y: number]> {
    const mix = this.mix(now);
    const found = new Map<number, readonly [number, number]>();
    for (const [vehicle, k] of this.#previous.index) {
      const f = k * (INSTANCE_BYTES / 4);
      const at = (from: number, to: number): number =>
        ((this.#floats[f + from] as number) * (1 - mix) + (this.#floats[f + to] as number) * mix) /
        UNITS_PER_MERCATOR;
      found.set(vehicle, [this.originX + at(0, 2), this.originY + at(1, 3)]);
    }
    return found;
  }
}

/** The heading between two (256 to the circle), the short way round. */
export function turned(from: number, to: number, mix: number): number {
  const delta = ((to - from + 384) & 255) - 128;
  return (from + Math.round(delta * mix)) & 255;
}
