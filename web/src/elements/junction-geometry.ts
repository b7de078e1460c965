/** Directions at a junction. */
import type { MovementGroup } from "../api/types";

const TURN = { straight: 0, left: -90, right: 90, "u-turn": 180 } as const;

/** The smallest angle between two bearings, degrees. */
export function between(a: number, b: number): number {
  return Math.abs(((a - b + 540) % 360) - 180);
}

/** Bearings in which the junction can be left: back along each approach. */
export function exitBearing(group: MovementGroup, groups: readonly MovementGroup[]): number {
  const wish = (group.bearing + TURN[group.direction] + 360) % 360;
  let best = wish;
  let nearest = 45;
  for (const other of groups) {
    const leg = (other.bearing + 180) % 360;
    const own = between(leg, (group.bearing + 180) % 360) < 1;
    if (own && group.direction !== "u-turn") continue;
    const distance = between(leg, wish);
    if (distance < nearest) {
      nearest = distance;
      best = leg;
    }
  }
  return best;
}
