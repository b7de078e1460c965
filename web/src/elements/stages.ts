/** Which phases of a plan are stages, and which only clear the junction between them. */
import type { PlanPhase } from "../api/types";

/** Yellow and all-red times are shorter than any green, seconds. */
const LONGEST_CLEARANCE = 6;

/**
 * The phases that are stages. A clearance (yellow, all-red) is short and gives green to nobody who
 * did not have it in the phase before. A plan of nothing but such phases is returned whole.
 */
export function stages(phases: readonly PlanPhase[]): readonly PlanPhase[] {
  const found = phases.filter(({ green, duration }, at) => {
    const before = new Set(phases.at(at - 1)?.green);
    return duration > LONGEST_CLEARANCE || green.some((group) => !before.has(group));
  });
  return found.length > 0 ? found : phases;
}
