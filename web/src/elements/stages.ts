/** Which phases of a plan are stages, and which only clear the junction between them. */
import type { PlanPhase } from "../api/types";

/**
 * The phases in which somebody may go who may not always go: yellow and all-red phases, which only
 * show what is always green, are left out. A plan without any stage is returned whole.
 */
export function stages(phases: readonly PlanPhase[]): readonly PlanPhase[] {
  const [first] = phases;
  if (!first) return phases;
  const greens = phases.map(({ green }) => new Set(green));
  const always = new Set(first.green.filter((group) => greens.every((green) => green.has(group))));
  const found = phases.filter(({ green }) => green.some((group) => !always.has(group)));
  return found.length > 0 ? found : phases;
}
